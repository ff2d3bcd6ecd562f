import { coreError, type MeshCall } from '@backplane/core'
import { describe, expect, test } from 'vitest'
import { type TestNetwork, tap, testNetwork } from './meshes.ts'

const subject = 'device-connect.t.broadcast'

async function listening(net: TestNetwork) {
  const calls: MeshCall[] = []
  const mesh = net.member({ deviceId: 'h1', tenant: 't' }, async (call) => {
    calls.push(call)
    if (call.name === 'fails') throw new Error('no water')
    return { ok: call.params.n ?? 0 }
  })
  await net.settle(mesh.connect())
  const wire = await net.wire()
  const replies = await tap(wire, 'device-connect.t.h1.event.async_reply.*')
  const send = async (envelope: unknown) => {
    await wire.publish(
      subject,
      new TextEncoder().encode(typeof envelope === 'string' ? envelope : JSON.stringify(envelope)),
    )
    await net.clock.advance(1)
  }
  return { calls, replies, send, mesh }
}

describe('a broadcast that comes in', () => {
  test('is run and answered, as by a Python device', async () => {
    await using net = testNetwork()
    const { replies, send } = await listening(net)
    await send({ correlation_id: 'br-1', function: 'f', params: { n: 5 } })
    await send({ correlation_id: 'br-2', function: 'fails', targets: ['other', 'h1'] })
    expect(replies).toEqual([
      {
        subject: 'device-connect.t.h1.event.async_reply.br-1',
        body: {
          correlation_id: 'br-1',
          device_id: 'h1',
          success: true,
          result: { ok: 5 },
          actually_fired_at: expect.any(Number),
        },
      },
      {
        subject: 'device-connect.t.h1.event.async_reply.br-2',
        body: {
          correlation_id: 'br-2',
          device_id: 'h1',
          success: false,
          error: { code: 'invoke_failed', message: 'no water' },
          actually_fired_at: expect.any(Number),
        },
      },
    ])
  })

  test('that fails by a code of ours says it, for those who know it', async () => {
    await using net = testNetwork()
    const busy = coreError('BP_PLUGIN_BUSY', { details: { plugin: 'p', limit: '2 calls' } })
    const device = net.member({ deviceId: 'h1', tenant: 't' }, () => Promise.reject(busy))
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(Promise.all([device.connect(), client.connect()]))
    const [reply] = await net.settle(gathered(client.broadcast('f', {}, { targets: ['h1'] })))
    const error = { code: 'BP_REMOTE_FAILED', retryable: true, details: { remoteCode: 'BP_PLUGIN_BUSY' } }
    expect(reply).toMatchObject({ ok: false, error })
  })

  test.each([
    ['for others', { correlation_id: 'a', function: 'f', targets: ['h2'] }],
    ['with a predicate that is no text', { correlation_id: 'a', function: 'f', where: { battery: 5 } }],
    ['without a correlation', { function: 'f' }],
    ['with a correlation that is no token', { correlation_id: 'a.b', function: 'f' }],
    ['without a function', { correlation_id: 'a' }],
    ['with odd params', { correlation_id: 'a', function: 'f', params: [1] }],
    ['with an odd time', { correlation_id: 'a', function: 'f', fire_at: 'soon' }],
    ['that is no JSON', 'no'],
    ['that is no object', '5'],
  ])('%s is not run', async (_, envelope) => {
    await using net = testNetwork()
    const { calls, replies, send } = await listening(net)
    await send(envelope)
    expect(calls).toEqual([])
    expect(replies).toEqual([])
  })

  test('with a predicate is run by whom it means, and by nobody when it fails', async () => {
    await using net = testNetwork()
    const status = () => ({ battery: 80, temperature: 21.5 })
    const labels = { category: ['camera', 'robot'], zone: 'a' }
    const calls: string[] = []
    const identity = { deviceId: 'h1', tenant: 't', location: 'hall-2', labels }
    const mesh = net.member(identity, async ({ name }) => calls.push(name), { status })
    await net.settle(mesh.connect())
    const wire = await net.wire()
    const send = (name: string, where: string, more: object = {}) => {
      const envelope = { correlation_id: 'br-1', function: name, where, ...more }
      return wire.publish(subject, new TextEncoder().encode(JSON.stringify(envelope)))
    }
    await send('battery', 'status.battery > 50')
    await send('weak', 'status.battery > 90')
    await send('label', "'camera' in labels.category && labels.location == 'hall-2'")
    await send('elsewhere', "labels.location == 'hall-3'")
    await send('me', "identity.device_id == 'h1' && identity.device_type == 'plugin_host'")
    await send('bound', 'status.temperature * 2.0 > bindings.least', { bindings: { least: 42.5 } })
    await send('unbound', 'status.temperature > bindings.least')
    await send('wrong', 'status.battery >')
    await expect.poll(() => net.logs.filter(({ text }) => text.includes('where clause failed')).length).toBe(2)
    await expect.poll(() => [...calls].sort()).toEqual(['battery', 'bound', 'label', 'me'])
  })

  test('costs what a second has for predicates and no more, and is told of in few lines', async () => {
    await using net = testNetwork()
    const { calls, send, mesh } = await listening(net)
    const text = JSON.stringify({ a: Array.from({ length: 500 }, () => 1) })
    const where = 'bindings.a.all(x, bindings.a.all(y, bindings.a.all(z, x + y + z > 0)))'
    const flood = `{"correlation_id":"br-1","function":"f","where":${JSON.stringify(where)},"bindings":${text}}`
    for (let at = 0; at < 100; at++) await send(flood)
    const failed = () => net.logs.filter(({ text: line }) => line.includes('where clause'))
    await expect.poll(() => failed().length).toBeGreaterThan(2)
    await send({ correlation_id: 'br-2', function: 'f', where: 'true' })
    expect(calls, 'who floods is not heard for a while').toEqual([])
    await send({ correlation_id: 'br-3', function: 'g', where: 'true', params: { _dc_meta: { source_device: 'b' } } })
    await expect.poll(() => calls.map(({ name }) => name)).toEqual(['g'])
    await net.clock.advance(3_000)
    await send({ correlation_id: 'br-4', function: 'h', where: 'true' })
    await expect.poll(() => calls.map(({ name }) => name)).toEqual(['g', 'h'])
    expect(failed().length).toBeLessThanOrEqual(5)
    for (let at = 0; at < 50; at++) await send('no JSON')
    await net.clock.advance(1_000)
    await send('no JSON')
    expect(net.logs.filter(({ text: line }) => line.includes('a broadcast is not run')).length).toBeLessThan(20)
    expect(net.logs.map(({ text: line }) => line)).toContain('log records dropped')
    await net.settle(mesh.close())
  })

  test('waits for its time, even a far one; late, it is skipped unless it says otherwise', async () => {
    await using net = testNetwork()
    const { calls, send } = await listening(net)
    const now = net.clock.now() / 1000
    await send({ correlation_id: 'a', function: 'soon', fire_at: now + 10 })
    await send({ correlation_id: 'b', function: 'far', fire_at: now + 40 * 86_400 })
    await send({ correlation_id: 'c', function: 'late', fire_at: now - 1 })
    await send({ correlation_id: 'd', function: 'still', fire_at: now - 1, on_late: 'fire' })
    const names = () => calls.map(({ name }) => name)
    expect(names()).toEqual(['still'])
    await net.clock.advance(10_000)
    expect(names()).toEqual(['still', 'soon'])
  })

  test('that waits is dropped when the host leaves', async () => {
    await using net = testNetwork()
    const { calls, send, mesh } = await listening(net)
    await send({ correlation_id: 'a', function: 'f', fire_at: net.clock.now() / 1000 + 10 })
    await net.settle(mesh.close())
    await net.clock.advance(20_000)
    expect(calls).toEqual([])
  })
})

describe('broadcast', () => {
  async function fleet(net: TestNetwork) {
    for (const deviceId of ['a', 'b', 'c']) {
      const mesh = net.member({ deviceId, tenant: 't' }, async ({ name }) => {
        if (name === 'f' && deviceId === 'b') throw new Error('b is tired')
        return deviceId
      })
      await net.settle(mesh.connect())
    }
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(client.connect())
    return client
  }

  test('gives each reply as it comes, and ends in time', async () => {
    await using net = testNetwork()
    const client = await fleet(net)
    const replies = await net.settle(gathered(client.broadcast('f', {}, { timeoutMs: 2_000 })))
    expect(replies.toSorted((a, b) => a.device.localeCompare(b.device))).toEqual([
      { device: 'a', ok: true, result: 'a', firedAt: expect.any(Number) },
      {
        device: 'b',
        ok: false,
        error: expect.objectContaining({ code: 'BP_REMOTE_FAILED', message: 'b is tired' }),
        firedAt: expect.any(Number),
      },
      { device: 'c', ok: true, result: 'c', firedAt: expect.any(Number) },
    ])
  })

  test('ends when every target has answered, at the time it names', async () => {
    await using net = testNetwork()
    const client = await fleet(net)
    const fireAt = net.clock.now() + 5_000
    const replies = await net.settle(gathered(client.broadcast('g', {}, { targets: ['a', 'c'], fireAt })))
    expect(replies.map(({ device }) => device).sort()).toEqual(['a', 'c'])
    expect(replies.every(({ firedAt }) => firedAt! >= fireAt)).toBe(true)
  })

  test('is for whom a predicate means, with what it is bound to', async () => {
    await using net = testNetwork()
    const client = await fleet(net)
    const where = 'identity.device_id in bindings.ids'
    const bindings = { ids: ['a', 'c', 'z'] }
    const replies: string[] = []
    const all = client.broadcast('g', {}, { where, bindings, targets: ['a', 'b', 'c'], timeoutMs: 5_000, until: 2 })
    const done = (async () => {
      for await (const { device } of all) replies.push(device)
    })()
    await expect.poll(() => net.clock.advance(1).then(() => replies.length)).toBe(2)
    await done
    expect(replies.sort()).toEqual(['a', 'c'])
    const wrong = client.broadcast('g', {}, { where: 'identity.' })
    await expect(wrong.next()).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  })

  test('has replies that others may await by its correlation id', async () => {
    await using net = testNetwork()
    const client = await fleet(net)
    const other = gathered(client.awaitReplies('br-shared', { until: 3, timeoutMs: 5_000 }))
    const own = gathered(client.broadcast('g', {}, { correlationId: 'br-shared', until: 3 }))
    const [heard, replies] = await net.settle(Promise.all([other, own]))
    expect(heard).toEqual(replies)
    await expect(client.awaitReplies('a.b').next()).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  })

  test('can be left and cancelled, and leaves nothing behind', async () => {
    await using net = testNetwork()
    const client = await fleet(net)
    for await (const reply of client.broadcast('g')) {
      expect(reply.ok).toBe(true)
      break
    }
    const abort = new AbortController()
    const all = gathered(client.broadcast('g', {}, { until: 9, signal: abort.signal }))
    net.clock.after(100, () => abort.abort())
    await expect(net.settle(all)).rejects.toMatchObject({ code: 'BP_ABORTED' })
  })
})

async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
