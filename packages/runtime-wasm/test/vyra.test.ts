/** The VYRA convention: what its runtime does when it is run, and what its documentation promises beyond that. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BaseHostFunctions } from '../src/vyra/host-functions.ts'
import { parseMetadata } from '../src/vyra/metadata.ts'
import { createPluginRuntime, type PluginRuntimeInit } from '../src/vyra/runtime.ts'
import { wat } from './wat.ts'

const counter = wat(readFileSync(join(import.meta.dirname, 'fixtures/counter.wat'), 'utf8'))
const i32 = (...names: string[]) => names.map((name) => ({ name, type: 'i32' }))
const one = (type: string) => [{ name: 'value', type }]
const metadata = {
  exports: [
    { name: 'init', args: i32('initial_value', 'step') },
    { name: 'increment', args: i32('step') },
    { name: 'set_count', args: i32('value') },
    'get_count',
    { name: 'nothing' },
    'two',
    'extern',
    'trap',
    'spin',
    'absent',
    { name: 'memory', args: [] },
    { name: 'i64', args: one('i64') },
    { name: 'f32', args: one('f32') },
    { name: 'f64', args: one('f64') },
    { name: 'echo', args: one('string'), returns: 'string' },
    { name: 'add', args: i32('a', 'b') },
    { name: 'shout', args: one('string'), returns: 'string' },
    { name: 'ask', args: one('string'), returns: 'json' },
    { name: 'lie', args: [], returns: 'string' },
    {
      name: 'on_event',
      args: [
        { name: 'name', type: 'string' },
        { name: 'data', type: 'json' },
      ],
    },
  ],
  imports: ['host_add', { name: 'host_shout', args: [{ name: 'text', type: 'string' }], returns: 'string' }],
}

class RecordingHost extends BaseHostFunctions {
  readonly told: unknown[] = []
  override async notify_ui(event: string, data: unknown) {
    this.told.push([event, data])
  }
  override async log(level: number, message: string) {
    this.told.push([level, message])
  }
  override async create_client(name: string, module_name: string) {
    return { request: async () => ({ asked: [module_name, name] }) }
  }
  host_add(a: number, b: number) {
    return a + b
  }
  async host_shout(text: string) {
    return text.toUpperCase()
  }
}

function plugin(init: Partial<PluginRuntimeInit> = {}, written: unknown = metadata, module = counter) {
  const dir = mkdtempSync(join(tmpdir(), 'backplane-runtime-wasm-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const wasmPath = join(dir, 'logic.wasm')
  writeFileSync(wasmPath, module)
  if (written !== undefined)
    writeFileSync(join(dir, 'metadata.json'), typeof written === 'string' ? written : JSON.stringify(written))
  const host = new RecordingHost()
  const runtime = createPluginRuntime({
    pluginId: 'counter',
    wasmPath,
    host,
    initialState: { initial_value: 5, step: 3 },
    ...init,
  })
  onTestFinished(() => runtime.stop())
  return { runtime, host }
}

const failing = (code: string) => expect.objectContaining({ code })

test('an error keeps the plugin, the function and the reason', async () => {
  const { runtime } = plugin()
  await runtime.start()
  await expect(runtime.call('trap')).rejects.toMatchObject({
    code: 'BP_WASM_TRAP',
    details: { plugin_id: 'counter', function_name: 'trap', reason: expect.stringContaining('unreachable') },
  })
  await expect(runtime.call('increment', { step: 'x' })).rejects.toMatchObject({
    code: 'BP_WASM_ARGUMENT',
    details: { plugin_id: 'counter', function_name: 'increment', name: 'step', type: 'i32' },
  })
})

test('cpu_shares of the metadata are a share of the processor', async () => {
  const slow = { ...metadata, runtime_limits: { cpu_shares: 0.001 } }
  const { runtime } = plugin({ worker: true }, slow)
  await runtime.start()
  // A thousandth of a thousandth of a core: a loop stands still for most of its time.
  await expect(runtime.call('spin', {}, { timeoutMs: 100 })).rejects.toEqual(failing('BP_TIMEOUT'))
  expect(() => parseMetadata({ runtime_limits: { cpu_shares: 0 } })).toThrow(/cpu_shares/)
})

describe.each([{ worker: false }, { worker: true }])('a counter, %o', (mode) => {
  test('calls, as VYRA does them', async () => {
    const { runtime, host } = plugin(mode)
    await expect(runtime.call('ping')).rejects.toMatchObject({
      code: 'BP_WASM_NOT_STARTED',
      details: { reason: 'Runtime not started' },
    })
    await runtime.start()
    expect(runtime.isRunning).toBe(true)
    expect(host.told).toEqual([['plugin.init.result', { plugin_id: 'counter', result: {} }]])
    expect(await runtime.call('ping')).toEqual({ status: 'ok', plugin_id: 'counter', runtime: 'wasm' })
    expect(host.told).toHaveLength(1)
    expect(await runtime.call('get_count')).toEqual({ result: 5 })
    expect(await runtime.call('increment', {})).toEqual({ result: 8 })
    expect(await runtime.call('increment', { step: 10, extra: 1 })).toEqual({ result: 18 })
    expect(host.told.at(-1)).toEqual(['plugin.increment.result', { plugin_id: 'counter', result: { result: 18 } }])
    const vectors: [unknown, number][] = [
      ['7', 7],
      [' 12 ', 12],
      [2.9, 2],
      [-2.9, -2],
      [true, 1],
      [2 ** 31, -(2 ** 31)],
      [2 ** 32, 0],
      [2 ** 64, 0],
      [-(2 ** 31) - 1, 2 ** 31 - 1],
    ]
    for (const [given, result] of vectors) expect(await runtime.call('set_count', { value: given })).toEqual({ result })
    for (const value of [null, 'x', '2.5', Number.POSITIVE_INFINITY, {}])
      await expect(runtime.call('set_count', { value })).rejects.toEqual(failing('BP_WASM_ARGUMENT'))
    await expect(runtime.call('unheard_of')).rejects.toThrow(/declared: init, increment/)
    for (const name of ['absent', 'memory'])
      await expect(runtime.call(name)).rejects.toEqual(failing('BP_WASM_EXPORT_MISSING'))
    expect(await runtime.call('nothing')).toEqual({})
    expect(await runtime.call('extern')).toEqual({})
    expect(await runtime.call('two')).toEqual({ result: [1, 2] })
    await runtime.call('set_count', { value: 41 })
    const before = host.told.length
    await expect(runtime.call('trap')).rejects.toMatchObject({ code: 'BP_WASM_TRAP', details: { kind: 'unreachable' } })
    expect(host.told).toHaveLength(before)
    expect(await runtime.call('get_count')).toEqual({ result: 41 })
    await runtime.stop()
    await expect(runtime.call('get_count')).rejects.toEqual(failing('BP_WASM_NOT_STARTED'))
    await runtime.start()
    expect(await runtime.call('get_count')).toEqual({ result: 5 })
  })

  test('types beyond i32', async () => {
    const { runtime } = plugin(mode)
    await runtime.start()
    expect(await runtime.call('i64', { value: 2 ** 40 })).toEqual({ result: 2 ** 40 })
    expect(await runtime.call('i64', { value: 2n ** 62n + 1n })).toEqual({ result: 2n ** 62n + 1n })
    expect(await runtime.call('f32', { value: 1.5 })).toEqual({ result: 1.5 })
    expect(await runtime.call('f64', { value: '0.1' })).toEqual({ result: 0.1 })
    expect(await runtime.call('echo', { value: 'grün 😀' })).toEqual({ result: 'grün 😀' })
    await expect(runtime.call('lie')).rejects.toEqual(failing('BP_WASM_TRAP'))
  })

  test('imports: host_ methods, asynchronous ones too, and the namespace vyra', async () => {
    const { runtime, host } = plugin(mode)
    await runtime.start()
    expect(await runtime.call('add', { a: 2, b: 3 })).toEqual({ result: 5 })
    expect(await runtime.call('shout', { value: 'ho' })).toEqual({ result: 'HO' })
    expect(await runtime.call('ask', { value: 'mod.topic' })).toEqual({ result: { asked: ['mod', 'topic'] } })
    await runtime.onEvent('alarm', { level: 3 })
    expect(host.told).toContainEqual([30, 'alarm'])
    expect(host.told).toContainEqual([20, '{"level":3}'])
  })

  test('a start that fails leaves it stopped; state comes from the metadata where nobody gives it', async () => {
    const { runtime } = plugin({ ...mode, initialState: { initial_value: 666 } })
    await expect(runtime.start()).rejects.toEqual(failing('BP_WASM_TRAP'))
    expect(runtime.isRunning).toBe(false)
    const state = { initial_value: { type: 'i32', default: 40 }, step: 2 }
    const other = plugin({ ...mode, initialState: undefined as never }, { ...metadata, initial_state: state })
    await other.runtime.start()
    expect(await other.runtime.call('increment')).toEqual({ result: 42 })
  })

  test('an import that is not declared, or that no host method stands behind, fails the start by name', async () => {
    await expect(plugin(mode, { exports: [] }).runtime.start()).rejects.toThrow(/env\.host_add, env\.host_shout/)
    await expect(plugin({ ...mode, host: new BaseHostFunctions() }).runtime.start()).rejects.toEqual(
      failing('BP_WASM_IMPORT_MISSING'),
    )
  })

  test('a loop is ended, and the state is still there', async () => {
    // The same limit holds for `init` and `get_count`, which wait for their thread on a busy machine.
    const { runtime } = plugin({ ...mode, limits: { timeoutMs: 3000 } })
    await runtime.start()
    await expect(runtime.call('spin')).rejects.toEqual(failing('BP_TIMEOUT'))
    expect(await runtime.call('get_count')).toEqual({ result: 5 })
  })
})

test('strict: nothing is wrapped, filled or ignored', async () => {
  const { runtime } = plugin({ strict: true })
  await runtime.start()
  for (const data of [{}, { value: '7' }, { value: 1.5 }, { value: 2 ** 32 }, { value: 1, extra: 1 }])
    await expect(runtime.call('set_count', data)).rejects.toEqual(failing('BP_WASM_ARGUMENT'))
  expect(await runtime.call('set_count', { value: 4 })).toEqual({ result: 4 })
})

test('notify_ui that fails does not fail the call, unless that is wanted', async () => {
  class Failing extends RecordingHost {
    override async notify_ui() {
      throw new Error('no user interface')
    }
  }
  const { runtime } = plugin({ host: new Failing(), initialState: {} })
  await runtime.start()
  expect(await runtime.call('increment')).toEqual({ result: 1 })
  const exact = plugin({ host: new Failing(), initialState: {}, notifyFirst: true })
  await exact.runtime.start()
  await expect(exact.runtime.call('increment')).rejects.toThrow('no user interface')
})

test('selection: stub without a module, for an empty module, and where it is preferred; garbage fails at start', async () => {
  expect(plugin({}, metadata, counter.slice(0, 8)).runtime.kind).toBe('stub')
  expect(plugin({ preferStub: true }).runtime.kind).toBe('stub')
  expect(plugin({ wasmPath: '/nowhere/logic.wasm' }).runtime.kind).toBe('stub')
  const garbage = plugin({}, metadata, new Uint8Array(20))
  expect(garbage.runtime.kind).toBe('wasm')
  await expect(garbage.runtime.start()).rejects.toEqual(failing('BP_WASM_MODULE_INVALID'))
})

test('the stub keeps its state over stop and start', async () => {
  const { runtime } = plugin({ preferStub: true, initialState: { a: 1 } })
  await runtime.start()
  expect(await runtime.call('ping')).toMatchObject({ runtime: 'stub' })
  expect(await runtime.setState({ b: 2 })).toEqual({ a: 1, b: 2 })
  await runtime.stop()
  await runtime.start()
  expect(await runtime.getState()).toEqual({ a: 1, b: 2 })
  await expect(runtime.call('increment')).rejects.toEqual(failing('BP_FUNCTION_UNKNOWN'))
})

test('metadata that cannot be read: it starts, and exports nothing', async () => {
  const { runtime } = plugin({ host: new RecordingHost() }, '{ not json', wat('(module (func (export "f")))'))
  await runtime.start()
  expect(await runtime.call('ping')).toMatchObject({ status: 'ok' })
  await expect(runtime.call('f')).rejects.toEqual(failing('BP_FUNCTION_UNKNOWN'))
})
