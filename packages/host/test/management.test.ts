import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Call, createHost, type Host, type HostEvent, type MeshFactory, type Value } from '@backplane/core'
import { memoryNetwork, memoryTransport } from '@backplane/core/memory'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { nodeRuntime } from '@backplane/runtime-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type DesiredState,
  desiredStateFile,
  hostFunctions,
  loadAll,
  pluginFolder,
  stateDirs,
  validateParams,
} from '../src/index.ts'

let dir: string
let host: Host
let desired: DesiredState

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backplane-host-'))
  desired = desiredStateFile(join(dir, '.state', 'plugins.json'))
  host = compose()
})
afterEach(async () => {
  await host.stop()
  await rm(dir, { recursive: true, force: true })
})

function compose(mesh?: MeshFactory): Host {
  const check = validateParams()
  const made: Host = createHost({
    identity: { deviceId: 'box' },
    runtimes: [nodeRuntime({ isolation: 'none' })],
    interceptors: [check],
    functions: hostFunctions({ host: () => made, folder: pluginFolder(dir), desired, check }),
    stateDir: stateDirs(join(dir, '.state')),
    ...(mesh && { mesh }),
  })
  return made
}

async function put(folder: string, code: string, manifest: object | string = {}) {
  await mkdir(join(dir, folder), { recursive: true })
  const text = typeof manifest === 'string' ? manifest : JSON.stringify({ entry_point: 'plugin.mjs', ...manifest })
  await writeFile(join(dir, folder, 'manifest.json'), text)
  await writeFile(join(dir, folder, 'plugin.mjs'), code)
}

const greeter =
  'export default { functions: { greet: () => "hi", add: () => 1 }, periodic: { tick: { intervalMs: 60000, run() {} } } }'
const summary = {
  id: 'greeter',
  functions: ['add', 'greet'],
  routines: ['tick'],
  manifest: { id: 'greeter', description: null, version: '1.2.0', entry_point: 'plugin.mjs', class_name: null },
}

test('refuses to install packages where that is off, and loads nothing then', async () => {
  await put('greeter', greeter)
  expect(await host.call('load_plugin', { plugin_id: 'greeter', install_dependencies: 'true' })).toMatchObject({
    status: 'error',
    code: 'BP_INSTALLS_OFF',
  })
  expect(host.plugins()).toEqual([])
  expect(await host.call('load_plugin', { plugin_id: 'greeter', install_dependencies: 'false' })).toMatchObject({
    status: 'success',
  })
})

test('takes a boolean where the driver advertises a text and its own clients send a boolean', async () => {
  await put('greeter', greeter)
  const load = (install_dependencies: Value) => host.call('load_plugin', { plugin_id: 'greeter', install_dependencies })
  for (const yes of [true, 'true', 'YES', '1']) expect(await load(yes)).toMatchObject({ code: 'BP_INSTALLS_OFF' })
  for (const no of [false, 'false', '', null]) expect(await load(no)).toMatchObject({ status: 'success' })
  for (const wrong of [1, [], {}]) {
    await expect(load(wrong)).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
  }
})

test('advertises the names and parameter schemas of the plugin driver', () => {
  const schemas = Object.fromEntries(host.advertisement.functions.map(({ name, parameters }) => [name, parameters]))
  const pluginId = { type: 'string', description: expect.any(String) }
  expect(schemas).toEqual({
    get_status: { type: 'object', properties: {}, required: [] },
    list_plugins: { type: 'object', properties: {}, required: [] },
    load_plugin: {
      type: 'object',
      properties: { plugin_id: pluginId, install_dependencies: { type: 'string', default: null } },
      required: ['plugin_id'],
    },
    unload_plugin: {
      type: 'object',
      // Beside the driver's.
      properties: { plugin_id: pluginId, cascade: { type: 'string', default: null } },
      required: ['plugin_id'],
    },
    reload_plugin: { type: 'object', properties: { plugin_id: pluginId }, required: ['plugin_id'] },
  })
})

test('loads, tells of itself, and unloads in the shapes of the plugin driver', async () => {
  await put('greeter', greeter, { id: 'greeter', version: '1.2.0' })
  expect(await host.call('load_plugin', { plugin_id: 'greeter', install_dependencies: null })).toEqual({
    status: 'success',
    plugin: summary,
  })
  expect(await host.call('get_status')).toEqual({
    status: 'success',
    connected: false,
    device_type: 'plugin_host',
    capabilities_dir: dir,
    auto_load: true,
    enable_sidecars: false,
    loaded_count: 1,
    sidecar_count: 0,
    loaded_plugins: ['greeter'],
  })
  expect(await host.call('list_plugins')).toEqual({
    status: 'success',
    loaded: { greeter: expect.objectContaining({ ...summary, state: 'running', generation: 1 }) },
    available: [
      {
        id: 'greeter',
        path: join(dir, 'greeter'),
        loaded: true,
        manifest: { id: 'greeter', version: '1.2.0', entry_point: 'plugin.mjs' },
      },
    ],
    sidecars: {},
    capabilities_dir: dir,
  })
  expect(await host.call('unload_plugin', { plugin_id: 'greeter' })).toEqual({
    status: 'success',
    plugin_id: 'greeter',
  })
  expect(await host.call('unload_plugin', { plugin_id: 'greeter' })).toEqual({
    status: 'error',
    plugin_id: 'greeter',
    message: "Plugin 'greeter' is not loaded",
  })
})

test('is connected to whoever asks over the mesh, even while it is still joining', async () => {
  const [status] = hostFunctions({ host: () => host, folder: pluginFolder(dir) })
  const asked = (kind: 'local' | 'mesh') => status?.run({}, { caller: { kind } } as Call)
  expect(await asked('mesh')).toMatchObject({ connected: true })
  expect(await asked('local')).toMatchObject({ connected: false })
})

test('loading and reloading what is loaded swaps it; a broken successor leaves the running one', async () => {
  const events: HostEvent['type'][] = []
  host.on(({ type }) => type.startsWith('plugin.') && events.push(type))
  await put('p', 'export default { functions: { version: () => 1 } }')
  await host.call('reload_plugin', { plugin_id: 'p' })
  await host.call('load_plugin', { plugin_id: 'p' })
  expect(events).toEqual(['plugin.loaded', 'plugin.swapped'])
  await put('p', 'export default {', {})
  expect(await host.call('reload_plugin', { plugin_id: 'p' })).toMatchObject({
    status: 'error',
    code: 'BP_PLUGIN_LOAD_FAILED',
  })
  await put('p', '', '{')
  expect(await host.call('reload_plugin', { plugin_id: 'p' })).toMatchObject({
    status: 'error',
    code: 'BP_MANIFEST_INVALID',
  })
  expect(await host.call('version')).toBe(1)
})

test('a folder whose name is not the id is known by both', async () => {
  await put('folder-name', greeter, { id: 'other-id' })
  expect(await host.call('load_plugin', { plugin_id: 'folder-name' })).toMatchObject({ plugin: { id: 'other-id' } })
  expect(await host.call('list_plugins')).toMatchObject({
    loaded: { 'other-id': {} },
    available: [{ id: 'folder-name', loaded: true }],
  })
  expect(await host.call('unload_plugin', { plugin_id: 'folder-name' })).toMatchObject({ status: 'success' })
})

test('what is not there has the text of the driver alone; what is broken says why', async () => {
  await put('broken', '', '{"id": "broken",')
  await mkdir(join(dir, 'empty'))
  for (const plugin_id of ['zzz', 'empty']) {
    expect(await host.call('load_plugin', { plugin_id })).toEqual({
      status: 'error',
      plugin_id,
      message: `Failed to load plugin '${plugin_id}'`,
    })
    expect(await host.call('reload_plugin', { plugin_id })).toEqual({
      status: 'error',
      plugin_id,
      message: `Failed to reload plugin '${plugin_id}'`,
    })
  }
  expect(await host.call('load_plugin', { plugin_id: 'broken' })).toMatchObject({
    status: 'error',
    code: 'BP_MANIFEST_INVALID',
  })
  expect(await host.call('load_plugin', { plugin_id: '../x' })).toMatchObject({
    status: 'error',
    code: 'BP_PLUGIN_ID_INVALID',
  })
  expect(await host.call('list_plugins')).toMatchObject({
    available: [
      { id: 'broken', manifest_error: expect.stringContaining('JSON') },
      { id: 'empty', manifest_error: 'missing manifest.json' },
    ],
  })
})

test.each([
  ['load_plugin', {}],
  ['load_plugin', { plugin_id: null }],
  ['load_plugin', { plugin_id: 5 }],
  ['load_plugin', { plugin_id: 'p', bogus: 1 }],
  ['get_status', { x: 1 }],
])('%s refuses the parameters %j', async (name, params) => {
  await expect(host.call(name, params)).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
})

test('loads a folder in the order of names, what one needs first, and goes on after those that fail', async () => {
  await put('a', greeter, { dependencies: { plugins: ['z'] } })
  await put('b', 'throw new Error("on purpose")')
  await put('c', '', '{')
  await put('m', greeter, { dependencies: { plugins: ['nowhere'] } })
  await put('z', greeter)
  const reports = await loadAll(host, pluginFolder(dir))
  expect(reports.map(({ id, error }) => [id, error?.code])).toEqual([
    ['z', undefined],
    ['a', undefined],
    ['b', 'BP_PLUGIN_LOAD_FAILED'],
    ['c', 'BP_MANIFEST_INVALID'],
    ['m', 'BP_PLUGIN_LOAD_FAILED'],
  ])
})

test('a plugin that takes its time does not hold up the next', async () => {
  const gate = Promise.withResolvers<void>()
  Object.assign(globalThis, { backplaneTestGate: gate.promise })
  await put('a-slow', 'export default { functions: { slow: () => 1 }, setup: () => globalThis.backplaneTestGate }')
  await put('b', greeter)
  const order: string[] = []
  const onReport = ({ id }: { id: string }) => {
    order.push(id)
    gate.resolve()
  }
  await loadAll(host, pluginFolder(dir), { patienceMs: 10, onReport })
  expect(order).toEqual(['b', 'a-slow'])
})

test('says of which functions the schema cannot be used, and why', async () => {
  const schema = '{ type: "object", properties: { a: { pattern: "(a)\\\\1" } } }'
  await put('p', `export default { functions: { bad: { parameters: ${schema}, run: () => 1 }, good: () => 2 } }`)
  await put('q', greeter)
  await loadAll(host, pluginFolder(dir))
  const bad = {
    code: 'BP_SCHEMA_INVALID',
    message: expect.stringContaining('linear time'),
    next: expect.any(String),
  }
  const { loaded } = (await host.call('list_plugins')) as { loaded: Record<string, object> }
  expect(loaded.p).toMatchObject({ unusable_functions: { bad } })
  expect(Object.keys((loaded.p as { unusable_functions: object }).unusable_functions)).toEqual(['bad'])
  expect(loaded.q).not.toHaveProperty('unusable_functions')
  expect(await host.call('get_status')).toMatchObject({ unusable_functions: { p: { bad } } })
  await expect(host.call('bad')).rejects.toMatchObject({ code: 'BP_SCHEMA_INVALID' })
  await host.unload('p')
  expect(await host.call('get_status')).not.toHaveProperty('unusable_functions')
})

test('what needs one that takes its time waits for it, and nothing else does', async () => {
  const gate = Promise.withResolvers<void>()
  Object.assign(globalThis, { backplaneTestGate: gate.promise })
  await put('a', greeter, { dependencies: { plugins: ['z-slow'] } })
  await put('b', greeter, { dependencies: { plugins: ['a'] } })
  await put('c', greeter)
  await put('z-slow', 'export default { functions: { slow: () => 1 }, setup: () => globalThis.backplaneTestGate }')
  const order: string[] = []
  const onReport = ({ id }: { id: string }) => {
    order.push(id)
    gate.resolve()
  }
  await loadAll(host, pluginFolder(dir), { patienceMs: 10, onReport })
  expect(order).toEqual(['c', 'z-slow', 'a', 'b'])
})

test('what needs one that fails late is refused', async () => {
  const gate = Promise.withResolvers<void>()
  Object.assign(globalThis, { backplaneTestGate: gate.promise })
  await put('a', greeter, { dependencies: { plugins: ['z-slow'] } })
  await put('c', greeter)
  await put('z-slow', 'export default { functions: {}, setup: () => globalThis.backplaneTestGate }')
  const onReport = () => gate.reject(new Error('on purpose'))
  const reports = await loadAll(host, pluginFolder(dir), { patienceMs: 10, onReport })
  expect(reports.map(({ id, error }) => [id, error?.code])).toEqual([
    ['z-slow', 'BP_PLUGIN_LOAD_FAILED'],
    ['a', 'BP_PLUGIN_LOAD_FAILED'],
    ['c', undefined],
  ])
})

test('load waits for what a plugin needs to finish starting', async () => {
  const gate = Promise.withResolvers<void>()
  Object.assign(globalThis, { backplaneTestGate: gate.promise })
  await put('slow', 'export default { functions: { there: () => 1 }, setup: () => globalThis.backplaneTestGate }')
  await put('user', 'export default { functions: {}, async setup(ctx) { await ctx.invoke("slow.there") } }', {
    dependencies: { plugins: ['slow'] },
  })
  const first = host.call('load_plugin', { plugin_id: 'slow' })
  while (host.plugin('slow') === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
  const second = host.call('load_plugin', { plugin_id: 'user' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(host.plugin('user')).toBeUndefined()
  gate.resolve()
  expect(await Promise.all([first, second])).toMatchObject([{ status: 'success' }, { status: 'success' }])
})

test('load says so where what a plugin needs does not start', async () => {
  const gate = Promise.withResolvers<void>()
  gate.promise.catch(() => {})
  Object.assign(globalThis, { backplaneTestGate: gate.promise })
  await put('slow', 'export default { functions: {}, setup: () => globalThis.backplaneTestGate }')
  await put('user', greeter, { dependencies: { plugins: ['slow'] } })
  const first = host.call('load_plugin', { plugin_id: 'slow' })
  while (host.plugin('slow') === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
  const second = host.call('load_plugin', { plugin_id: 'user' })
  gate.reject(new Error('on purpose'))
  expect(await Promise.all([first, second])).toMatchObject([
    { status: 'error' },
    { status: 'error', message: expect.stringContaining("it needs plugin 'slow', which is not loaded") },
  ])
})

test('unload ends those that need a plugin with it where asked to, and they stay unloaded', async () => {
  await put('base', greeter)
  await put('middle', greeter, { dependencies: { plugins: ['base'] } })
  await put('top', greeter, { dependencies: { plugins: ['middle'] } })
  await put('other', greeter)
  await loadAll(host, pluginFolder(dir), { desired })
  const ended: string[] = []
  host.on((event) => {
    if (event.type === 'plugin.unloaded') ended.push(event.plugin.id)
  })
  expect(await host.call('unload_plugin', { plugin_id: 'base' })).toMatchObject({
    status: 'error',
    code: 'BP_PLUGIN_NEEDED',
    message: expect.stringContaining('middle, top'),
  })
  expect(await desired.get('base')).toBeUndefined()
  expect(await host.call('unload_plugin', { plugin_id: 'base', cascade: true })).toEqual({
    status: 'success',
    plugin_id: 'base',
    unloaded: ['top', 'middle', 'base'],
  })
  expect(ended).toEqual(['top', 'middle', 'base'])

  await host.stop()
  desired = desiredStateFile(join(dir, '.state', 'plugins.json'))
  host = compose()
  expect((await loadAll(host, pluginFolder(dir), { desired })).map(({ id }) => id)).toEqual(['other'])
})

test('comes back as it was left: what was unloaded stays so, what was loaded is loaded without being told', async () => {
  await put('kept', greeter)
  await put('dropped', greeter)
  await host.call('load_plugin', { plugin_id: 'kept' })
  await host.call('unload_plugin', { plugin_id: 'dropped' })
  await host.call('load_plugin', { plugin_id: 'dropped' })
  await host.call('unload_plugin', { plugin_id: 'dropped' })
  await host.stop()

  desired = desiredStateFile(join(dir, '.state', 'plugins.json'))
  host = compose()
  const options = { autoLoad: false, desired }
  expect((await loadAll(host, pluginFolder(dir), options)).map(({ id }) => id)).toEqual(['kept'])
  await host.stop()
  host = compose()
  expect((await loadAll(host, pluginFolder(dir), { ...options, autoLoad: true })).map(({ id }) => id)).toEqual(['kept'])
})

test('a state file that cannot be read is set aside, not lost and not in the way', async () => {
  const path = join(dir, '.state', 'plugins.json')
  await desired.set('one', true)
  await writeFile(path, '{"version":1,"plugins":{"one":')
  const again = desiredStateFile(path)
  expect(await again.get('one')).toBeUndefined()
  expect(await readFile(`${path}.broken`, 'utf8')).toContain('"one"')
  await again.set('two', true)
  expect(await desiredStateFile(path).get('two')).toBe(true)
})

test('says where state cannot be kept', async () => {
  await writeFile(join(dir, 'file'), '')
  await expect(desiredStateFile(join(dir, 'file', 'state.json')).set('one', true)).rejects.toMatchObject({
    code: 'BP_STATE_UNWRITABLE',
  })
  expect(() => stateDirs(join(dir, 'file'))('one')).toThrow(expect.objectContaining({ code: 'BP_STATE_UNWRITABLE' }))
})

test('tells nobody the secrets of plugins, nor where things lie, in lists and in errors', async () => {
  await put('keeper', `throw new Error('connect nats://me:hunter2@h: password=hunter2')`, {
    id: 'keeper',
    version: '1.0.0',
    process: { command: '/opt/hunter2/bin/tool', env: { ANY: 'hunter2' }, args: ['--token', 'hunter2'] },
    config: {
      login: { type: 'password', default: 'hunter2', description: 'x' },
      api_key: { type: 'string', default: 'hunter2' },
    },
    apiKey: 'hunter2',
    home: 'C:\\hunter2\\data',
  })
  await put('bad', greeter, { id: 'bad', limits: { tokn: 1 }, token: 'hunter2' })
  const failed = await host.call('load_plugin', { plugin_id: 'keeper' })
  expect(failed).toMatchObject({ status: 'error', message: expect.stringContaining('****') })
  const listed = await host.call('list_plugins')
  expect(JSON.stringify([failed, listed])).not.toContain('hunter2')
  expect(listed).toMatchObject({
    available: [
      { id: 'bad' },
      {
        id: 'keeper',
        manifest: {
          id: 'keeper',
          version: '1.0.0',
          entry_point: 'plugin.mjs',
          process: { command: '…/tool', env: { ANY: '****' } },
          home: '…/data',
        },
      },
    ],
  })
})

test('load_plugin and get_status say what is not announced, where it is too much for one message', async () => {
  const transport = memoryTransport({ network: memoryNetwork(), maxPayload: 10_000 })
  host = compose(deviceConnect({ transport, claimTimeoutMs: 50 }))
  await host.start()
  await put('greeter', greeter)
  const lengthy = `export default { functions: Object.fromEntries(Array.from({ length: 60 }, (_, at) =>
    ['f' + at, { description: 'Does something. '.repeat(20), run: () => at }])) }`
  await put('lengthy', lengthy)
  expect(await host.call('load_plugin', { plugin_id: 'greeter' })).not.toHaveProperty('not_announced')
  expect(await host.call('get_status')).not.toHaveProperty('not_announced')
  const left = { not_announced: expect.stringContaining('descriptions') }
  expect(await host.call('load_plugin', { plugin_id: 'lengthy' })).toMatchObject({ status: 'success', ...left })
  expect(await host.call('get_status')).toMatchObject(left)
  await host.call('unload_plugin', { plugin_id: 'lengthy' })
  expect(await host.call('get_status')).not.toHaveProperty('not_announced')
})
