import { createHost, type Host } from '@backplane/core'
import { nodeRuntime } from '@backplane/runtime-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { offering, type TestFolder, testFolder } from '../test/plugins.ts'
import { type LoadReport, loadAll } from './load-all.ts'
import { pluginFolder } from './plugin-folder.ts'

let folder: TestFolder
let host: Host
beforeEach(async () => {
  folder = await testFolder()
  host = createHost({ identity: { deviceId: 'box' }, runtimes: [nodeRuntime()] })
})
afterEach(async () => {
  await host.stop()
  await folder[Symbol.asyncDispose]()
})

const outcomes = (reports: readonly LoadReport[]) =>
  Object.fromEntries(reports.map(({ id, error }) => [id, error?.code ?? 'loaded']))

test('reports on each, and has the rest where some are bad', async () => {
  await folder.put('broken', offering('a'), '{"id":')
  await folder.put('throws', `throw new Error('on purpose')`)
  await folder.put('setup', `export default { setup() { throw new Error('on purpose') } }`)
  await folder.put('hangs', `export default { setup: () => new Promise(() => {}) }`, {
    limits: { start_timeout_ms: 300 },
  })
  await folder.put('foreign', '', { entry_point: 'plugin.wasm' })
  await folder.put('fine', offering('fine'))
  await folder.put('twin', offering('twin'), { id: 'fine' })
  const told: LoadReport[] = []
  const reports = await loadAll(host, pluginFolder(folder.dir), { onReport: (report) => told.push(report) })
  expect(outcomes(reports)).toEqual({
    broken: 'BP_MANIFEST_INVALID',
    fine: 'loaded',
    foreign: 'BP_RUNTIME_MISSING',
    hangs: 'BP_TIMEOUT',
    setup: 'BP_PLUGIN_LOAD_FAILED',
    throws: 'BP_PLUGIN_LOAD_FAILED',
    twin: 'BP_PLUGIN_ID_TAKEN',
  })
  expect(new Set(told)).toEqual(new Set(reports))
  expect(host.plugins().map(({ id }) => id)).toEqual(['fine'])
  expect(await host.call('fine')).toBe('fine')
})

test('loads in the order of names, so the first owns a bare name, but what one depends on before it', async () => {
  await folder.put('a', offering('same'), { dependencies: { plugins: ['c'] } })
  await folder.put('b', offering('same'))
  await folder.put('c', offering('same'))
  const reports = await loadAll(host, pluginFolder(folder.dir))
  expect(reports.map(({ id }) => id)).toEqual(['c', 'a', 'b'])
  const [descriptor] = host.advertisement.functions
  expect(descriptor?.name).toBe('same')
  await host.unload('a')
  await expect(host.call('c.same')).resolves.toBe('same')
})

test('leaves a circle of dependencies out, and the rest in', async () => {
  await folder.put('a', offering('a'), { dependencies: { plugins: ['b'] } })
  await folder.put('b', offering('b'), { dependencies: { plugins: ['a'] } })
  await folder.put('c', offering('c'))
  const reports = await loadAll(host, pluginFolder(folder.dir))
  expect(outcomes(reports)).toMatchObject({ c: 'loaded' })
  expect(reports.find(({ id }) => id === 'b')?.error).toBeDefined()
})

test('goes by what was asked for before what is automatic', async () => {
  for (const id of ['asked', 'refused', 'unknown']) await folder.put(id, offering(id))
  const wishes: Record<string, boolean> = { asked: true, refused: false }
  const desired = { get: async (id: string) => wishes[id], set: async () => {} }
  const load = (autoLoad: boolean) => loadAll(host, pluginFolder(folder.dir), { desired, autoLoad })
  expect(outcomes(await load(false))).toEqual({ asked: 'loaded' })
  expect(outcomes(await load(true))).toEqual({ asked: 'BP_PLUGIN_ALREADY_LOADED', unknown: 'loaded' })
})

test('ends with its signal', async () => {
  const signal = AbortSignal.abort()
  await expect(loadAll(host, pluginFolder(folder.dir), { signal })).rejects.toMatchObject({ code: 'BP_ABORTED' })
})
