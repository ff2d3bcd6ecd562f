import { expect, test } from 'vitest'
import { versionChecks } from './versions.ts'

const packagesOf = (preset: 'local' | 'edge', missing: string) =>
  versionChecks(preset, (name) => (name === missing ? undefined : '1.0.0')).find(({ name }) => name === 'packages')

test('a package that the network needs and that is missing is not called ok', () => {
  expect(packagesOf('edge', '@eclipse-zenoh/zenoh-ts')).toMatchObject({
    state: 'failed',
    next: 'Install it: npm install @eclipse-zenoh/zenoh-ts',
  })
  expect(packagesOf('local', '@eclipse-zenoh/zenoh-ts')).toMatchObject({ state: 'ok' })
})
