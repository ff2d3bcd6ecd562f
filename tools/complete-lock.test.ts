import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { completeLock } from './complete-lock.ts'
import { root } from './workspace.ts'

const lock = {
  packages: {
    '': {},
    'node_modules/tool': {
      version: '1.2.3',
      dev: true,
      optionalDependencies: { '@tool/linux-x64-musl': '1.2.3', '@tool/darwin-arm64': '^1.2.3', present: '2.0.0' },
    },
    'node_modules/tool/node_modules/present': { version: '2.0.0', optional: true },
  },
}

test('gives every optional dependency an entry, with the platform that its name tells', () => {
  const { lock: whole, changes } = completeLock(lock)
  expect(changes).toEqual(['node_modules/@tool/linux-x64-musl', 'node_modules/@tool/darwin-arm64'])
  const common = { version: '1.2.3', dev: true, optional: true }
  expect(whole.packages).toEqual({
    ...lock.packages,
    'node_modules/@tool/darwin-arm64': { ...common, cpu: ['arm64'], os: ['darwin'] },
    'node_modules/@tool/linux-x64-musl': { ...common, cpu: ['x64'], libc: ['musl'], os: ['linux'] },
  })
  expect(completeLock(whole).changes).toEqual([])
})

test('takes addresses out, and leaves links to workspaces', () => {
  const { lock: whole, changes } = completeLock({
    packages: {
      'node_modules/a': { version: '1.0.0', resolved: 'https://packages.example/a.tgz' },
      'node_modules/b': { resolved: 'packages/b' },
    },
  })
  expect(changes).toEqual(['address of node_modules/a'])
  expect(whole.packages).toEqual({
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { resolved: 'packages/b' },
  })
})

test('the lock file of this repository is complete (`npm run lock:complete`)', () => {
  expect(completeLock(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))).changes).toEqual([])
})
