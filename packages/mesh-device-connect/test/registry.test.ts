import { describe, expect, test } from 'vitest'
import type { DeviceConnectInit } from '../src/index.ts'
import { fakeRegistry } from './fake-registry.ts'
import { ask, offering, type TestNetwork, tap, testNetwork } from './meshes.ts'

const h1 = { deviceId: 'h1', tenant: 't' }
const serve = async () => null
const infra = { discovery: 'infra', registerJitterMs: 0 } as const

async function joined(net: TestNetwork, init: Partial<DeviceConnectInit> = {}, identity = {}, name?: string) {
  const mesh = net.member({ ...h1, ...identity }, serve, { ...infra, ...init }, name)
  mesh.advertise(offering(1, 'a'))
  await net.settle(mesh.connect())
  await net.clock.advance(0)
  return mesh
}

async function client(net: TestNetwork, init: Partial<DeviceConnectInit> = {}, name?: string) {
  const mesh = net.member({ deviceId: 'c1', tenant: 't' }, undefined, { ...infra, ...init }, name)
  await net.settle(mesh.connect())
  return mesh
}

describe('a device with a registry', () => {
  test('registers with what it offers, in the form that the registry takes', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    await joined(net, {}, { description: 'A host.', labels: { 'plugin_driver:role': 'host' }, location: 'lab' })
    expect(registry.registered).toHaveLength(1)
    expect(registry.registered[0]).toMatchObject({
      device_id: 'h1',
      device_ttl: 15,
      capabilities: {
        description: 'A host.',
        functions: [{ name: 'a', description: 'Runs a.', labels: null, tags: [] }],
        labels: { 'plugin_driver:role': 'host', 'plugin_driver.role': 'host' },
      },
      identity: { device_type: 'plugin_host' },
      status: { availability: 'available', busy_score: 0, online: true, location: 'lab' },
    })
  })

  test('says so by presence too, once and then every five seconds', async () => {
    await using net = testNetwork()
    await fakeRegistry(net)
    const heard = await tap(await net.wire(), 'device-connect.t.h1.presence')
    await joined(net)
    await net.clock.advance(20_000)
    expect(heard).toHaveLength(5)
  })

  test('is kept by its heartbeats, which carry its status', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    await joined(net, { status: () => ({ battery: 7, mood: 'fine' }) })
    await net.clock.advance(60_000)
    expect(registry.registered).toHaveLength(1)
    expect(registry.beats).toHaveLength(13)
    expect(registry.devices.get('h1')?.record.status).toMatchObject({
      mood: 'fine',
      battery: 7,
      availability: 'available',
    })
  })

  test('waits a moment before it registers, so that not all come at once', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    for (let n = 0; n < 20; n++) await joined(net, { registerJitterMs: 2_000 }, { deviceId: `d${n}` })
    const first = registry.registered.length
    await net.clock.advance(1_000)
    const second = registry.registered.length
    await net.clock.advance(1_000)
    expect(first).toBeLessThan(10)
    expect(second).toBeGreaterThan(first)
    expect(registry.registered).toHaveLength(20)
    expect(registry.pulled).toEqual([])
  })

  test('joins and serves though there is no registry, and registers as soon as one comes', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    await registry.kill()
    const mesh = await joined(net)
    expect(mesh.status).toBe('connected')
    await net.clock.advance(120_000)
    expect(await ask(await net.wire(), 'device-connect.t.h1.cmd', { id: 1, method: 'a' })).toMatchObject({
      result: null,
    })
    const complaints = net.logs.filter(({ text }) => text.includes('not registered'))
    expect(complaints).toHaveLength(1)
    await registry.start()
    await net.clock.advance(5_000)
    expect(registry.devices.has('h1')).toBe(true)
  })

  test('is registered again, with what it offers by then, after the registry has lost everything', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    const mesh = await joined(net)
    for (let turn = 0; turn < 20; turn++) {
      await registry.kill()
      mesh.advertise(offering(turn + 2, `f${turn}`))
      await net.clock.advance(100 * turn)
      await registry.start()
      await net.clock.advance(6_000)
      expect(registry.devices.get('h1')?.record.capabilities.functions).toMatchObject([{ name: `f${turn}` }])
    }
  })

  test('comes back at once when the registry counts it as gone', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    await joined(net)
    await net.clock.advance(7_000)
    registry.forget('h1')
    await net.clock.advance(1_500)
    expect(registry.devices.has('h1')).toBe(true)
    expect(registry.pulled).toEqual([])
  })

  test('registers a change at once without making anybody wait, and a storm of changes once a second', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    const mesh = await joined(net)
    await net.clock.advance(10_000)
    registry.registered.length = 0
    mesh.advertise(offering(2, 'b'))
    await net.clock.advance(0)
    expect(registry.registered).toHaveLength(1)
    for (let revision = 3; revision < 200; revision++) {
      mesh.advertise(offering(revision, `f${revision}`))
      await net.clock.advance(10)
    }
    await net.clock.advance(1_000)
    expect(registry.registered.length).toBeLessThanOrEqual(4)
    expect(registry.registered.at(-1).capabilities.functions[0].name).toBe('f199')
  })

  test('goes on offering and serving while the registry is silent', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    registry.silence(true)
    const mesh = await joined(net)
    mesh.advertise(offering(2, 'b'))
    expect(mesh.status).toBe('connected')
    await net.clock.advance(20_000)
    registry.silence(false)
    await net.clock.advance(6_000)
    expect(registry.devices.get('h1')?.record.capabilities.functions).toMatchObject([{ name: 'b' }])
  })

  test('that the registry refuses says why, once, and is registered when that is mended', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    registry.refuse('status.battery must be an integer')
    const mesh = net.member(h1, serve, infra)
    const told: unknown[] = []
    mesh.onStatus((event) => told.push(event))
    await net.settle(mesh.connect())
    await net.clock.advance(60_000)
    const error = expect.objectContaining({
      code: 'BP_DEVICE_CONNECT_REGISTRY_REFUSED',
      message: 'The registry refused registerDevice: status.battery must be an integer.',
    })
    expect(told.filter((event) => (event as { type: string }).type === 'error')).toEqual([{ type: 'error', error }])
    registry.refuse(undefined)
    mesh.advertise(offering(2, 'b'))
    await net.clock.advance(1_000)
    expect(registry.devices.has('h1')).toBe(true)
  })

  test('leaves out of its registration what would make the registry refuse it', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    const status = () => ({
      battery: 70.5,
      location: 5,
      task_stack: 'x',
      online: 'yes',
      availability: null,
      mood: 'fine',
    })
    const mesh = net.member(h1, serve, { ...infra, status })
    const odd = { name: 'f', description: 5, parameters: true, labels: { a: true, b: 'c' }, tags: [1, 'x'] }
    mesh.advertise({
      revision: 1,
      functions: [odd as never],
      events: [{ name: 'e', payload: 'no schema', labels: [1] } as never, { name: 'a.b' }],
    })
    await net.settle(mesh.connect())
    await net.clock.advance(10)
    const { capabilities } = registry.registered[0]
    expect(capabilities.functions).toMatchObject([{ name: 'f', description: '', labels: { b: 'c' }, tags: ['x'] }])
    expect(capabilities.events).toMatchObject([{ name: 'e', payload_schema: null, labels: null }])
    expect(Object.keys(registry.registered[0].status)).toEqual(['busy_score', 'ts'])
    expect(registry.devices.get('h1')?.record.status).toMatchObject({ mood: 'fine' })
  })

  test('says good-bye: its record is offline at once, and lapses', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    const gone = await tap(await net.wire(), 'device-connect.t.device.offline')
    const mesh = await joined(net)
    await net.settle(mesh.close())
    expect(registry.devices.get('h1')?.record.status).toMatchObject({ availability: 'offline', online: false })
    await net.clock.advance(17_000)
    expect(gone.map(({ body }) => body.params.device_id)).toEqual(['h1'])
    expect(registry.devices.has('h1')).toBe(false)
    expect(registry.registered).toHaveLength(1)
  })

  test('is registered again after each of 20 outages of its line', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    const mesh = await joined(net, {}, {}, 'host')
    for (let turn = 0; turn < 20; turn++) {
      net.network.partition('host')
      await net.clock.advance(turn % 2 === 0 ? 1_000 : 20_000)
      mesh.advertise(offering(turn + 2, `f${turn}`))
      net.network.heal('host')
      await net.clock.advance(5_000)
      expect(mesh.status).toBe('connected')
      expect(registry.devices.get('h1')?.record.capabilities.functions).toMatchObject([{ name: `f${turn}` }])
    }
  })

  test('keeps a rival out, and tells of one that comes later', async () => {
    await using net = testNetwork()
    await fakeRegistry(net)
    const mesh = await joined(net)
    const told: unknown[] = []
    mesh.onStatus((event) => told.push(event))
    const second = net.member(h1, serve, infra)
    await expect(net.settle(second.connect())).rejects.toMatchObject({ code: 'BP_IDENTITY_TAKEN' })
    const wire = await net.wire()
    await wire.publish('device-connect.t.h1.presence', new TextEncoder().encode('{"device_id":"h1"}'))
    await net.clock.advance(10)
    expect(told).toMatchObject([{ type: 'error', error: { code: 'BP_IDENTITY_TAKEN' } }])
  })
})

describe('discovery by a registry', () => {
  test('asks page by page, gives each device once, and narrows to the selector', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    for (let n = 0; n < 25; n++) registry.add(`d${n}`, { identity: { device_type: n % 2 ? 'lamp' : 'camera' } })
    const mesh = await client(net, { pageSize: 10 })
    expect(await mesh.discover()).toHaveLength(25)
    expect(registry.asked).toMatchObject([{ offset: 0, limit: 10 }, { offset: 10 }, { offset: 20 }])
    expect(await mesh.discover('device(type:lamp)')).toHaveLength(12)
  })

  test('gives each page as it comes, and asks no further than wanted', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    for (let n = 0; n < 50; n++) registry.add(`d${n}`)
    const mesh = await client(net, { pageSize: 10 })
    const seen: string[] = []
    for await (const { deviceId } of mesh.devices()) if (seen.push(deviceId) === 15) break
    expect(seen.at(-1)).toBe('d14')
    expect(registry.asked).toHaveLength(2)
  })

  test('asks for one device where it can mean but one', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    registry.add('d1')
    const mesh = await client(net)
    expect(await mesh.discover('device(d1)')).toMatchObject([{ deviceId: 'd1' }])
    expect(await mesh.discover('device(d2)')).toEqual([])
    expect(registry.asked).toMatchObject([{ method: 'discovery/getDevice', device_id: 'd1' }, { device_id: 'd2' }])
  })

  test('asks for smaller pages where the broker does not carry one', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net, { maxBytes: 2_000 })
    for (let n = 0; n < 100; n++) registry.add(`d${n}`)
    const mesh = await client(net)
    expect(await mesh.discover()).toHaveLength(100)
  })

  test('is not led round in circles, and not upset by what it is answered', async () => {
    await using net = testNetwork()
    const mesh = await client(net)
    const wire = await net.wire()
    let result: unknown = { devices: [{ device_id: 'a' }], next_offset: 0 }
    await wire.serve('device-connect.t.discovery', () =>
      new TextEncoder().encode(result === undefined ? 'garbage' : JSON.stringify({ result })),
    )
    const refused = { code: 'BP_DEVICE_CONNECT_REGISTRY_REFUSED' }
    await expect(mesh.discover()).rejects.toMatchObject(refused)
    for (result of [undefined, null, 5, { devices: 5 }]) await expect(mesh.discover()).rejects.toMatchObject(refused)
    result = { devices: [5, null, {}, { device_id: 'a' }, { device_id: 'a' }], next_offset: null }
    expect(await mesh.discover()).toMatchObject([{ deviceId: 'a' }])
  })

  test('does not follow pages without end for longer than its time', async () => {
    await using net = testNetwork()
    const mesh = await client(net)
    const wire = await net.wire()
    let pages = 0
    await wire.serve('device-connect.t.discovery', async () => {
      pages++
      await net.clock.advance(0.5)
      return new TextEncoder().encode(JSON.stringify({ result: { devices: [], next_offset: pages } }))
    })
    await expect(mesh.discover('device(*)', { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE',
    })
    expect(pages).toBeLessThanOrEqual(201)
  })

  test('waits a moment for a registry that restarts, and says within its time that there is none', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    registry.add('d1')
    const mesh = await client(net)
    await registry.kill()
    const began = net.clock.now()
    await expect(net.settle(mesh.discover())).rejects.toMatchObject({ code: 'BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE' })
    expect(net.clock.now() - began).toBeLessThan(3_000)
    const looking = mesh.discover()
    await net.clock.advance(500)
    await registry.start()
    registry.add('d1')
    expect(await net.settle(looking)).toHaveLength(1)
    registry.silence(true)
    const slow = net.clock.now()
    const unavailable = { code: 'BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE' }
    await expect(net.settle(mesh.discover(undefined, { timeoutMs: 7_000 }))).rejects.toMatchObject(unavailable)
    expect(net.clock.now() - slow).toBeGreaterThanOrEqual(7_000)
    expect(net.clock.now() - slow).toBeLessThan(7_500)
    const abort = new AbortController()
    const aborted = mesh.discover(undefined, { signal: abort.signal })
    abort.abort()
    await expect(net.settle(aborted)).rejects.toMatchObject({ code: 'BP_ABORTED' })
  })

  test('says that the line is cut while it asks', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    registry.silence(true)
    const mesh = await client(net, {}, 'line')
    const cut = mesh.discover()
    await net.clock.advance(10)
    net.network.partition('line')
    await expect(net.settle(cut)).rejects.toMatchObject({ code: 'BP_DISCONNECTED' })
  })
})

describe.each(['d2d', 'infra'] as const)('with discovery %s', (discovery) => {
  test('who comes and goes is told under the names that drivers use', async () => {
    await using net = testNetwork()
    await fakeRegistry(net)
    const mesh = await client(net, { discovery })
    const told: string[] = []
    for (const event of ['peer_present', 'peer_lost', 'device.online', 'device.offline']) {
      await mesh.on({ event, device: 'h*' }, ({ device, event }) => void told.push(`${device} ${event}`))
    }
    const ended = await mesh.on({ event: 'peer_lost' }, () => void told.push('never'))
    await ended.unsubscribe()
    const other = await joined(net, { discovery }, { deviceId: 'other' })
    const host = await joined(net, { discovery })
    await net.clock.advance(1_000)
    expect(told.toSorted()).toEqual(['h1 device.online', 'h1 peer_present'])
    told.length = 0
    await net.settle(other.close())
    await net.settle(host.close())
    await net.clock.advance(20_000)
    expect(told.toSorted()).toEqual(['h1 device.offline', 'h1 peer_lost'])
  })

  test('it can be waited for a device', async () => {
    await using net = testNetwork()
    await fakeRegistry(net)
    const mesh = await client(net, { discovery })
    const late = mesh.waitFor('function(b)')
    const host = await joined(net, { discovery })
    await net.clock.advance(2_000)
    host.advertise(offering(2, 'b'))
    expect(await net.settle(late)).toMatchObject({ deviceId: 'h1', functions: [{ name: 'b' }] })
    const never = mesh.waitFor('device(nobody)', { timeoutMs: 3_000 })
    await expect(net.settle(never)).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
    const abort = new AbortController()
    const aborted = mesh.waitFor('device(nobody)', { signal: abort.signal })
    await net.clock.advance(1_200)
    abort.abort()
    await expect(net.settle(aborted)).rejects.toMatchObject({ code: 'BP_ABORTED' })
    await expect(mesh.waitFor('device(')).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  })

  test('a device waits for those that it depends on, and gives up when they do not come', async () => {
    await using net = testNetwork()
    const registry = await fakeRegistry(net)
    const coordinator = net.member({ deviceId: 'boss', tenant: 't' }, serve, {
      ...infra,
      discovery,
      dependsOn: ['robot'],
    })
    const joining = coordinator.connect()
    let isJoined = false
    joining.then(
      () => (isJoined = true),
      () => {},
    )
    await net.clock.advance(5_000)
    expect(isJoined).toBe(false)
    expect(await ask(await net.wire(), 'device-connect.t.boss.cmd', { id: 1, method: 'a' })).toMatchObject({
      result: null,
    })
    await joined(net, { discovery }, { deviceId: 'r1', deviceType: 'robot' })
    await net.settle(joining)
    const init = { ...infra, discovery, dependsOn: ['speaker'], dependsTimeoutMs: 4_000 }
    const alone = net.member({ deviceId: 'lone', tenant: 't' }, serve, init)
    await expect(net.settle(alone.connect())).rejects.toMatchObject({ code: 'BP_DEVICE_CONNECT_DEPENDENCY_MISSING' })
    expect(alone.status).toBe('idle')
    await net.clock.advance(40_000)
    expect(registry.devices.has('lone')).toBe(false)
  })
})

test('a mode of discovery that is none is refused', () => {
  const net = testNetwork()
  const make = (init: object) => () => net.member(h1, serve, init)
  for (const init of [{ discovery: 'portal' }, { pageSize: 0 }, { ttlSeconds: 1.5 }]) {
    expect(make(init)).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
  }
})
