/** What a thread of its own contains. */
import { type BackplaneError, createHost, systemClock } from '@backplane/core'
import { expect, test, vi } from 'vitest'
import { nodeRuntime } from '../src/index.ts'
import { next, pluginFolder, recordingLogger, testContext, testHost } from './harness.ts'

const fast = { restart: { backoff_ms: 1, intensity: 100 } }

test('a hang is stopped by its deadline, the host goes on, and the plugin comes back', async () => {
  const { host } = testHost({ hangMs: 200 })
  await host.load(await pluginFolder('export default { functions: { ping: () => "pong" } }', { id: 'bystander' }))
  await host.load(await pluginFolder('export default { functions: { hang() { for (;;); }, alive: () => true } }', fast))
  const restarted = next(host, 'plugin.restarted')
  const hanging = host.call('hang', {}, { timeoutMs: 100 })
  const beside = host.call('alive', {}, { timeoutMs: 10_000 })
  await expect(hanging).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  expect(await host.call('ping')).toBe('pong')
  await expect(beside).rejects.toMatchObject({
    code: 'BP_PLUGIN_EXITED',
    message: expect.stringContaining('no sign of life for 200 ms'),
  })
  await restarted
  expect(await host.call('alive')).toBe(true)
  expect(host.plugin('bystander')).toMatchObject({ generation: 1 })
})

test('a function that is merely slow is left alone when its deadline passes', async () => {
  const { host, events } = testHost({ hangMs: 3000 })
  await host.load(
    await pluginFolder(`export default { functions: {
      slow: () => new Promise((resolve) => setTimeout(resolve, 20_000, 1).unref()),
      heeds: (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    } }`),
  )
  await expect(host.call('slow', {}, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  await expect(host.call('heeds', {}, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  await expect(host.call('slow', {}, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ code: 'BP_ABORTED' })
  await new Promise((resolve) => setTimeout(resolve, 3300))
  expect(events.map(({ type }) => type)).not.toContain('plugin.exited')
  expect(host.plugin('test-plugin')).toMatchObject({ generation: 1 })
})

test.each([
  ['an uncaught exception', 'setTimeout(() => { throw new TypeError("boom") })', 'uncaught TypeError: boom'],
  ['an unhandled rejection', 'Promise.reject(new TypeError("boom"))', 'uncaught TypeError: boom'],
  ['process.exit', 'process.exit(3)', 'it exited with code 3'],
  ['a thrown value that is no error', 'setTimeout(() => { throw "text" })', 'uncaught text'],
])('%s ends only its own plugin, which comes back', async (_, code, reason) => {
  const { host } = testHost()
  await host.load(await pluginFolder('export default { functions: { ping: () => "pong" } }', { id: 'bystander' }))
  await host.load(
    await pluginFolder(
      `export default { functions: { end() { ${code}; return new Promise(() => {}) }, ok: () => 1 } }`,
      fast,
    ),
  )
  for (let round = 0; round < 2; round++) {
    const restarted = next(host, 'plugin.restarted')
    await expect(host.call('end')).rejects.toMatchObject({
      code: 'BP_PLUGIN_EXITED',
      message: expect.stringContaining(reason),
    })
    await restarted
    expect(await host.call('ok')).toBe(1)
  }
  expect(await host.call('ping')).toBe('pong')
  expect(host.plugin('bystander')).toMatchObject({ generation: 1 })
})

test.each([
  ['import', 'for (;;);'],
  ['setup', 'export function setup() { for (;;); }'],
])('an endless loop in %s is ended in time', async (_, code) => {
  const { host } = testHost()
  const source = await pluginFolder(code, { limits: { start_timeout_ms: 500 }, restart: { stop_ms: 100 } })
  await expect(host.load(source)).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  expect(host.plugins()).toEqual([])
})

test('a plugin that exits at import or in setup is refused', async () => {
  const { host } = testHost()
  for (const code of ['process.exit(7)', 'export function setup() { process.exit(7) }']) {
    await expect(host.load(await pluginFolder(code))).rejects.toMatchObject({
      code: 'BP_PLUGIN_LOAD_FAILED',
      message: expect.stringContaining('it exited with code 7'),
    })
  }
  expect(host.plugins()).toEqual([])
})

test('what a plugin prints becomes its log, last words included', async () => {
  const { host, log } = testHost()
  await host.load(
    await pluginFolder(
      `export default { functions: { speak() {
      console.log('said %s', 'aloud', { n: 1 }); console.warn('careful'); console.error(new Error('bad').message); console.debug('fine')
      process.stdout.write('raw '); process.stdout.write('out\\nrest'); process.stderr.write(Buffer.from('raw err\\n'))
      process.exit(0)
    }, log(_, { logger }) { logger.child({ part: 'a' }).info({ err: new Error('x'), run() {} }, 'odd'); return 1 } } }`,
      fast,
    ),
  )
  const restarted = next(host, 'plugin.restarted')
  await expect(host.call('speak')).rejects.toMatchObject({ code: 'BP_PLUGIN_EXITED' })
  await restarted
  await host.call('log')
  await vi.waitFor(() => expect(log.some(({ message }) => message === 'odd')).toBe(true), { timeout: 10_000 })
  const own = log.filter(({ fields }) => 'source' in fields)
  expect(own.map(({ level, fields, message }) => [level, fields.source, message])).toEqual([
    ['info', 'console', 'said aloud { n: 1 }'],
    ['warn', 'console', 'careful'],
    ['error', 'console', 'bad'],
    ['debug', 'console', 'fine'],
    ['info', 'stdout', 'raw out'],
    ['warn', 'stderr', 'raw err'],
    ['info', 'stdout', 'rest'],
  ])
  expect(own.every(({ fields }) => fields.plugin === 'test-plugin')).toBe(true)
  expect(log.find(({ message }) => message === 'odd')?.fields.fields).toContain("part: 'a'")
})

test('a flood of log records is cut off in the thread, and counted', async () => {
  const { host, log } = testHost()
  await host.load(
    await pluginFolder(
      'export default { functions: { flood({ n }) { for (let i = 0; i < n; i++) console.log("line", i); return n } } }',
      { limits: { log_lines_per_second: 10 } },
    ),
  )
  expect(await host.call('flood', { n: 50_000 })).toBe(50_000)
  const kept = () => log.filter(({ message }) => message?.startsWith('line')).length
  const dropped = () => log.reduce((sum, { fields }) => sum + Number(fields.dropped ?? 0), 0)
  await vi.waitFor(() => expect(kept() + dropped()).toBe(50_000), { timeout: 5000 })
  // The loop may cross a second or two on a slow machine.
  expect(kept()).toBeLessThanOrEqual(100)
})

test('a plugin over its memory limit is ended, whatever holds it; garbage does not count', {
  timeout: 60_000,
}, async () => {
  const { host, events } = testHost()
  await host.load(await pluginFolder('export default { functions: { ping: () => "pong" } }', { id: 'bystander' }))
  const limited = { limits: { memory_mb: 64 }, ...fast }
  const source = await pluginFolder(
    `const kept = []
    export default { functions: {
      async garbage() { for (let n = 0; n < 60; n++) { new Array(2e6).fill(n); Buffer.alloc(8 << 20); await new Promise((done) => setTimeout(done, 20)) } return 'fine' },
      huge() { kept.push(new Array(3e7).fill(1.5)); return new Promise(() => {}) },
      wasm() { kept.push(new WebAssembly.Memory({ initial: 2000 })); return new Promise(() => {}) },
      heap() { for (;;) kept.push(new Array(1e5).fill(kept.length)) },
      async buffers() { for (;;) { kept.push(Buffer.alloc(8 << 20, 1)); await new Promise((done) => setTimeout(done, 20)) } },
    } }`,
    limited,
  )
  const status = await host.load(source)
  expect(status.unenforced).toEqual([])
  expect(await host.call('garbage', {}, { timeoutMs: 30_000 })).toBe('fine')
  for (const name of ['heap', 'buffers', 'huge', 'wasm']) {
    const restarted = next(host, 'plugin.restarted')
    await expect(host.call(name, {}, { timeoutMs: 30_000 })).rejects.toMatchObject({
      code: 'BP_PLUGIN_EXITED',
      message: expect.stringContaining('memory'),
    })
    await restarted
  }
  expect(await host.call('ping')).toBe('pong')
  expect(events.filter(({ type }) => type === 'plugin.exited')).toHaveLength(4)
})

test('a thread sees only the environment that its permissions name', async () => {
  vi.stubEnv('BACKPLANE_TEST_TOKEN', 'secret')
  vi.stubEnv('BACKPLANE_TEST_NAMED', 'granted')
  const { host } = testHost()
  await host.load(
    await pluginFolder('export default { functions: { env: () => ({ ...process.env }) } }', {
      permissions: { env: ['BACKPLANE_TEST_NAMED'] },
    }),
  )
  const seen = await host.call('env')
  expect(seen).toMatchObject({ BACKPLANE_TEST_NAMED: 'granted', PATH: expect.any(String) })
  expect(seen).not.toHaveProperty('BACKPLANE_TEST_TOKEN')
  vi.unstubAllEnvs()
})

test('a flood of events that nobody awaits keeps its order, and waits in the thread', async () => {
  const numbers: unknown[] = []
  let most = 0
  let underWay = 0
  const context = testContext({
    async emit(_, payload) {
      numbers.push(payload?.n)
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setTimeout(resolve, 5))
      underWay--
    },
  })
  const signal = new AbortController().signal
  const runtime = nodeRuntime()({ logger: recordingLogger(), clock: systemClock })
  const source = await pluginFolder(`
    export const setup = (ctx) => { for (let n = 0; n < 30_000; n++) ctx.emit('tick', { n }) }`)
  const instance = await runtime.load(source, context, { signal })
  await instance.start({ signal })
  await vi.waitFor(() => expect(numbers).toHaveLength(30_000), { timeout: 10_000 })
  expect(numbers).toEqual(Array.from({ length: 30_000 }, (_, n) => n))
  expect(most).toBeLessThanOrEqual(8192)
  await instance.stop({ signal })
})

test('a plugin cannot reach the channel of its thread', async () => {
  const { host } = testHost()
  await host.load(
    await pluginFolder(`
      import { workerData, parentPort } from 'node:worker_threads'
      export const functions = { look: () => { parentPort.postMessage([0]); return Object.keys(workerData) } }`),
  )
  expect(await host.call('look')).toEqual([])
})

test('an exit right after the start is told by the start or as an exit, never lost', async () => {
  for (let round = 0; round < 5; round++) {
    const { host } = testHost()
    const exited = next(host, 'plugin.exited')
    const source = await pluginFolder('export const setup = () => void setImmediate(() => process.exit(2))', {
      restart: { intensity: 0 },
    })
    const outcome = await host.load(source).then(
      () => exited,
      (error: BackplaneError) => ({ error }),
    )
    expect(outcome).toMatchObject({ error: { message: expect.stringContaining('it exited with code 2') } })
  }
})

test('parameters that cannot cross are refused by name, and the thread goes on', async () => {
  const { host } = testHost()
  await host.load(await pluginFolder('export default { functions: { echo: (params) => params } }'))
  const params = { run: () => 1 } as never
  await expect(host.call('echo', params)).rejects.toMatchObject({ code: 'BP_VALUE_INVALID' })
  expect(await host.call('echo', { a: 1 })).toEqual({ a: 1 })
})

test('a call whose caller has gone is told so, and so are the calls that it makes', async () => {
  const { host } = testHost()
  await host.load(
    await pluginFolder(
      `
      let begun = 0, aborted = 0
      const wait = (_, { signal }) => new Promise((_, reject) => {
        begun++
        signal.addEventListener('abort', () => { aborted++; reject(signal.reason) })
      })
      export default { functions: { wait, seen: () => ({ begun, aborted }) } }`,
      { id: 'waiter' },
    ),
  )
  await host.load(
    await pluginFolder('export default { functions: { ask: (_, { invoke }) => invoke("wait") } }', { id: 'asker' }),
  )
  const seen = (what: object) =>
    vi.waitFor(async () => expect(await host.call('seen')).toEqual(what), { timeout: 10_000 })
  const caller = new AbortController()
  const asking = host.call('ask', {}, { signal: caller.signal }).catch((error) => error)
  await seen({ begun: 1, aborted: 0 })
  caller.abort()
  expect(await asking).toMatchObject({ code: 'BP_ABORTED' })
  await seen({ begun: 1, aborted: 1 })
})

test('an instance that ends unasked says so once; one that is stopped does not', async () => {
  const runtime = nodeRuntime()({ logger: recordingLogger(), clock: systemClock })
  const signal = new AbortController().signal
  const source = await pluginFolder('export default { functions: { end: () => process.exit(1) } }')
  const context = testContext()
  const instance = await runtime.load(source, context, { signal })
  await instance.start({ signal })
  await instance.stop({ signal })
  expect(context.exits).toEqual([])
  await expect(instance.health?.({ signal })).rejects.toMatchObject({ code: 'BP_ABORTED' })

  const ended: BackplaneError[] = []
  const again = await runtime.load(source, { ...context, exited: (error) => ended.push(error) }, { signal })
  await again.start({ signal })
  const call = {
    name: 'end',
    params: {},
    signal,
    deadline: Date.now() + 5000,
    caller: { kind: 'local' },
    send: async () => {},
  } as const
  await expect(again.invoke(call)).rejects.toMatchObject({ code: 'BP_PLUGIN_EXITED' })
  await expect(again.invoke(call)).rejects.toMatchObject({ code: 'BP_PLUGIN_EXITED' })
  await again.stop({ signal })
  expect(ended.map(({ code }) => code)).toEqual(['BP_PLUGIN_EXITED'])
})

test('reloading again and again leaves nothing on the heap', { timeout: 120_000 }, async () => {
  const host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [nodeRuntime()] })
  await host.load(await pluginFolder('export default { functions: { ping: () => "pong" } }'))
  const reload = async (times: number) => {
    for (let n = 0; n < times; n++) await host.reload('test-plugin')
    const { gc } = globalThis
    for (let pass = 0; gc && pass < 4; pass++) {
      gc()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return process.memoryUsage().heapUsed
  }
  const before = await reload(5)
  const after = await reload(25)
  // Without `--expose-gc` only the reloads themselves are proven here; the figure for 1,000 is the benchmark's.
  if (globalThis.gc) expect(after - before).toBeLessThan(2 ** 20)
  expect(await host.call('ping')).toBe('pong')
  await host.stop()
})

test('events that a plugin does not take are dropped, and one that hangs meanwhile is ended', {
  timeout: 30_000,
}, async () => {
  const { host, events } = testHost({ hangMs: 3000 })
  await host.load(
    await pluginFolder('export default { subscriptions: [{}], onEvent() { for (;;); } }', { id: 'hangs', ...fast }),
  )
  await host.load(
    await pluginFolder(
      `let heard = 0
      export default {
        subscriptions: [{}],
        onEvent: () => { heard++; return new Promise(() => {}) },
        functions: { heard: () => heard },
      }`,
      { id: 'waits' },
    ),
  )
  for (let i = 0; i < 3000; i++) await host.emit('tick')
  const exited = () => events.flatMap((event) => (event.type === 'plugin.exited' ? event.plugin.id : []))
  await vi.waitFor(() => expect(exited()).toContain('hangs'), { timeout: 15_000 })
  expect(await host.call('heard')).toBe(1024)
  expect(host.plugin('waits')).toMatchObject({ generation: 1 })
})

test('functions that are offered in one go are told in one go, before the answer of the call that offers them', async () => {
  const { host, events } = testHost()
  await host.load(
    await pluginFolder(`export default { functions: {
      learn(_, { offer }) { for (let i = 0; i < 300; i++) offer('learned_' + i, () => i) },
    } }`),
  )
  await host.call('learn')
  expect(await host.call('learned_299')).toBe(299)
  expect(events.filter(({ type }) => type === 'advertised').length).toBeLessThan(5)
})
