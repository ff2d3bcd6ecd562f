/** The typed surface that a pipeline takes over, with real plugins. */
import { createHost, type PluginInstance } from '@backplane/core'
import { expect, onTestFinished, test } from 'vitest'
import { type FledgePlugin, fledgePlugin, pythonRuntime, type Reading, runningInstance } from '../src/index.ts'
import { eventually, type Face, fledgeHost, plugin, written } from './fledge-host.ts'

async function surfaceOf(code: string, face?: Face) {
  const { host, instances, log, readings } = fledgeHost()
  await host.load(await written(plugin(code, face)))
  return { host, log, readings, surface: fledgePlugin(instances[0] as PluginInstance) }
}

const row = { asset: 'a', timestamp: '2026-01-02 03:04:05+00:00', readings: { x: 1 } }

test('a host tells which instance runs now', async () => {
  const host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [pythonRuntime()] })
  onTestFinished(() => host.stop())
  const code = 'def plugin_poll(handle): return {"asset": "a", "timestamp": "t", "readings": {"x": 1}}'
  const source = await written(plugin(code))
  await host.load(source)
  const { id } = source.manifest
  const first = runningInstance(host, id)
  expect(await fledgePlugin(first).poll()).toHaveLength(1)
  await host.reload(id)
  expect(runningInstance(host, id)).not.toBe(first)
  expect(await fledgePlugin(runningInstance(host, id)).poll()).toHaveLength(1)
  await expect(host.reload(id, await written('def plugin_info(:'))).rejects.toThrow()
  expect(await fledgePlugin(runningInstance(host, id)).poll()).toHaveLength(1)
  await host.unload(id)
  expect(() => runningInstance(host, id)).toThrow(expect.objectContaining({ code: 'BP_PLUGIN_NOT_LOADED' }))
})

test('south: poll, write, operation', async () => {
  const { surface } = await surfaceOf(
    `
def plugin_poll(handle): return [{'asset': 'a', 'timestamp': 't', 'readings': {'x': 1}}]
def plugin_write(handle, name, value): return (name, value) == ('level', '5')
def plugin_operation(handle, name, parameters): return (name, parameters) == ('go', [('fast', 'true')])
`,
    { mode: 'poll|control', interface: '2.0' },
  )
  expect(surface).toMatchObject({
    kind: 'south',
    name: 'It',
    interface: 2,
    async: false,
    control: true,
    persist: false,
  })
  expect(await surface.poll()).toEqual([{ asset: 'a', timestamp: 't', readings: { x: 1 } }])
  expect(await surface.write('level', 5)).toBe(true)
  expect(await surface.write('level', 6)).toBe(false)
  expect(await surface.operation('go', { fast: true })).toBe(true)
  expect(await surface.operation('go')).toBe(false)
  await expect(surface.send([row])).rejects.toMatchObject({
    code: 'BP_INVALID_ARGUMENT',
    message: "The call 'send' is not valid: 'It' is a south plugin and has none",
  })
})

const counting = `
import threading, async_ingest
def plugin_register_ingest(handle, callback, ref): handle['to'] = (callback, ref)
def plugin_start(handle):
    handle['end'] = threading.Event()
    def run():
        n = 0
        while not handle['end'].is_set():
            n += 1
            async_ingest.ingest_callback(*handle['to'], {'asset': 'a', 'readings': {'n': n}})
            handle['end'].wait(0.0005)
    handle['thread'] = threading.Thread(target=run)
    handle['thread'].start()
def plugin_shutdown(handle):
    handle['end'].set()
    handle['thread'].join()
`
const numbersIn = (readings: readonly Reading[]) => readings.map(({ readings: { n } }) => n as number)

test('asynchronous south: a pipeline takes the readings over and gives them back, and none is lost', async () => {
  const { surface, readings } = await surfaceOf(counting, { mode: 'async' })
  await eventually(() => expect(readings.length).toBeGreaterThan(5))
  const taken: number[] = []
  for await (const batch of surface.ingested()) {
    taken.push(...numbersIn(batch))
    if (taken.length > 200) break
  }
  const before = readings.length
  await eventually(() => expect(readings.length).toBeGreaterThan(before + 5))
  expect(taken).toEqual(taken.map((_, index) => index + 1))
  const all = [...new Set([...numbersIn(readings as unknown as Reading[]), ...taken])].sort((a, b) => a - b)
  expect(all).toEqual(all.map((_, index) => index + 1))
})

test('asynchronous south: a slow pipeline slows the plugin down', async () => {
  const { surface } = await surfaceOf(counting.replace('wait(0.0005)', 'wait(0)'), { mode: 'async' })
  const stream = surface.ingested()
  const { value: first } = await stream.next()
  await new Promise((resolve) => setTimeout(resolve, 300))
  // One batch that was under way, and what may wait: then the plugin waits.
  const numbers = numbersIn(first ?? [])
  for (let batches = 0; batches < 5; batches++) numbers.push(...numbersIn((await stream.next()).value ?? []))
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] as number) + index))
  await stream.return()
})

test('asynchronous south: the stream ends with its signal, and with the process', async () => {
  const { surface, host } = await surfaceOf(counting, { mode: 'async' })
  const controller = new AbortController()
  const collect = async (signal?: AbortSignal) => {
    for await (const _ of surface.ingested(signal ? { signal } : {})) controller.abort()
  }
  await expect(collect(controller.signal)).rejects.toMatchObject({ code: 'BP_ABORTED' })
  await expect(collect(AbortSignal.abort())).rejects.toMatchObject({ code: 'BP_ABORTED' })
  await host.unload('it')
  await expect(surface.ingested().next()).rejects.toBeDefined()
})

test.each([
  ['synchronous', 'def plugin_send(handle, payload, stream): return 1', { sent: 1 }],
  ['asynchronous', "async def plugin_send(h, p, stream): return True, p[-1]['id'], len(p)", { sent: 2, lastId: 8 }],
])('north, %s', async (_, code, sent) => {
  const { surface } = await surfaceOf(code, { type: 'north', mode: 'none' })
  expect(await surface.send([row, { ...row, id: 8 }], { streamId: '2' })).toEqual(sent)
})

test('filter: at once and later', async () => {
  const { surface } = await surfaceOf(
    `
import threading, filter_ingest
def plugin_init(config, ref, callback): return {'to': (callback, ref)}
def plugin_ingest(handle, data):
    filter_ingest.filter_ingest_callback(*handle['to'], data[:1])
    threading.Timer(0.05, filter_ingest.filter_ingest_callback, (*handle['to'], data[1:])).start()
`,
    { type: 'filter', mode: 'none' },
  )
  const stream = surface.ingested()
  const late = stream.next()
  expect(await surface.filter([row, { ...row, asset: 'b' }])).toMatchObject([{ asset: 'a', readings: { x: 1 } }])
  expect((await late).value).toMatchObject([{ asset: 'b' }])
  await stream.return()
})

test('rule and delivery', async () => {
  const { surface: rule } = await surfaceOf(
    `
def plugin_triggers(handle): return {'triggers': [{'asset': 'a'}]}
def plugin_eval(handle, data): return data['a']['x'] > 5
def plugin_reason(handle): return {'reason': 'triggered', 'asset': ['a']}
`,
    { type: 'notificationRule', mode: 'none' },
  )
  expect(await rule.triggers()).toEqual({ triggers: [{ asset: 'a' }] })
  expect(await rule.evaluate({ a: { x: 6 }, timestamp_a: 1.5 })).toBe(true)
  expect(await rule.evaluate({ a: { x: 5 } })).toBe(false)
  const reason = await rule.reason()
  const { surface: delivery } = await surfaceOf(
    "def plugin_deliver(handle, *args): return args == ('mail', 'n', {'reason': 'triggered', 'asset': ['a']}, 'm')",
    { type: 'notificationDelivery', mode: 'none' },
  )
  expect(await delivery.deliver({ delivery: 'mail', notification: 'n', reason, message: 'm' })).toBe(true)
})

test('a call can be given up, running or waiting, and the next ones are none the worse', {
  timeout: 30_000,
}, async () => {
  const { surface, host, log } = await surfaceOf(
    `
import asyncio
seen = []
async def plugin_send(handle, payload, stream):
    seen.append(payload[0]['asset_code'])
    if payload[0]['asset_code'] == 'seen': return len(seen)
    _LOGGER.info('it has begun')
    await asyncio.sleep(600)
`,
    { type: 'north', mode: 'none' },
  )
  const named = (asset: string) => [{ ...row, asset }]
  const running = surface.send(named('running'), { timeoutMs: 3000 }).catch((error) => error)
  const leave = new AbortController()
  const waiting = surface.send(named('waiting'), { signal: leave.signal }).catch((error) => error)
  await eventually(() => expect(log.map(({ message }) => message)).toContain('it has begun'))
  leave.abort()
  expect(await waiting).toMatchObject({ code: 'BP_ABORTED' })
  expect(await running).toMatchObject({ code: 'BP_TIMEOUT' })
  await expect(surface.send([row], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'BP_ABORTED' })
  // The one that waited never began: two have been seen, of which this is one.
  const seen = [...named('seen'), ...named('seen'), ...named('seen')]
  expect(await surface.send(seen)).toEqual({ sent: 2 })
  expect(host.plugin('it')).toMatchObject({ generation: 1, restarts: 0 })
})

test('only for instances of Fledge plugins', () => {
  const other = { functions: [], events: [], start: async () => {}, invoke: async () => null, stop: async () => {} }
  expect(() => fledgePlugin(other) as FledgePlugin).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
})
