import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { completeLock, unchecked, withIntegrity } from './complete-lock.ts'
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

test.each([
  ['a package without one', { version: '1.0.0' }, 'a@1.0.0'],
  ['a platform package that is never installed here', { version: '1.0.0', optional: true, os: ['aix'] }, 'a@1.0.0'],
  ['an empty one', { version: '1.0.0', integrity: '' }, 'a@1.0.0'],
  ['one of a broken kind', { version: '1.0.0', integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, 'a@1.0.0'],
  ['a package under another name', { version: '1.0.0', name: 'b' }, 'b@1.0.0'],
])('tells of %s that it is unchecked, and gives it what npm says', (_, entry, spec) => {
  const given = { packages: { 'node_modules/x/node_modules/a': entry } }
  expect(unchecked(given)).toEqual([{ place: 'node_modules/x/node_modules/a', spec }])
  const { lock: whole, changes } = withIntegrity(given, (asked) => `sha512-${Buffer.from(asked).toString('base64')}`)
  expect(changes).toEqual(['integrity of node_modules/x/node_modules/a'])
  expect(whole.packages['node_modules/x/node_modules/a']).toMatchObject({ version: '1.0.0' })
  expect(unchecked(whole)).toEqual([])
})

test('asks no integrity of what is not fetched: workspaces, links to them, and what comes within another package', () => {
  const own = {
    '': {},
    'packages/b': { version: '0.0.0' },
    'node_modules/b': { resolved: 'packages/b', link: true },
    'node_modules/c/node_modules/d': { version: '1.0.0', inBundle: true },
  }
  expect(unchecked({ packages: own })).toEqual([])
})

test('the lock file of this repository is complete (`npm run lock:complete`)', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  expect(completeLock(lock).changes).toEqual([])
  expect(unchecked(lock)).toEqual([])
})
