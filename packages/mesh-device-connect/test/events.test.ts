import { expect, test } from 'vitest'
import exchanges from './fixtures/exchanges.json' with { type: 'json' }
import { tap, testNetwork } from './meshes.ts'

const h1 = { deviceId: 'h1', tenant: 't' }
const serve = async () => null

test('an event has the form of the Python host, with its device beside', async () => {
  await using net = testNetwork()
  const heard = await tap(await net.wire(), 'device-connect.t.h1.event.>')
  const mesh = net.member(h1, serve)
  await net.settle(mesh.connect())
  await mesh.emit('plugin_loaded', { plugin_id: 'hello-world', functions: ['hello_world'] })
  await net.clock.advance(0)
  const { params, ...rest } = exchanges.event.body
  const { _trace_id, ...known } = params
  expect(heard).toEqual([
    {
      subject: exchanges.event.subject,
      body: { ...rest, params: { ...known, device_id: 'h1', event_id: expect.stringMatching(/^[0-9a-f]{8}$/) } },
    },
  ])
})

test("the emitter's own fields win", async () => {
  await using net = testNetwork()
  const heard = await tap(await net.wire(), 'device-connect.t.h1.event.e')
  const mesh = net.member(h1, serve)
  await net.settle(mesh.connect())
  await mesh.emit('e', { ts: 5, event_id: 'mine', blob: Uint8Array.of(255) })
  await net.clock.advance(0)
  expect(heard[0]!.body.params).toEqual({ ts: 5, event_id: 'mine', blob: '/w==', device_id: 'h1' })
})

test('calls and events continue the trace that is under way, and an event arrives without it', async () => {
  await using net = testNetwork()
  const wire = await net.wire()
  const traces: unknown[] = []
  const device = net.member(h1, async ({ trace }) => void traces.push(trace) as never)
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  let trace: { traceparent: string; tracestate?: string } | undefined
  const client = net.member({ deviceId: 'c1', tenant: 't' }, undefined, { trace: () => trace })
  await net.settle(device.connect())
  await net.settle(client.connect())
  const said = await tap(wire, 'device-connect.t.c1.event.e')
  const heard: unknown[] = []
  await device.on({ event: 'e' }, ({ payload }) => void heard.push(payload))
  await client.invoke('h1', 'f')
  trace = { traceparent, tracestate: 'a=b' }
  await client.invoke('h1', 'f')
  const own = '00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-01'
  await client.invoke('h1', 'f', {}, { trace: { traceparent: own } })
  expect(traces).toEqual([undefined, trace, { traceparent: own }])
  await client.emit('e', { level: 1 })
  await client.emit('e', { level: 2, _traceparent: 'mine' })
  await net.clock.advance(0)
  expect(said[0]!.body.params).toMatchObject({ level: 1, _traceparent: traceparent, _tracestate: 'a=b' })
  expect(heard).toEqual([{ level: 1 }, expect.objectContaining({ level: 2, _traceparent: 'mine' })])
})

test('an event tells the kind of its device once that has announced itself', async () => {
  await using net = testNetwork()
  const wire = await net.wire()
  const client = net.member({ deviceId: 'c1', tenant: 't' })
  await net.settle(client.connect())
  const heard: unknown[] = []
  await client.on({ event: 'e' }, ({ device, deviceType }) => void heard.push([device, deviceType]))
  const camera = net.member({ ...h1, deviceType: 'camera' }, serve)
  await net.settle(camera.connect())
  await camera.emit('e', {})
  const long = net.member({ deviceId: 'h2', tenant: 't', deviceType: 'x'.repeat(1000) }, serve)
  await net.settle(long.connect())
  await long.emit('e', {})
  await wire.publish('device-connect.t.unknown.event.e', Buffer.from('{"jsonrpc":"2.0","method":"e","params":{}}'))
  await net.clock.advance(0)
  expect(heard).toEqual([
    ['h1', 'camera'],
    ['h2', undefined],
    ['unknown', undefined],
  ])
})

test('events are heard by device, by name, by pattern; a broadcast reply is no event', async () => {
  await using net = testNetwork()
  const wire = await net.wire()
  const client = net.member({ deviceId: 'c1', tenant: 't' })
  await net.settle(client.connect())
  const heard: Record<string, string[]> = {}
  const listen = (key: string, filter: { device?: string; event?: string }) =>
    client.on(filter, ({ device, event, payload }) => {
      heard[key] = [...(heard[key] ?? []), `${device}/${event}/${payload.n}`]
    })
  const all = await listen('all', {})
  await listen('one', { device: 'cam-1', event: 'seen' })
  await listen('cams', { device: 'cam-*' })
  await listen('seen', { event: 'seen' })
  const send = (device: string, event: string, n: number) => {
    const body = JSON.stringify({ jsonrpc: '2.0', method: event, params: { n } })
    return wire.publish(`device-connect.t.${device}.event.${event}`, new TextEncoder().encode(body))
  }
  await send('cam-1', 'seen', 1)
  await send('cam-2', 'seen', 2)
  await send('door', 'opened', 3)
  await send('door', 'async_reply.br-1', 4)
  await wire.publish('device-connect.t.door.event.bad', new TextEncoder().encode('no json'))
  await net.clock.advance(10)
  expect(heard).toEqual({
    all: ['cam-1/seen/1', 'cam-2/seen/2', 'door/opened/3'],
    one: ['cam-1/seen/1'],
    cams: ['cam-1/seen/1', 'cam-2/seen/2'],
    seen: ['cam-1/seen/1', 'cam-2/seen/2'],
  })
  await all.unsubscribe()
  await send('door', 'opened', 5)
  await net.clock.advance(10)
  expect(heard.all).toHaveLength(3)
})

test.each([
  [{ n: 1 }],
  [{}],
  [{ ts: '2026-11-21T21:56:20Z' }],
  [{ device_id: 'h1', n: 1 }],
  [{ event_id: '6dc15404', ts: '2026-11-21T21:56:20Z' }],
])('a payload arrives as it was emitted: %j', async (payload) => {
  await using net = testNetwork()
  const mesh = net.member(h1, serve)
  await net.settle(mesh.connect())
  const heard: unknown[] = []
  await mesh.on({}, (event) => void heard.push(event.payload))
  await mesh.emit('e', payload)
  await net.clock.advance(10)
  expect(heard).toEqual([expect.objectContaining(payload)])
  if (!('ts' in payload) && !('device_id' in payload)) expect(heard).toEqual([payload])
})

test('a listener that throws is logged, and hears the next event', async () => {
  await using net = testNetwork()
  const mesh = net.member(h1, serve)
  await net.settle(mesh.connect())
  let times = 0
  await mesh.on({}, async () => {
    times++
    throw new Error('listener')
  })
  await mesh.emit('e', {})
  await mesh.emit('e', {})
  await net.clock.advance(10)
  expect(times).toBe(2)
  expect(net.logs.filter(({ level }) => level === 'error')).toHaveLength(2)
})

test('events keep their order, and too many at once are refused', async () => {
  await using net = testNetwork()
  const heard = await tap(await net.wire(), 'device-connect.t.h1.event.e')
  const mesh = net.member(h1, serve, { maxWaitingEvents: 50 })
  await net.settle(mesh.connect())
  const sent = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => mesh.emit('e', { n })))
  await net.clock.advance(10)
  expect(heard.map(({ body }) => body.params.n)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  expect(sent.filter(({ status }) => status === 'rejected')).toHaveLength(10)
  expect(sent.at(-1)).toMatchObject({ reason: { code: 'BP_DEVICE_CONNECT_EVENTS_FULL', retryable: true } })
})

test('what is not an event is refused', async () => {
  await using net = testNetwork()
  const mesh = net.member(h1, serve)
  await expect(mesh.emit('e', {})).rejects.toMatchObject({ code: 'BP_DISCONNECTED' })
  await net.settle(mesh.connect())
  await expect(mesh.emit('a.b', {})).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  await expect(mesh.emit('e', { n: new Date(0) as never })).rejects.toMatchObject({ code: 'BP_VALUE_INVALID' })
  await expect(mesh.on({ event: 'a.b' }, () => {})).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  await net.settle(mesh.close())
  await expect(mesh.emit('e', {})).rejects.toMatchObject({ code: 'BP_CLOSED' })
  await expect(mesh.connect()).rejects.toMatchObject({ code: 'BP_CLOSED' })
  expect(mesh.status).toBe('closed')
  expect(net.clock.pending).toBe(0)
})

test('a listener that fails at every event of a stranger does not drown the log', async () => {
  await using net = testNetwork()
  const device = net.member(h1, serve)
  const client = net.member({ deviceId: 'c1', tenant: 't' })
  await net.settle(device.connect())
  await net.settle(client.connect())
  let heard = 0
  await client.on({ event: 'e' }, () => {
    heard++
    throw new Error('cannot cope')
  })
  for (let n = 0; n < 100; n++) await device.emit('e', { n })
  await net.clock.advance(0)
  expect(heard).toBe(100)
  const failures = () => net.logs.filter(({ text }) => text === 'a listener of events failed').length
  expect(failures()).toBe(5)
  await net.clock.advance(1_000)
  await device.emit('e', {})
  await net.clock.advance(0)
  expect(failures()).toBe(6)
  expect(net.logs).toContainEqual({ level: 'warn', text: 'log records dropped' })
})
