import { describe, expect, it, vi } from 'vitest'
import { createHost, type HostInit, type PluginRuntime, type Value } from '../../src/index.ts'
import { parseManifest } from '../../src/manifest/index.ts'
import { memoryConfig } from '../../src/memory/index.ts'
import { type Capability, type Container, type DeviceHandle, pythonRuntime, sidecarRuntime } from './device-connect.ts'
import { type FledgeModule, fledgeRuntime, type Reading } from './fledge.ts'
import { type Broker, type Process, processRuntime } from './go-plugin.ts'
import { extismRuntime, vyraRuntime, type WasmImports } from './wasm.ts'

/**
 * The proof that one contract carries five systems' ideas of a plugin: each system's own plugin, in its own terms,
 * behind a faked runtime, driven by a host that knows none of them. `docs/architecture.md` has the same as a table.
 */
const hostOf = (runtime: PluginRuntime, init: Partial<HostInit> = {}) =>
  createHost({ identity: { deviceId: 'host-1' }, runtimes: [() => runtime], ...init })

describe('a Device Connect Python folder', () => {
  const capability =
    (ticks: number[]) =>
    (device: DeviceHandle): Capability => ({
      rpc: {
        greet: {
          parameters: { type: 'object', properties: { name: { type: 'string', default: 'world' } }, required: [] },
          run: async ({ name = 'world' }) => {
            await device.emit('spoken', { text: String(name) })
            return { message: `Hello, ${name}!` }
          },
        },
        relay: { run: () => device.invoke_remote('host-1', 'greet', { name: 'me' }) },
      },
      emit: { spoken: { type: 'object' } },
      periodic: { tick: { intervalMs: 60_000, run: () => ticks.push(1) } },
      on: [{ event: 'spoken', run: (_, __, payload) => ticks.push((payload as { text: string }).text.length) }],
    })

  it('is a manifest with defaults, functions from decorators, routines, events both ways, calls to its own host', async () => {
    const ticks: number[] = []
    await using host = hostOf(pythonRuntime())
    const manifest = parseManifest({ class_name: 'Greeter', dependencies: { python: [] } }, { folder: 'greeter' })
    const status = await host.load({ manifest, module: capability(ticks) })
    expect(status).toMatchObject({ id: 'greeter', runtime: 'python', routines: ['tick'] })
    expect(await host.call('relay')).toEqual({ message: 'Hello, me!' })
    expect(host.advertisement.events.map((event) => event.name)).toEqual(['spoken'])
    expect(ticks).toEqual([1, 2])
  })
})

describe('a Device Connect docker manifest', () => {
  it('is a sidecar whose functions, health and failures come over HTTP', async () => {
    const kill = vi.fn()
    const container: Container = {
      get: ((path: string) =>
        path === '/health'
          ? { status: 'ok', loaded: true }
          : {
              schemas: { snap: { description: 'Takes a picture', parameters: { type: 'object' } } },
            }) as Container['get'],
      post: async (_, body) =>
        (body as { dark?: boolean }).dark
          ? { status: 'error', message: 'too dark' }
          : { status: 'success', result: { px: 9 } },
      kill,
    }
    const host = hostOf(sidecarRuntime(() => container))
    await host.load({ manifest: parseManifest({ type: 'docker', id: 'cam', image: 'cam:1', port: 8787 }) })
    expect(await host.call('cam.snap')).toEqual({ px: 9 })
    await expect(host.call('snap', { dark: true })).rejects.toMatchObject({
      code: 'BP_PLUGIN_FAILED',
      message: 'too dark',
    })
    expect((await host.health()).get('cam')).toEqual({ ok: true })
    await host.stop()
    expect(kill).toHaveBeenCalledOnce()
  })
})

describe('a VYRA module', () => {
  const counter = (_: WasmImports) => {
    let count = 0
    let stored = 1
    return {
      exports: {
        init: ((initial: number, step: number) => {
          count = initial
          stored = step
        }) as never,
        increment: ((step: number) => {
          count += step > 0 ? step : stored
          return count
        }) as never,
        get_count: (() => count) as never,
        get_state: (() => count) as never,
        set_state: ((value: number) => {
          count = value
        }) as never,
      },
    }
  }
  const metadata = {
    abi: 'vyra',
    initial_state: { initial_value: 5, step: 3 },
    exports: [
      { name: 'init', args: [{ name: 'initial_value' }, { name: 'step' }] },
      { name: 'increment', args: [{ name: 'step' }] },
      { name: 'get_count' },
      { name: 'get_state' },
      { name: 'set_state', args: [{ name: 'count' }] },
    ],
  }

  it('is a wasm section with typed exports; notify_ui is an event, get_state and set_state are the hand-over', async () => {
    const topics: unknown[] = []
    await using host = hostOf(vyraRuntime())
    host.on((event) => event.type === 'event.emitted' && topics.push(event.event.payload.topic))
    const manifest = parseManifest({
      id: 'counter',
      entry_point: 'logic.wasm',
      wasm: metadata,
      limits: { memory_mb: 4 },
    })
    expect((await host.load({ manifest, module: counter })).unenforced).toEqual([])
    expect(await host.call('increment')).toEqual({ result: 8 })
    expect(await host.call('increment', { step: 2 ** 32 + 10 })).toEqual({ result: 18 })
    await host.reload('counter')
    expect(await host.call('get_count')).toEqual({ result: 18 })
    expect(topics).toEqual(['plugin.increment.result', 'plugin.increment.result', 'plugin.get_count.result'])
  })
})

describe('an Extism module', () => {
  it('takes and gives bytes under the name `input`, and reads its config', async () => {
    const countVowels = (imports: WasmImports) => ({
      exports: {
        count_vowels: (() => {
          const text = new TextDecoder().decode(imports.input?.() as Uint8Array)
          const vowels = String(imports.config?.('vowels' as never))
          const count = [...text].filter((letter) => vowels.includes(letter)).length
          imports.output?.(new TextEncoder().encode(JSON.stringify({ count })) as never)
          return 0
        }) as never,
      },
    })
    await using host = hostOf(extismRuntime())
    const config = { vowels: { type: 'string', default: 'aeiou', description: 'What counts' } }
    const manifest = parseManifest({
      id: 'vowels',
      entry_point: 'v.wasm',
      wasm: { abi: 'extism' },
      config,
      permissions: { network: [] },
    })
    await host.load({ manifest, module: countVowels })
    const answer = await host.call('count_vowels', { input: new TextEncoder().encode('hello world') })
    expect(new TextDecoder().decode(answer as Uint8Array)).toBe('{"count":3}')
  })
})

describe('a go-plugin process', () => {
  const kv = (broker: Broker): Process => {
    const store = new Map<string, unknown>()
    return {
      unary: {
        'KV.Get': async ({ key }) => ({ value: store.get(String(key)) ?? new Uint8Array() }),
        // The bidirectional example: the plugin asks its host to add.
        'Counter.Put': async ({ key, value }) => {
          const sum = await broker('AddHelper.Sum', { a: Number(store.get(String(key)) ?? 0), b: Number(value) })
          store.set(String(key), sum)
          return {}
        },
      },
      serverStream: {
        'Counter.Watch': async function* (_, signal) {
          for (let i = 0; !signal.aborted && i < 3; i++) yield { i }
        },
      },
      health: () => 'SERVING',
      shutdown: async () => {},
      kill: () => {},
      onExit: () => {},
    }
  }
  const manifest = parseManifest({
    id: 'kv',
    process: { command: './kv', cookie: { key: 'BASIC_PLUGIN', value: 'hello' } },
  })

  it('offers `<Service>.<Method>`, calls back through the broker, streams with back-pressure, and restarts when it exits', async () => {
    const processes: Process[] = []
    const spawn = (_: string, broker: Broker) => {
      const child = kv(broker)
      processes.push(child)
      return child
    }
    await using host = hostOf(processRuntime(spawn), {
      functions: [{ descriptor: { name: 'AddHelper.Sum' }, run: ({ a, b }) => Number(a) + Number(b) }],
      restart: { backoff_ms: 0 },
    })
    await host.load({ manifest })
    await host.call('kv.Counter.Put', { key: 'a', value: 2 })
    await host.call('Counter.Put', { key: 'a', value: 3 })
    expect(await host.call('KV.Get', { key: 'a' })).toEqual({ value: 5 })
    const seen: Value[] = []
    for await (const item of host.stream('Counter.Watch')) seen.push(item)
    expect(seen).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }])
    expect(await host.call('Counter.Watch')).toEqual(seen)

    processes[0]?.onExit(1)
    await expect.poll(() => host.plugin('kv')).toMatchObject({ state: 'running', generation: 2 })
    expect(await host.call('KV.Get', { key: 'a' })).toEqual({ value: new Uint8Array() })
  })
})

describe('a Fledge plugin', () => {
  const reading = (value: number): Reading => ({ asset: 'sine', timestamp: 'now', readings: { value } })
  const item = (value: string) => ({ type: 'integer', default: value, description: 'a setting' })
  const info = (type: 'south' | 'north' | 'filter', mode: string, settings: Record<string, string>) => ({
    name: type,
    version: '1.0.0',
    type,
    mode,
    interface: '2.0',
    config: Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, item(value)])),
  })

  it('describes itself, is polled, controlled, reconfigured or refuses, and keeps its data through a swap', async () => {
    const south: FledgeModule = {
      plugin_info: () => info('south', 'poll|control', { step: '2' }),
      plugin_init: (config) => ({ value: 0, step: Number(config.step?.value) }),
      plugin_start: (handle, data) => Object.assign(handle, JSON.parse(data)),
      plugin_poll: (handle) => {
        const state = handle as { value: number; step: number }
        state.value += state.step
        return [reading(state.value)]
      },
      plugin_write: (handle, name, value) => {
        Object.assign(handle, { [name]: Number(value) })
        return true
      },
      plugin_reconfigure: (handle, config) => {
        const step = Number(config.step?.value)
        if (Number.isNaN(step)) throw new Error('step must be a number')
        return { ...handle, step }
      },
      plugin_shutdown: (handle) => JSON.stringify({ value: (handle as { value: number }).value }),
    }
    const config = memoryConfig()
    await using host = hostOf(fledgeRuntime(), { config: () => config })
    const status = await host.load({ manifest: { id: 'sine' }, module: south })
    expect(status.source.manifest).toMatchObject({
      service: { kind: 'south', mode: 'poll' },
      config: { step: { default: '2' } },
    })
    expect(await host.call('poll')).toEqual([reading(2)])
    expect(await host.call('write', { name: 'value', value: '10' })).toBe(true)
    await config.set('sine', { step: '5' })
    expect(await host.call('poll')).toEqual([reading(15)])
    await expect(config.set('sine', { step: 'fast' })).rejects.toMatchObject({ code: 'BP_CONFIG_REFUSED' })
    expect(await host.call('poll')).toEqual([reading(20)])
    await host.reload('sine')
    expect(await host.call('poll')).toEqual([reading(25)])
  })

  it('ingests on its own as events, filters as a stream of items, and sends north as a function', async () => {
    let push: (value: number) => void = () => {}
    const base = (type: 'south' | 'north' | 'filter', mode = 'none') => ({
      plugin_info: () => info(type, mode, {}),
      plugin_init: () => ({}),
      plugin_reconfigure: (handle: object) => handle,
      plugin_shutdown: () => undefined,
    })
    const async: FledgeModule = {
      ...base('south', 'async'),
      plugin_register_ingest: (_, callback, data) => {
        push = (value) => callback(data, [reading(value)])
      },
    }
    const filter: FledgeModule = {
      ...base('filter'),
      plugin_ingest: (_, readings, output) => {
        for (const one of readings) output([{ ...one, asset: 'filtered' }])
      },
    }
    const north: FledgeModule = { ...base('north'), plugin_send: async (_, readings) => readings.length }
    const emitted: unknown[] = []
    await using host = hostOf(fledgeRuntime())
    host.on((event) => event.type === 'event.emitted' && emitted.push(event.event.payload))
    for (const [id, module] of Object.entries({ async, filter, north })) await host.load({ manifest: { id }, module })
    push(7)
    expect(emitted).toEqual([{ readings: [reading(7)] }])
    const readings = [reading(1), reading(2)] as unknown as Value
    expect(await host.call('filter.ingest', { readings })).toHaveLength(2)
    expect(await host.call('send', { readings })).toBe(2)
  })
})
