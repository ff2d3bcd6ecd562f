import { coreError, type MeshCall } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { describe, expect, test } from 'vitest'
import exchanges from './fixtures/exchanges.json' with { type: 'json' }
import { ask, offering, testNetwork } from './meshes.ts'

const cmd = 'device-connect.t.h1.cmd'
const h1 = { deviceId: 'h1', tenant: 't' }

async function greet({ name, params }: MeshCall) {
  if (name === 'load_plugin') return exchanges.calls[params.plugin_id === 'zzz' ? 5 : 0]!.reply.result as never
  if (name !== 'hello_world' && name !== 'hello-world.hello_world') {
    throw coreError('BP_FUNCTION_UNKNOWN', { details: { name } })
  }
  if ('bogus' in params) throw new TypeError(exchanges.calls[4]!.reply.error!.message)
  return { message: `Hello, ${params.name ?? 'world'}!` }
}

describe('what comes in on cmd', () => {
  test.each(exchanges.calls)('is answered as by the Python host: $request.method $request.params', async (call) => {
    await using net = testNetwork()
    await net.settle(net.member(h1, greet).connect())
    expect(await ask(await net.wire(), cmd, call.request)).toEqual(call.reply)
  })

  test.each([
    ['not json', -32700, null],
    ['', -32700, null],
    ['{"id":1', -32700, null],
    ['[]', -32600, null],
    ['[{"id":1,"method":"hello_world"}]', -32600, null],
    ['"x"', -32600, null],
    ['null', -32600, null],
    ['{}', -32600, null],
    ['{"id":"a"}', -32600, 'a'],
    ['{"id":"a","method":5,"params":{}}', -32600, 'a'],
    ['{"id":"a","method":"hello_world","params":null}', -32602, 'a'],
    ['{"id":"a","method":"nope","params":[]}', -32602, 'a'],
    ['{"id":"a","method":"hello_world","params":"x"}', -32602, 'a'],
    ['{"id":null,"method":"nope","params":{}}', -32601, null],
    ['{"id":{"o":1},"method":"nope"}', -32601, { o: 1 }],
    ['{"jsonrpc":"1.0","id":7,"method":"nope"}', -32601, 7],
  ])('is answered where it is malformed: %s', async (body, code, id) => {
    await using net = testNetwork()
    await net.settle(net.member(h1, greet).connect())
    const reply = await ask(await net.wire(), cmd, body)
    expect(reply).toEqual({ jsonrpc: '2.0', id, error: { code, message: expect.stringMatching(/./) } })
  })

  test('bytes that are not UTF-8 are answered', async () => {
    await using net = testNetwork()
    await net.settle(net.member(h1, greet).connect())
    const wire = await net.wire()
    const { payload } = await wire.request(cmd, Uint8Array.of(0x22, 0xff, 0x22))
    expect(JSON.parse(new TextDecoder().decode(payload)).error.code).toBe(-32700)
  })

  test('a notification is neither run nor answered; a published request is run', async () => {
    await using net = testNetwork()
    const ran: string[] = []
    const mesh = net.member(h1, async ({ params }) => {
      ran.push(String(params.tag))
      return null
    })
    await net.settle(mesh.connect())
    const wire = await net.wire()
    const silent = net.settle(ask(wire, cmd, { method: 'x', params: { tag: 'notified' } }))
    await expect(silent).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
    const published = { id: '1', method: 'x', params: { tag: 'published' } }
    await wire.publish(cmd, new TextEncoder().encode(JSON.stringify(published)))
    await net.clock.advance(10)
    expect(ran).toEqual(['published'])
  })

  test('numbers keep what they are, also those that only Python writes; _dc_meta says who asks and for which trace', async () => {
    await using net = testNetwork()
    const calls: MeshCall[] = []
    const mesh = net.member(h1, async (call) => {
      calls.push(call)
      return null
    })
    await net.settle(mesh.connect())
    const wire = await net.wire()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const meta = { source_device: 'agent-1', traceparent, tracestate: 'a=b' }
    await ask(
      wire,
      cmd,
      `{"id":1,"method":"f","params":{"a":NaN,"ts":1795298180547494123,"b":[-Infinity,"NaN \\" Infinity"],"_dc_meta":${JSON.stringify(meta)}}}`,
    )
    await ask(wire, cmd, { id: 2, method: 'f', params: { _dc_meta: { trace_id: '64113af84754459a' } } })
    expect(calls[0]).toMatchObject({
      params: { a: Number.NaN, ts: 1795298180547494123n, b: [-Infinity, 'NaN " Infinity'] },
      caller: { kind: 'mesh', id: 'agent-1' },
      trace: { traceparent, tracestate: 'a=b' },
    })
    expect(calls[0]!.params).not.toHaveProperty('_dc_meta')
    expect(calls[1]).toMatchObject({
      params: {},
      caller: { kind: 'mesh' },
      trace: { traceparent: '00-000000000000000064113af84754459a-64113af84754459a-01' },
    })
  })

  test('numbers go out as Python reads them, and an id that is one comes back with each digit', async () => {
    await using net = testNetwork()
    await net.settle(net.member(h1, async ({ params }) => params.value ?? null).connect())
    const wire = await net.wire()
    const body = '{"id":18446744073709551615,"method":"echo","params":{"value":[NaN,-9007199254740993,1e400,-0.0]}}'
    const { payload } = await wire.request(cmd, new TextEncoder().encode(body))
    expect(new TextDecoder().decode(payload)).toBe(
      '{"jsonrpc":"2.0","id":18446744073709551615,"result":[NaN,-9007199254740993,Infinity,-0.0]}',
    )
  })

  test('nesting without end is refused in words', async () => {
    await using net = testNetwork()
    await net.settle(net.member(h1, async () => 'fine').connect())
    const wire = await net.wire()
    const body = `{"id":1,"method":"f","params":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`
    const { payload } = await wire.request(cmd, new TextEncoder().encode(body))
    const { error } = JSON.parse(new TextDecoder().decode(payload))
    expect(error).toMatchObject({ code: -32600, message: expect.stringContaining('nested deeper than 256') })
  })

  test('calls run side by side', async () => {
    await using net = testNetwork()
    const gates = new Map<string, () => void>()
    const mesh = net.member(h1, async ({ name }) => {
      if (name === 'slow') await new Promise<void>((resolve) => gates.set(name, resolve))
      return name
    })
    await net.settle(mesh.connect())
    const wire = await net.wire()
    const slow = ask(wire, cmd, { id: 1, method: 'slow' })
    expect(await ask(wire, cmd, { id: 2, method: 'quick' })).toMatchObject({ id: 2, result: 'quick' })
    gates.get('slow')!()
    expect(await slow).toMatchObject({ id: 1, result: 'slow' })
  })

  test('a result that JSON has no form for, or that is too large, is an error; bytes are base64', async () => {
    await using net = testNetwork()
    const results: Record<string, unknown> = {
      bytes: { blob: Uint8Array.of(1, 2, 3) },
      date: { deep: [new Date(0)] },
      nothing: undefined,
      large: 'x'.repeat(2_000_000),
    }
    await net.settle(net.member(h1, async ({ name }) => results[name] as never).connect())
    const wire = await net.wire()
    expect(await ask(wire, cmd, { id: 1, method: 'bytes' })).toMatchObject({ result: { blob: 'AQID' } })
    expect(await ask(wire, cmd, { id: 1, method: 'nothing' })).toMatchObject({ result: null })
    expect(await ask(wire, cmd, { id: 1, method: 'date' })).toMatchObject({
      error: { code: -32000, message: expect.stringContaining('/deep/0'), data: { code: 'BP_VALUE_INVALID' } },
    })
    expect(await ask(wire, cmd, { id: 1, method: 'large' })).toMatchObject({
      error: { code: -32000, data: { code: 'BP_PAYLOAD_TOO_LARGE' } },
    })
  })

  test('requestRegistration is built in, and true to what is offered now', async () => {
    await using net = testNetwork()
    const mesh = net.member({ ...h1, location: 'lab' }, greet, { ttlSeconds: 30, status: () => ({ battery: 80 }) })
    await net.settle(mesh.connect())
    mesh.advertise(offering(2, 'hello_world'))
    const { result } = await ask(await net.wire(), cmd, {
      id: 're-reg-h1-1',
      method: 'requestRegistration',
      params: {},
    })
    expect(Object.keys(result).sort()).toEqual(exchanges.registrationKeys)
    expect(result).toMatchObject({
      device_id: 'h1',
      device_ttl: 30,
      identity: { device_type: 'plugin_host' },
      status: { ts: '2026-11-21T21:56:20Z', availability: 'available', online: true, location: 'lab', battery: 80 },
    })
    expect(result.capabilities.functions.map((fn: { name: string }) => fn.name)).toEqual(['hello_world'])
  })
})

describe('invoke', () => {
  test('gives the result, and says who asks', async () => {
    await using net = testNetwork()
    const calls: MeshCall[] = []
    const device = net.member(h1, async (call) => {
      calls.push(call)
      return greet(call)
    })
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(Promise.all([device.connect(), client.connect()]))
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    const result = client.invoke('h1', 'hello_world', { name: 'plugin' }, { trace, timeoutMs: 1_234 })
    expect(await result).toEqual({ message: 'Hello, plugin!' })
    expect(calls[0]).toMatchObject({ params: { name: 'plugin' }, caller: { id: 'c1' }, trace, timeoutMs: 1_234 })
  })

  test.each([
    [
      'a name that nobody knows',
      coreError('BP_FUNCTION_UNKNOWN', { details: { name: 'f' } }),
      'BP_FUNCTION_UNKNOWN',
      'Unknown method: f',
    ],
    [
      'a name that the function asked another for',
      coreError('BP_FUNCTION_UNKNOWN', { details: { name: 'g' } }),
      'BP_REMOTE_FAILED',
      'Unknown method: g',
    ],
    [
      'parameters',
      contractError('BP_PARAMS_INVALID', { details: { name: 'f', issues: '/a is missing' } }),
      'BP_PARAMS_INVALID',
      /a is missing/,
    ],
    ['the plugin', coreError('BP_PLUGIN_FAILED', { details: { reason: 'no water' } }), 'BP_REMOTE_FAILED', 'no water'],
    ['an exception', new RangeError('too far'), 'BP_REMOTE_FAILED', 'too far'],
    ['no text', '', 'BP_REMOTE_FAILED', 'no message'],
    [
      'a limit',
      coreError('BP_PLUGIN_BUSY', { details: { plugin: 'p', limit: '2 calls' } }),
      'BP_REMOTE_FAILED',
      /at its limit/,
    ],
    [
      'time on the other side',
      coreError('BP_TIMEOUT', { details: { what: 'f', timeoutMs: 5 } }),
      'BP_TIMEOUT',
      /within 5 ms/,
    ],
    ['cancelling on the other side', coreError('BP_ABORTED'), 'BP_REMOTE_FAILED', /cancelled/],
  ])('fails by %s', async (_, thrown, code, message) => {
    await using net = testNetwork()
    const device = net.member(h1, () => Promise.reject(thrown))
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(Promise.all([device.connect(), client.connect()]))
    const error = await client.invoke('h1', 'f').catch((caught) => caught)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('keeps what a Backplane host says of its error', async () => {
    await using net = testNetwork()
    const busy = coreError('BP_PLUGIN_BUSY', { details: { plugin: 'p', limit: '2 calls' } })
    const device = net.member(h1, () => Promise.reject(busy))
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(Promise.all([device.connect(), client.connect()]))
    const error = await client.invoke('h1', 'f').catch((caught) => caught)
    expect(error).toMatchObject({
      retryable: true,
      next: busy.next,
      details: { remoteCode: 'BP_PLUGIN_BUSY', device: 'h1' },
    })
  })

  test('tells nobody there, no answer in time, and the caller who gave up apart', async () => {
    await using net = testNetwork()
    const device = net.member(h1, () => new Promise(() => {}))
    const client = net.member({ deviceId: 'c1', tenant: 't' })
    await net.settle(Promise.all([device.connect(), client.connect()]))
    await expect(client.invoke('absent', 'f')).rejects.toMatchObject({ code: 'BP_NO_RESPONDER', retryable: true })
    await expect(net.settle(client.invoke('h1', 'f', {}, { timeoutMs: 100 }))).rejects.toMatchObject({
      code: 'BP_TIMEOUT',
    })
    const abort = new AbortController()
    const given = client.invoke('h1', 'f', {}, { signal: abort.signal })
    abort.abort()
    await expect(given).rejects.toMatchObject({ code: 'BP_ABORTED' })
    await expect(client.invoke('a*', 'f')).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
    for (const timeoutMs of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const refused of [
        client.invoke('h1', 'f', {}, { timeoutMs }),
        client.discover('device(*)', { timeoutMs }),
      ]) {
        await expect(refused).rejects.toMatchObject({
          code: 'BP_INVALID_ARGUMENT',
          message: expect.stringMatching(/timeoutMs/),
        })
      }
    }
  })

  test.each(['oops', '[]', '{}', '{"jsonrpc":"2.0","id":"1"}'])(
    'an answer that is none is a failure: %s',
    async (body) => {
      await using net = testNetwork()
      const wire = await net.wire()
      await wire.serve('device-connect.t.odd.cmd', () => new TextEncoder().encode(body))
      const client = net.member({ deviceId: 'c1', tenant: 't' })
      await net.settle(client.connect())
      await expect(client.invoke('odd', 'f')).rejects.toMatchObject({ code: 'BP_REMOTE_FAILED' })
    },
  )
})
