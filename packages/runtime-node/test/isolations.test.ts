/** What holds wherever a plugin runs. */
import { silentLogger, systemClock } from '@backplane/core'
import { describe, expect, test, vi } from 'vitest'
import { definePlugin, nodeRuntime } from '../src/index.ts'
import { pluginFolder, testContext, testHost } from './harness.ts'

/** For as long as a busy machine may need. */
const patience = { timeout: 10_000 }

describe.each(['worker', 'none'] as const)('isolation %s', (isolation) => {
  test('calls run concurrently, between plugins and into oneself without waiting for one another', async () => {
    const { host } = testHost({ isolation })
    await host.load(
      await pluginFolder(
        `export default { functions: {
        depth: async ({ n }, ctx) => (n === 0 ? 0 : 1 + (await ctx.invoke('one.relay', { n: n - 1 }))),
        relay: ({ n }, { invoke }) => invoke('two.relay', { n }),
      } }`,
        { id: 'one' },
      ),
    )
    await host.load(
      await pluginFolder(
        `export default { functions: {
        relay: ({ n }, { invoke }) => invoke('one.depth', { n }),
      } }`,
        { id: 'two' },
      ),
    )
    expect(await Promise.all([5, 3, 1].map((n) => host.call('one.depth', { n })))).toEqual([5, 3, 1])
  })

  test('events, both ways; periodic work also of plugins loaded later', async () => {
    const { host, events } = testHost({ isolation })
    await host.start()
    await host.load(
      await pluginFolder(
        `
        const heard = []
        export default {
          functions: { heard: () => heard },
          subscriptions: [{ event: 'tick' }],
          onEvent: ({ event, payload }) => void heard.push([event, payload.n]),
        }`,
        { id: 'listener' },
      ),
    )
    await host.load(
      await pluginFolder(
        `
        let n = 0
        export default {
          events: { tick: { payload: { type: 'object', properties: { n: { type: 'integer' } } } } },
          periodic: { tick: { intervalMs: 5, run: (ctx) => ctx.emit('tick', { n: n++ }) } },
        }`,
        { id: 'ticker' },
      ),
    )
    await vi.waitFor(async () => {
      const heard = (await host.call('heard')) as unknown[]
      expect(heard.slice(0, 3)).toEqual([
        ['tick', 0],
        ['tick', 1],
        ['tick', 2],
      ])
    }, patience)
    expect(events.filter(({ type }) => type === 'event.emitted').length).toBeGreaterThan(2)
    expect(host.plugin('ticker')?.events).toEqual([expect.objectContaining({ name: 'tick' })])
    expect(host.plugin('ticker')?.routines).toEqual(['tick'])
    await host.unload('ticker')
    const count = ((await host.call('heard')) as unknown[]).length
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(((await host.call('heard')) as unknown[]).length).toBe(count)
  })

  test('a stream is pulled no faster than its caller takes it, and leaving it cleans up', async () => {
    const { host } = testHost({ isolation })
    await host.load(
      await pluginFolder(`
        let made = 0, cleaned = 0
        export default { functions: {
          async *count({ to }) { try { for (let n = 0; n < to; n++) { made++; yield n } return 'end' } finally { cleaned++ } },
          report: () => ({ made, cleaned }),
        } }`),
    )
    expect(await host.call('count', { to: 100 })).toEqual(Array.from({ length: 100 }, (_, n) => n))
    const stream = host.stream('count', { to: 1_000_000 })
    await stream.next()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const { made } = (await host.call('report')) as { made: number }
    expect(made).toBeLessThan(100 + 200)
    await stream.return(null)
    await vi.waitFor(async () => expect(await host.call('report')).toMatchObject({ cleaned: 2 }), patience)
  })

  test('a function that appears is advertised by the host, and gone when it is withdrawn', async () => {
    const { host } = testHost({ isolation })
    await host.load(
      await pluginFolder(`export default { functions: {
        found: ({ name }, ctx) => ctx.offer(name, { stream: 'items', async *run() { yield 1; yield 2 } }),
        lost: ({ name }, ctx) => ctx.withdraw(name),
      } }`),
    )
    const advertised = () => host.advertisement.functions.map(({ name }) => name)
    await host.call('found', { name: 'lamp' })
    await vi.waitFor(() => expect(advertised()).toContain('lamp'), patience)
    expect(await host.call('lamp')).toEqual([1, 2])
    await host.call('lost', { name: 'lamp' })
    await vi.waitFor(() => expect(advertised()).not.toContain('lamp'), patience)
  })

  test('bytes are carried', async () => {
    const { host } = testHost({ isolation })
    await host.load(
      await pluginFolder('export default { functions: { twice: ({ data }) => Uint8Array.from([...data, ...data]) } }'),
    )
    expect(await host.call('twice', { data: Buffer.from('ab') })).toEqual(new Uint8Array([97, 98, 97, 98]))
  })

  test.each([
    ['throws at import', "throw new RangeError('no such port')", 'no such port'],
    ['cannot be parsed', 'export default {', /could not be loaded: ./],
    ['imports what is not there', "import 'not-installed-anywhere'; export default {}", 'not-installed-anywhere'],
    ['exports no plugin', 'export const one = 1', 'exports no plugin'],
    ['throws in setup', "export function setup() { throw new Error('no device') }", 'its set-up failed: no device'],
    ['declares what it does not have', 'export const functions = { ping: 1 }', /functions\['ping'\] is neither/],
  ])('a plugin that %s is refused, and nothing is left of it', async (_, code, reason) => {
    const { host } = testHost({ isolation })
    await host.load(await pluginFolder('export default { functions: { ping: () => 1 } }', { id: 'bystander' }))
    await expect(host.load(await pluginFolder(code))).rejects.toMatchObject({
      code: 'BP_PLUGIN_LOAD_FAILED',
      message: expect.stringMatching(reason),
    })
    expect(host.plugins().map(({ id }) => id)).toEqual(['bystander'])
    expect(await host.call('ping')).toBe(1)
  })

  test.each([
    ['import', 'await new Promise(() => {})'],
    ['setup', 'export const setup = () => new Promise(() => {})'],
  ])('a plugin whose %s never returns is given up in time', async (_, code) => {
    const { host } = testHost({ isolation })
    const source = await pluginFolder(code, { limits: { start_timeout_ms: 400 }, restart: { stop_ms: 50 } })
    await expect(host.load(source)).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
    expect(host.plugins()).toEqual([])
  })

  test('a source without code says what is missing', async () => {
    const runtime = nodeRuntime({ isolation })({ logger: silentLogger, clock: systemClock })
    const load = (source: Parameters<typeof runtime.load>[0]) =>
      runtime.load(source, testContext(), { signal: new AbortController().signal })
    const { dir } = await pluginFolder('')
    for (const [source, reason] of [
      [{ manifest: { id: 'p', runtime: 'node' } }, 'it has neither a folder nor a module'],
      [{ manifest: { id: 'p', runtime: 'node' }, dir }, 'its manifest has no entry_point'],
      [
        { manifest: { id: 'p', entry_point: 'other.js' }, dir },
        "its entry_point 'other.js' is not a file in its folder",
      ],
    ] as const) {
      await expect(load(source)).rejects.toMatchObject({
        code: 'BP_PLUGIN_LOAD_FAILED',
        message: expect.stringContaining(reason),
      })
    }
  })

  test('a swap hands its state over; new configuration is taken or refused', async () => {
    const { host } = testHost({ isolation })
    const source = await pluginFolder(`
      let count = 0
      export default {
        setup: (ctx, state) => { count = state ?? 0 },
        functions: { add: () => ++count, rate: (_, ctx) => ctx.config.rate },
        handOver: () => count,
        configure({ values }) { if (values.rate === '0') throw new Error('rate must not be 0') },
      }`)
    await host.load(source)
    await host.call('add')
    await host.call('add')
    await host.reload('test-plugin')
    expect(await host.call('add')).toBe(3)

    const context = testContext({ config: { rate: '5' } })
    const signal = new AbortController().signal
    const instance = await nodeRuntime({ isolation })({ logger: silentLogger, clock: systemClock }).load(
      source,
      context,
      {
        signal,
      },
    )
    await instance.start({ signal })
    const change = { previous: { rate: '5' }, changed: ['rate'] }
    await expect(instance.reconfigure?.({ ...change, values: { rate: '0' } })).rejects.toThrow('rate must not be 0')
    await instance.stop({ signal })
  })

  test('stop is graceful until its signal aborts, then it ends all the same', async () => {
    const runtime = nodeRuntime({ isolation })({ logger: silentLogger, clock: systemClock })
    const signal = new AbortController().signal
    const source = await pluginFolder('export default { setup() {}, teardown: () => new Promise(() => {}) }')
    const instance = await runtime.load(source, testContext(), { signal })
    await instance.start({ signal })
    await instance.stop({ signal: AbortSignal.timeout(50) })
  })
})

test('an in-memory plugin runs in process, whatever the isolation', async () => {
  const { host } = testHost()
  const seen = new Set<object>()
  const module = definePlugin({ functions: { see: () => seen.add(seen).size } })
  await host.load({ manifest: { id: 'memory' }, module })
  expect(await host.call('see')).toBe(1)
})

test('a manifest may choose in-process only where the host allows it', async () => {
  const source = await pluginFolder('export default { functions: { pid: () => globalThis.marker ?? null } }', {
    node: { isolation: 'none' },
    limits: { memory_mb: 64 },
  })
  await expect(testHost().host.load(source)).rejects.toMatchObject({
    code: 'BP_PLUGIN_LOAD_FAILED',
    next: expect.stringContaining('allowInProcess'),
  })
  const { host, log } = testHost({ allowInProcess: true })
  vi.stubGlobal('marker', 'here')
  await host.load(source)
  expect(await host.call('pid')).toBe('here')
  expect(log).toContainEqual(expect.objectContaining({ message: 'limits.memory_mb is not enforced in process' }))
  vi.unstubAllGlobals()
})

test('refuses options that make no sense', () => {
  for (const hangMs of [0, -1, Number.NaN]) {
    expect(() => nodeRuntime({ hangMs })).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
  }
})

test('accepts what ends like JavaScript or TypeScript, and nothing else', () => {
  const runtime = nodeRuntime()({ logger: silentLogger, clock: systemClock })
  const accepts = (manifest: object, module?: unknown) =>
    runtime.accepts({ manifest: { id: 'p', ...manifest }, ...(module ? { module } : {}) })
  const entries = ['a.js', 'a.mjs', 'a.cjs', 'a.ts', 'a.mts', 'a.cts', 'a.py', 'a.wasm', 'a', 'a.json']
  expect(entries.filter((entry_point) => accepts({ entry_point }))).toEqual(entries.slice(0, 6))
  expect(accepts({})).toBe(false)
  expect(accepts({}, { functions: {} })).toBe(true)
  expect(accepts({}, { load() {} })).toBe(false)
  expect(accepts({ runtime: 'node' })).toBe(true)
})
