import { memoryTransport } from '@backplane/core/memory'
import { describe, expect, test } from 'vitest'
import exchanges from './fixtures/exchanges.json' with { type: 'json' }
import { ask, offering, type TestNetwork, tap, testNetwork } from './meshes.ts'

const h1 = { deviceId: 'h1', tenant: 't' }
const serve = async () => null
const presences = 'device-connect.t.*.presence'
const say = (body: unknown) => new TextEncoder().encode(JSON.stringify(body))

async function joined(net: TestNetwork, init = {}, identity = {}) {
  const mesh = net.member({ ...h1, ...identity }, serve, init)
  await net.settle(mesh.connect())
  return mesh
}

describe('more than one message carries', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      name: `f${at}`,
      description: 'Does something. '.repeat(20),
      parameters: { type: 'object', properties: { x: { type: 'number', description: 'Some number.' } } },
    }))

  test.each([
    [3, undefined],
    [30, 'descriptions beyond 80 characters, descriptions within schemas'],
    [70, 'schemas, descriptions, labels, tags'],
    [500, /^\d+ of 500 functions, 0 of 0 events/],
  ])('is announced in short: %i functions in 10 kB', async (count, leftOut) => {
    await using net = testNetwork()
    const transport = memoryTransport({ network: net.network, client: 'small', maxPayload: 10_000 })
    const heard = await tap(await net.wire(), presences)
    const mesh = await joined(net, { transport })
    expect(mesh.notAnnounced).toBeUndefined()
    mesh.advertise({ revision: 2, functions: many(count), events: [] })
    if (leftOut === undefined) expect(mesh.notAnnounced).toBeUndefined()
    else expect(mesh.notAnnounced).toMatch(leftOut)
    await net.clock.advance(200)
    const names = heard.at(-1)!.body.capabilities.functions.map(({ name }: { name: string }) => name)
    expect(names[0]).toBe('f0')
    if (count <= 70) expect(names).toHaveLength(count)
    else expect(names.length).toBeGreaterThan(70)
    const warned = net.logs.filter(({ text }) => text.includes('announced in short'))
    expect(warned).toHaveLength(leftOut === undefined ? 0 : 1)
    const answer = await net.settle(
      ask(await net.wire(), 'device-connect.t.h1.cmd', { id: '1', method: 'requestRegistration' }),
    )
    expect(answer.result.capabilities.functions).toHaveLength(names.length)
    mesh.advertise({ revision: 3, functions: many(2), events: [] })
    expect(mesh.notAnnounced).toBeUndefined()
  })
})

test('an id with dots is taken, found and called, with a warning', async () => {
  await using net = testNetwork()
  for (const deviceId of ['default-press.4', 'v1.2.3']) {
    await net.settle(net.member({ deviceId, tenant: 't' }, async () => deviceId).connect())
  }
  const client = net.member({ deviceId: 'c1', tenant: 't' })
  await net.settle(client.connect())
  const found = await net.settle(client.discover())
  expect(found.map(({ deviceId }) => deviceId).sort()).toEqual(['default-press.4', 'v1.2.3'])
  expect(await net.settle(client.invoke('v1.2.3', 'f'))).toBe('v1.2.3')
  expect(net.logs.filter(({ text }) => text.includes('has dots')).map(({ level }) => level)).toEqual(['warn', 'warn'])
})

describe('presence', () => {
  test('has the form of the Python host, and nothing that is null where Python cannot take it', async () => {
    await using net = testNetwork()
    const heard = await tap(await net.wire(), presences)
    const golden = exchanges.presence
    const identity = {
      deviceType: 'plugin_host',
      manufacturer: 'Device Connect',
      model: 'Plugin Host',
      description: 'Loads plugins.',
      labels: golden.capabilities.labels,
    }
    const mesh = net.member({ ...h1, ...identity }, serve)
    const [fn] = golden.capabilities.functions
    const [event] = golden.capabilities.events
    mesh.advertise({
      revision: 1,
      functions: [{ name: fn!.name, description: fn!.description, parameters: fn!.parameters }],
      events: [{ name: event!.name, description: event!.description, payload: event!.payload_schema }],
    })
    await net.settle(mesh.connect())
    const { instance, ...body } = heard[0]!.body
    expect(heard[0]!.subject).toBe('device-connect.t.h1.presence')
    expect(instance).toMatch(/^[0-9a-f]{16}$/)
    expect(body).toEqual({
      ...golden,
      capabilities: {
        ...golden.capabilities,
        labels: { ...golden.capabilities.labels, 'plugin_driver.role': 'plugin_host' },
      },
      status: { ...golden.status, availability: 'available' },
      ts: expect.any(Number),
    })
  })

  test('comes twice a second for ten seconds, then every five; heartbeats three times within the time to live', async () => {
    await using net = testNetwork()
    const wire = await net.wire()
    const heard = await tap(wire, presences)
    const beats = await tap(wire, 'device-connect.t.h1.heartbeat')
    await joined(net, { status: () => ({ battery: 5 }) })
    await net.clock.advance(9_900)
    expect(heard.length).toBeGreaterThanOrEqual(19)
    expect(heard.length).toBeLessThanOrEqual(22)
    await net.clock.advance(1_000)
    heard.length = 0
    beats.length = 0
    await net.clock.advance(30_000)
    expect(heard.length).toBe(6)
    expect(beats.length).toBe(6)
    expect(beats[0]!.body).toEqual({
      device_id: 'h1',
      ts: expect.any(Number),
      availability: 'available',
      busy_score: 0,
      online: true,
      battery: 5,
    })
    expect(Math.abs(beats[0]!.body.ts * 1000 - net.clock.now())).toBeLessThan(60_000)
  })

  test('follows a change at once, a storm of changes by the tenth of a second', async () => {
    await using net = testNetwork()
    const heard = await tap(await net.wire(), presences)
    const mesh = await joined(net)
    await net.clock.advance(60_000)
    heard.length = 0
    mesh.advertise(offering(1, 'a'))
    await net.clock.advance(0)
    expect(heard.map(({ body }) => body.capabilities.functions[0].name)).toEqual(['a'])
    for (let revision = 2; revision <= 200; revision++) mesh.advertise(offering(revision, `f${revision}`))
    await net.clock.advance(100)
    expect(heard).toHaveLength(2)
    expect(heard[1]!.body.capabilities.functions[0].name).toBe('f200')
  })

  test('answers a probe, welcomes a newcomer, and says good-bye', async () => {
    await using net = testNetwork()
    const wire = await net.wire()
    const heard = await tap(wire, presences)
    const mesh = await joined(net)
    await net.clock.advance(60_000)
    heard.length = 0
    await wire.publish('device-connect.t.discovery.probe', say({ probe: true, ts: 1 }))
    await net.clock.advance(0)
    expect(heard).toHaveLength(1)
    await net.clock.advance(6_000)
    heard.length = 0
    await wire.publish('device-connect.t.h2.presence', say({ ...exchanges.presence, device_id: 'h2' }))
    await net.clock.advance(4_000)
    expect(heard.filter(({ body }) => body.device_id === 'h1').length).toBeGreaterThanOrEqual(4)
    heard.length = 0
    await net.settle(mesh.close())
    expect(heard.at(-1)!.body).toEqual({ ...exchanges.departure, ts: expect.any(Number) })
    await net.clock.advance(60_000)
    expect(heard.filter(({ body }) => body.device_id === 'h1')).toHaveLength(1)
  })

  test('answers those who ask at once, but not each of a hundred', async () => {
    await using net = testNetwork()
    const wire = await net.wire()
    const heard = await tap(wire, presences)
    await joined(net)
    await net.clock.advance(60_000)
    heard.length = 0
    const probe = () => wire.publish('device-connect.t.discovery.probe', say({ probe: true, ts: 1 }))
    for (let asked = 0; asked < 3; asked++) {
      await probe()
      await net.clock.advance(200)
    }
    expect(heard.length).toBeGreaterThanOrEqual(3)
    await net.clock.advance(10_000)
    heard.length = 0
    for (let asked = 0; asked < 100; asked++) {
      await probe()
      await net.clock.advance(20)
    }
    expect(heard.length).toBeGreaterThanOrEqual(5)
    expect(heard.length).toBeLessThanOrEqual(10)
    await net.clock.advance(600)
    const last = heard.at(-1)!.body.ts * 1000
    expect(last).toBeGreaterThan(net.clock.now() - 1_200)
  })

  test('is said less often among many, and never so seldom that it counts as gone', async () => {
    await using net = testNetwork()
    const wire = await net.wire()
    const heard = await tap(wire, 'device-connect.t.h1.presence')
    const mesh = await joined(net)
    for (let n = 0; n < 200; n++) {
      await wire.publish(`device-connect.t.d${n}.presence`, say({ device_id: `d${n}` }))
    }
    await net.clock.advance(1_000)
    heard.length = 0
    await net.clock.advance(20_000)
    expect(heard.length).toBeGreaterThanOrEqual(4)
    expect(heard.length).toBeLessThanOrEqual(6)
    expect(await mesh.discover()).toHaveLength(200)
  })

  test('leaves out events whose names would make a registry refuse the device, and says so', async () => {
    await using net = testNetwork()
    const heard = await tap(await net.wire(), presences)
    const mesh = net.member(h1, serve)
    mesh.advertise({ revision: 1, functions: [], events: [{ name: 'a.b' }, { name: 'fine' }] })
    await net.settle(mesh.connect())
    expect(heard[0]!.body.capabilities.events.map((event: { name: string }) => event.name)).toEqual(['fine'])
    expect(net.logs.filter(({ text }) => text.includes('a.b'))).toHaveLength(1)
  })

  test('too large for one message, it is said once in the log', async () => {
    await using net = testNetwork()
    const mesh = net.member(h1, serve)
    const description = 'x'.repeat(2_000_000)
    mesh.advertise({ revision: 1, functions: [{ name: 'f', description }], events: [] })
    await net.settle(mesh.connect())
    await net.clock.advance(5_000)
    expect(net.logs.filter(({ text }) => text.includes('announced in short'))).toHaveLength(1)
    const large = net.member({ deviceId: 'h2', tenant: 't', model: description }, serve)
    await net.settle(large.connect())
    await net.clock.advance(5_000)
    expect(net.logs.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('a client without a handler is not seen and not served', async () => {
    await using net = testNetwork()
    const wire = await net.wire()
    const heard = await tap(wire, 'device-connect.t.c1.>')
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(client.connect())
    await net.clock.advance(20_000)
    expect(heard).toEqual([])
    await expect(ask(wire, 'device-connect.t.c1.cmd', {})).rejects.toMatchObject({ code: 'BP_NO_RESPONDER' })
  })

  test('is taken up again after an outage, with what changed meanwhile', async () => {
    await using net = testNetwork()
    const heard = await tap(await net.wire(), presences)
    const mesh = net.member(h1, serve, {}, 'host')
    const told: string[] = []
    mesh.onStatus((event) => told.push(event.type))
    await net.settle(mesh.connect())
    await net.clock.advance(60_000)
    net.network.partition('host')
    await net.clock.advance(1_000)
    expect(mesh.status).not.toBe('connected')
    await expect(mesh.emit('e', {})).rejects.toMatchObject({ code: 'BP_DISCONNECTED' })
    mesh.advertise(offering(7, 'late'))
    heard.length = 0
    net.network.heal('host')
    await net.clock.advance(5_000)
    expect(mesh.status).toBe('connected')
    expect(heard.at(-1)!.body.capabilities.functions[0].name).toBe('late')
    expect(told).toEqual(expect.arrayContaining(['connected', 'disconnected']))
    expect(told.at(-1)).toBe('connected')
  })
})

describe('an identity', () => {
  test.each(['a..b', 'a.', '.a', '', '-a', 'a b', 'a*', 'registry', 'x'.repeat(300)])(
    'is refused where it does not fit: %s',
    (deviceId) => {
      const net = testNetwork()
      expect(() => net.member({ deviceId })).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
      expect(() => net.member({ deviceId: 'ok', tenant: 'a.b' })).toThrow(
        expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }),
      )
    },
  )

  test('that a running host has is refused, and the first is not disturbed', async () => {
    await using net = testNetwork()
    await joined(net)
    const heard = await tap(await net.wire(), presences)
    const second = net.member(h1, async () => 'mine')
    await expect(net.settle(second.connect())).rejects.toMatchObject({ code: 'BP_IDENTITY_TAKEN' })
    expect(second.status).toBe('idle')
    await net.clock.advance(10_000)
    expect(new Set(heard.map(({ body }) => body.instance)).size).toBe(1)
    expect(heard.some(({ body }) => body.departing)).toBe(false)
    expect(await ask(await net.wire(), 'device-connect.t.h1.cmd', { id: 1, method: 'f' })).toMatchObject({
      result: null,
    })
  })

  test('can be claimed again by the same mesh once the rival has gone', async () => {
    await using net = testNetwork()
    const first = await joined(net)
    const second = net.member(h1, serve)
    await expect(net.settle(second.connect())).rejects.toMatchObject({ code: 'BP_IDENTITY_TAKEN' })
    await net.settle(first.close())
    await net.settle(second.connect())
    expect(second.status).toBe('connected')
  })

  test('of a host that crashed is free at once, even where the broker still holds its subscription', async () => {
    await using net = testNetwork()
    const dead = await net.wire()
    await dead.serve('device-connect.t.h1.cmd', () => undefined)
    const mesh = await joined(net)
    expect(mesh.status).toBe('connected')
  })

  test('of a busy device, which answers probes but not calls, is refused', async () => {
    await using net = testNetwork()
    const busy = await net.wire()
    await busy.serve('device-connect.t.h1.cmd', () => undefined)
    await busy.subscribe('device-connect.t.discovery.probe', () =>
      busy.publish('device-connect.t.h1.presence', say({ ...exchanges.presence })),
    )
    const mesh = net.member(h1, serve)
    await expect(net.settle(mesh.connect())).rejects.toMatchObject({ code: 'BP_IDENTITY_TAKEN' })
  })

  test('that a rival takes later is told as an error', async () => {
    await using net = testNetwork()
    const mesh = await joined(net)
    const told: unknown[] = []
    mesh.onStatus((event) => told.push(event))
    const wire = await net.wire()
    for (let turn = 0; turn < 3; turn++) await wire.publish('device-connect.t.h1.presence', say(exchanges.presence))
    await net.clock.advance(10)
    expect(told).toEqual([{ type: 'error', error: expect.objectContaining({ code: 'BP_IDENTITY_TAKEN' }) }])
  })
})

describe('discover', () => {
  test('reads a Python device, and gives what the selector asks for', async () => {
    await using net = testNetwork()
    const wire = await net.wire()
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(client.connect())
    await wire.publish('device-connect.t.h1.presence', say({ ...exchanges.presence, status: { location: 'Lab 1' } }))
    const [device] = await net.settle(client.discover())
    expect(device).toEqual({
      deviceId: 'h1',
      deviceType: 'plugin_host',
      location: 'Lab 1',
      description: 'Loads plugins.',
      functions: [
        {
          name: 'deploy_sidecar',
          description: 'Deploys a capability.',
          parameters: exchanges.presence.capabilities.functions[0]!.parameters,
        },
      ],
      events: [
        {
          name: 'plugin_loaded',
          description: 'A plugin was loaded.',
          payload: exchanges.presence.capabilities.events[0]!.payload_schema,
        },
      ],
      labels: { category: 'hub', 'plugin_driver:role': 'plugin_host', location: 'Lab 1', type: 'plugin_host' },
      status: { location: 'Lab 1' },
      identity: exchanges.presence.identity,
    })
    expect(await client.discover('device(type:plugin_host, location:Lab*)')).toHaveLength(1)
    expect(await client.discover('function(deploy_*)')).toHaveLength(1)
    expect(await client.discover('device(h2)')).toEqual([])
    await expect(client.discover('device(')).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  })

  test('right after joining, it waits for the answers to its probe', async () => {
    await using net = testNetwork()
    for (const name of ['a', 'b', 'c']) await net.settle(net.member({ deviceId: name, tenant: 't' }, serve).connect())
    await net.clock.advance(60_000)
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(client.connect())
    const devices = await net.settle(client.discover())
    expect(devices.map(({ deviceId }) => deviceId).sort()).toEqual(['a', 'b', 'c'])
  })

  test('gives up when told to, and finds nobody in an empty network', async () => {
    await using net = testNetwork()
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await expect(client.discover()).rejects.toMatchObject({ code: 'BP_DISCONNECTED' })
    await net.settle(client.connect())
    const abort = new AbortController()
    const looking = client.discover(undefined, { signal: abort.signal })
    abort.abort()
    await expect(looking).rejects.toMatchObject({ code: 'BP_ABORTED' })
    expect(await net.settle(client.discover())).toEqual([])
  })

  test('forgets who said good-bye, and who has been silent for 30 s', async () => {
    await using net = testNetwork()
    const wire = await net.wire()
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(client.connect())
    await wire.publish('device-connect.t.h1.presence', say(exchanges.presence))
    await wire.publish('device-connect.t.h2.presence', say({ ...exchanges.presence, device_id: 'h2' }))
    await net.clock.advance(2_000)
    expect(await client.discover()).toHaveLength(2)
    await wire.publish('device-connect.t.h1.presence', say(exchanges.departure))
    await net.clock.advance(0)
    expect(await client.discover()).toMatchObject([{ deviceId: 'h2' }])
    await net.clock.advance(29_000)
    expect(await client.discover()).toEqual([])
  })

  test.each([
    '"x"',
    '{}',
    '{"device_id":5}',
    'garbage',
    '{"device_id":"d","capabilities":5,"identity":[],"status":null}',
    '{"device_id":"d","capabilities":{"functions":[null,5,"bare",{"name":5},{"name":"f","labels":{"a":1,"b":["x",2]}}],"events":{}}}',
  ])('is not upset by what a peer sends: %s', async (body) => {
    await using net = testNetwork()
    const wire = await net.wire()
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(client.connect())
    await wire.publish('device-connect.t.d.presence', new TextEncoder().encode(body))
    await net.clock.advance(2_000)
    for (const { functions } of await client.discover('device(*)'))
      expect(functions.every(({ name }) => typeof name === 'string')).toBe(true)
  })
})

test('discover says so when the mesh is closed, or the line is cut, while it waits', async () => {
  await using net = testNetwork()
  const client = net.member({ deviceId: 'c1', tenant: 't' }, undefined, {}, 'line')
  await net.settle(client.connect())
  const cut = client.discover()
  net.network.partition('line')
  await expect(net.settle(cut)).rejects.toMatchObject({ code: 'BP_DISCONNECTED' })
  net.network.heal('line')
  await net.clock.advance(5_000)
  net.network.partition('line')
  await net.clock.advance(100)
  net.network.heal('line')
  await net.clock.advance(500)
  const closed = client.discover()
  const closing = client.close()
  await expect(net.settle(closed)).rejects.toMatchObject({ code: 'BP_CLOSED' })
  await net.settle(closing)
})
