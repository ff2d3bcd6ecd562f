import { configManager } from '@backplane/config-manager'
import { createHost, type Host } from '@backplane/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configFunctions } from '../src/index.ts'

let host: Host
const config = () => configManager()()
let manager: ReturnType<typeof config>

beforeEach(async () => {
  manager = config()
  host = createHost({ identity: { deviceId: 'box' }, config: () => manager, functions: configFunctions({ manager }) })
  await manager.register('sine', {
    rate: { description: 'Rate', type: 'integer', default: '1', maximum: '9' },
    key: { description: 'Key', type: 'string', default: 'none' },
    api_key: { description: 'Secret', type: 'string', default: '' },
  })
})
afterEach(() => host.stop())

const set = (values: Record<string, string>, more = {}) =>
  host.call('set_config', { category: 'sine', values, ...more })

test('reads, changes and brings back values, typed', async () => {
  expect(await host.call('list_config')).toMatchObject({ categories: [{ category: 'sine', revision: 1 }] })
  expect(await set({ rate: '5' }, { reason: 'too slow' })).toMatchObject({ status: 'success', changed: ['rate'] })
  expect(await host.call('get_config', { category: 'sine', item: 'rate' })).toMatchObject({ values: { rate: 5 } })
  expect(manager.audit().at(-1)).toMatchObject({ actor: 'local', reason: 'too slow' })
  expect(await host.call('config_history', { category: 'sine' })).toMatchObject({ history: [{ revision: 1 }] })
  await host.call('rollback_config', { category: 'sine', revision: 1 })
  expect(manager.values('sine')).toMatchObject({ rate: 1 })
})

test('a dry run changes nothing', async () => {
  expect(await set({ rate: '5' }, { dry_run: true })).toMatchObject({
    valid: true,
    differences: [{ item: 'rate', old: '1', new: '5' }],
  })
  expect(manager.values('sine')).toMatchObject({ rate: 1 })
})

test('a refusal gives every reason at its path, and changes nothing', async () => {
  const refused = await set({ rate: '99', nope: '1', key: 'new' })
  expect(refused).toMatchObject({ status: 'error', issues: expect.any(Array) })
  expect((refused as { message: string }).message).toMatch(/\/nope: .*; .*\/rate: |\/rate: .*; .*\/nope: /)
  expect(manager.values('sine')).toMatchObject({ rate: 1, key: 'none' })
})

test('no answer holds a secret', async () => {
  const answers = [await set({ api_key: 'hunter2' }, { dry_run: true }), await set({ api_key: 'hunter2' })]
  await set({ api_key: 'hunter3' })
  for (const name of ['get_config', 'config_history']) answers.push(await host.call(name, { category: 'sine' }))
  const exported = await host.call('export_config')
  expect(JSON.stringify([...answers, exported])).not.toContain('hunter')
  expect(manager.values('sine')).toMatchObject({ api_key: 'hunter3' })
})

test('a snapshot comes back as it was', async () => {
  const { snapshot } = (await host.call('export_config')) as { snapshot: never }
  await set({ rate: '5' })
  expect(await host.call('import_config', { snapshot, dry_run: true })).toMatchObject({
    differences: [{ category: 'sine', kind: 'changed' }],
  })
  expect(manager.values('sine')).toMatchObject({ rate: 5 })
  await host.call('import_config', { snapshot })
  expect(manager.values('sine')).toMatchObject({ rate: 1 })
})

test('parameters that are wrong are refused', async () => {
  for (const wrong of [{}, { category: 1 }, { category: 'sine', other: 1 }]) {
    await expect(host.call('get_config', wrong)).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
  }
})
