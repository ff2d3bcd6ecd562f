import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { broken } from './mutate.ts'
import { mutations } from './mutations/index.ts'
import { root } from './workspace.ts'

test('breaks a rule that is there exactly once, and no other', () => {
  expect(broken('a; if (b) c', { find: 'if (b)', replace: 'if (false)' })).toBe('a; if (false) c')
  expect(broken('a', { find: 'b', replace: '' })).toBeUndefined()
  expect(broken('b b', { find: 'b', replace: '' })).toBeUndefined()
})

test('there are rules of every kind of package', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(60)
  const packages = new Set(mutations.map(({ file }) => file.split('/')[1]))
  for (const name of ['core', 'host', 'cli', 'runtime-node', 'runtime-python', 'runtime-wasm', 'config-manager'])
    expect(packages).toContain(name)
  for (const name of ['handshake-grpc', 'grpc-fast', 'transport-nats', 'transport-zenoh', 'mesh-device-connect'])
    expect(packages).toContain(name)
})

test('every rule stands where the list says, and its tests are there', () => {
  const stale = mutations.filter((mutation) => {
    const path = join(root, mutation.file)
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    return broken(text, mutation) === undefined || !mutation.tests.every((test) => existsSync(join(root, test)))
  })
  expect(stale.map(({ file, rule }) => `${file}: ${rule}`)).toEqual([])
})
