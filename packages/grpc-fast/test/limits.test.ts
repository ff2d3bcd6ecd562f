/**
 * Limits that hold to the end: of calls, of attempts to connect, of metadata, of silence; and who waits is waited for.
 */
import { execFile } from 'node:child_process'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connectivityState, Metadata, status } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { flag, frame, frameType, goAwayFrame, settingsFrame } from '../src/http2/frame.ts'
import { type FastChannel, type FastChannelInit, fastChannel } from '../src/index.ts'
import { type Peer, scripted } from './peer.ts'
import { bytes, definition, serve, stub, unary } from './service.ts'

const open: FastChannel[] = []
afterEach(() => {
  for (const channel of open.splice(0)) channel.destroy()
})
function channelOf(init: FastChannelInit): FastChannel {
  const channel = fastChannel(init)
  open.push(channel)
  return channel
}

const tick = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const text = Buffer.from('x')
const ok = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
] as const

describe('a call with one answer, answered with more', () => {
  const answers: [string, (peer: Peer, id: number) => Buffer[], object][] = [
    ['two and OK', (peer, id) => [peer.headers(id, [['grpc-status', '0']], 5)], { code: status.INTERNAL }],
    [
      'two and a failure',
      (peer, id) => [
        peer.headers(
          id,
          [
            ['grpc-status', '9'],
            ['grpc-message', 'no'],
          ],
          5,
        ),
      ],
      { code: status.FAILED_PRECONDITION, details: 'no' },
    ],
    ['two and no end', () => [], { code: status.INTERNAL }],
    [
      'a hundred and OK',
      (peer, id) => [
        ...Array.from({ length: 98 }, () => peer.data(id, 'more')),
        peer.headers(id, [['grpc-status', '0']], 5),
      ],
      { code: status.INTERNAL },
    ],
  ]
  it.each(answers)('ends: %s', async (_, rest, expected) => {
    await using peers = await scripted()
    const channel = channelOf({ target: { path: peers.path } })
    const outcome = unary(stub(channel), definition.echo, text)
    const peer = await peers.next()
    const id = await peer.request()
    peer.send(peer.headers(id, ok), peer.data(id, 'one'), peer.data(id, 'two'), ...rest(peer, id))
    expect(await outcome).toMatchObject(expected)
    const next = unary(stub(channel), definition.echo, text)
    peer.send(peer.answer(await peer.request(1), 'fine'))
    expect(await next).toMatchObject({ code: 0, value: 'fine' })
  })

  it('ends also when the second comes later', async () => {
    await using peers = await scripted()
    const channel = channelOf({ target: { path: peers.path } })
    const outcome = unary(stub(channel), definition.echo, text)
    const peer = await peers.next()
    const id = await peer.request()
    peer.send(peer.headers(id, ok), peer.data(id, 'one'))
    await tick(20)
    peer.send(peer.data(id, 'two'), peer.headers(id, [['grpc-status', '0']], 5))
    expect(await outcome).toMatchObject({ code: status.INTERNAL })
  })
})

it('holds the deadline of a stream whose reader stopped, though its status has come', async () => {
  await using peers = await scripted()
  const channel = channelOf({ target: { path: peers.path } })
  const deadline = Date.now() + 300
  const options = { deadline }
  const stream = stub(channel).makeServerStreamRequest(definition.count.path, bytes, bytes, text, options)
  const peer = await peers.next()
  const id = await peer.request()
  peer.send(peer.headers(id, ok), ...Array.from({ length: 100 }, () => peer.data(id, 'one')))
  peer.send(peer.headers(id, [['grpc-status', '0']], 5))
  const { code } = await new Promise<{ code: number }>((resolve) => {
    stream.on('error', () => {})
    stream.on('status', resolve)
  })
  expect(code).toBe(status.DEADLINE_EXCEEDED)
  expect(Date.now()).toBeGreaterThanOrEqual(deadline)
})

it('gives a slow reader every message of a stream, in order', async () => {
  await using peers = await scripted()
  const channel = channelOf({ target: { path: peers.path } })
  const stream = stub(channel).makeServerStreamRequest(definition.count.path, bytes, bytes, text)
  const peer = await peers.next()
  const id = await peer.request()
  const sent = Array.from({ length: 60 }, (_, i) => String(i))
  peer.send(peer.headers(id, ok), ...sent.map((each) => peer.data(id, each)))
  peer.send(peer.headers(id, [['grpc-status', '0']], 5))
  const got: string[] = []
  for await (const each of stream) {
    got.push(String(each))
    await tick(1)
  }
  expect(got).toEqual(sent)
})

/** Accepts and says nothing; or what it is given, and then nothing. */
async function mute(
  ...first: Buffer[]
): Promise<AsyncDisposable & { readonly port: number; readonly sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server: Server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    for (const each of first) socket.write(each)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('the time to connect counts until the server speaks HTTP/2', () => {
  it.each<[string, Buffer[]]>([
    ['nothing', []],
    ['half a frame', [settingsFrame([[3, 100]]).subarray(0, 9)]],
  ])('a server that accepts and says %s', async (_, first) => {
    await using server = await mute(...first)
    const target = { host: '127.0.0.1', port: server.port }
    const channel = channelOf({ target, connectTimeoutMs: 60 })
    const call = unary(stub(channel), definition.echo, text)
    await expect(channel.connect()).rejects.toMatchObject({
      code: 'GRPC_FAST_CONNECT',
      message: 'the peer accepted the connection and said nothing of HTTP/2 within 60 ms',
    })
    expect(await call).toMatchObject({ code: status.UNAVAILABLE })
    expect(channel.getConnectivityState(false)).toBe(connectivityState.TRANSIENT_FAILURE)
  })

  it('a stream that somebody else opens', async () => {
    await using server = await mute()
    const channel = channelOf({ target: { open: () => connect(server.port, '127.0.0.1') }, connectTimeoutMs: 60 })
    await expect(channel.connect()).rejects.toMatchObject({ code: 'GRPC_FAST_CONNECT' })
  })

  it('and leaves a connection alone that has been made', async () => {
    await using peers = await scripted()
    const channel = channelOf({ target: { path: peers.path }, connectTimeoutMs: 60 })
    await channel.connect()
    const outcome = unary(stub(channel), definition.echo, text)
    const peer = await peers.next()
    const id = await peer.request()
    await tick(150)
    peer.send(peer.answer(id, 'late'))
    expect(await outcome).toMatchObject({ code: 0, value: 'late' })
  })
})

describe('metadata that is larger than the limit fails its own call', () => {
  it.each([70_000, 200_000, 1_000_000, 8_000_000])('trailers of %i bytes', async (size) => {
    await using peers = await scripted()
    const channel = channelOf({ target: { path: peers.path } })
    const client = stub(channel)
    const large = unary(client, definition.echo, text)
    const other = unary(client, definition.echo, text)
    const peer = await peers.next()
    const id = await peer.request()
    await peer.request(1)
    peer.send(peer.headers(id, ok), peer.data(id, 'one'))
    const block = peer.block([
      ['grpc-status', '3'],
      ['grpc-message', 'a'.repeat(size)],
    ])
    const parts: Buffer[] = []
    for (let at = 0; at < block.length; at += 16_384) {
      const last = at + 16_384 >= block.length ? flag.endHeaders : 0
      const type = at === 0 ? frameType.headers : frameType.continuation
      const flags = last | (at === 0 ? flag.endStream : 0)
      parts.push(frame(type, flags, id, block.subarray(at, at + 16_384)))
    }
    peer.send(...parts)
    expect(await large).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/^Received metadata larger than max \(\d+ vs 65536\)$/),
    })
    peer.send(peer.answer(3, 'other'))
    expect(await other).toMatchObject({ code: 0, value: 'other' })
    expect(peers.peers).toHaveLength(1)
  })

  it('and the limit can be set', async () => {
    await using peers = await scripted()
    const channel = channelOf({ target: { path: peers.path }, maxMetadataBytes: 1 << 20 })
    const outcome = unary(stub(channel), definition.echo, text)
    const peer = await peers.next()
    const id = await peer.request()
    const { payload } = await peer.wait(({ type }) => type === frameType.settings)
    const announced = Array.from({ length: payload.length / 6 }, (_, i) => [
      payload.readUInt16BE(i * 6),
      payload.readUInt32BE(i * 6 + 2),
    ])
    expect(announced).toContainEqual([6, 1 << 20])
    const block = peer.block([
      [':status', '200'],
      ['grpc-status', '3'],
      ['grpc-message', 'a'.repeat(300_000)],
    ])
    peer.send(frame(frameType.headers, flag.endStream, id, block.subarray(0, 16_000)))
    for (let at = 16_000; at < block.length; at += 16_000) {
      const last = at + 16_000 >= block.length ? flag.endHeaders : 0
      peer.send(frame(frameType.continuation, last, id, block.subarray(at, at + 16_000)))
    }
    const { code, details } = await outcome
    expect([code, details.length]).toEqual([3, 300_000])
  })

  it.each<[string, number, number]>([
    ['empty frames', 0, 1000],
    ['small frames', 10, 1000],
    ['more than anybody means', 16_384, 1100],
  ])('but a block without an end costs the connection: %s', async (_, size, count) => {
    await using peers = await scripted()
    const channel = channelOf({ target: { path: peers.path } })
    const outcome = unary(stub(channel), definition.echo, text)
    const peer = await peers.next()
    const id = await peer.request()
    peer.send(frame(frameType.headers, 0, id, peer.block(ok)))
    peer.send(...Array.from({ length: count }, () => frame(frameType.continuation, 0, id, Buffer.alloc(size))))
    expect(await outcome).toMatchObject({ code: status.UNAVAILABLE, details: /a header block without an end/ })
  })
})

describe('keep-alive', () => {
  /** Reads the client's pings; answers them for as long as it is told to. */
  const pings = (peer: Peer) => peer.seen.filter(({ type, flags }) => type === frameType.ping && !(flags & flag.ack))

  it('gives up on a connection whose peer is gone without a word', async () => {
    await using peers = await scripted()
    const channel = channelOf({ target: { path: peers.path }, keepAliveTimeMs: 40, keepAliveTimeoutMs: 40 })
    const outcome = unary(stub(channel), definition.echo, text)
    const peer = await peers.next()
    await peer.request()
    expect(await outcome).toMatchObject({
      code: status.UNAVAILABLE,
      details: 'Connection dropped: the peer gave no sign of life for 80 ms',
    })
    expect(pings(peer)).toHaveLength(1)
    const again = unary(stub(channel), definition.echo, text)
    const second = await peers.next()
    second.send(second.answer(await second.request(), 'there'))
    expect(await again).toMatchObject({ code: 0, value: 'there' })
  })

  it.each<[string, (peer: Peer) => Buffer]>([
    ['its answer', () => frame(frameType.ping, flag.ack, 0, Buffer.alloc(8))],
    ['any other byte', () => frame(frameType.ping, 0, 0, Buffer.alloc(8))],
  ])('takes for a sign of life: %s', async (_, sign) => {
    await using peers = await scripted()
    const channel = channelOf({ target: { path: peers.path }, keepAliveTimeMs: 20, keepAliveTimeoutMs: 4000 })
    const outcome = unary(stub(channel), definition.echo, text)
    const peer = await peers.next()
    const id = await peer.request()
    for (let n = 1; n <= 4; n++) {
      await peer.wait(() => pings(peer).length >= n)
      peer.send(sign(peer))
    }
    peer.send(peer.answer(id, 'patient'))
    expect(await outcome).toMatchObject({ code: 0, value: 'patient' })
  })

  it.each([
    [false, 0],
    [true, 1],
  ])('without a call it asks only where it is told to: %s', async (keepAliveWithoutCalls, least) => {
    await using peers = await scripted()
    const target = { path: peers.path }
    const channel = channelOf({ target, keepAliveTimeMs: 15, keepAliveTimeoutMs: 5000, keepAliveWithoutCalls })
    await channel.connect()
    const peer = await peers.next()
    if (least > 0) await peer.wait(() => pings(peer).length >= least)
    else await tick(120)
    expect(pings(peer).length > 0).toBe(keepAliveWithoutCalls)
  })

  it('asks half as often when the server says that it is asked too often', async () => {
    await using peers = await scripted()
    const target = { path: peers.path }
    const channel = channelOf({ target, keepAliveTimeMs: 600, keepAliveTimeoutMs: 60_000, keepAliveWithoutCalls: true })
    await channel.connect()
    const peer = await peers.next()
    peer.send(goAwayFrame(0, 11, 'too_many_pings'))
    await new Promise((resolve) => peer.socket.once('close', resolve))
    const began = performance.now()
    const next = unary(stub(channel), definition.echo, text)
    const second = await peers.next()
    const id = await second.request()
    await second.wait(() => pings(second).length > 0)
    expect(performance.now() - began).toBeGreaterThan(1100)
    second.send(second.answer(id, 'x'))
    expect((await next).code).toBe(0)
  })

  it('never asks by default', async () => {
    await using peers = await scripted()
    const channel = channelOf({ target: { path: peers.path } })
    const outcome = unary(stub(channel), definition.echo, text)
    const peer = await peers.next()
    const id = await peer.request()
    await tick(100)
    peer.send(peer.answer(id, 'x'))
    await outcome
    expect(pings(peer)).toEqual([])
  })
})

describe('who waits through the API is waited for', () => {
  /** Runs a program that has nothing but a channel; gives what it printed. */
  async function run(path: string, program: string): Promise<string> {
    const index = join(import.meta.dirname, '../src/index.ts')
    const whole = `
      import { Client, credentials, Metadata } from '@grpc/grpc-js'
      const { fastChannel } = await import(${JSON.stringify(index)})
      const channel = fastChannel({ target: { path: ${JSON.stringify(path)} } })
      ${program}`
    const args = ['--conditions=@backplane/source', '--input-type=module', '-e', whole]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname, timeout: 30_000 })
    return stdout
  }

  const programs: [string, string][] = [
    ['connect()', `await channel.connect(); console.log('done')`],
    [
      'connect() after one that was early',
      `await channel.connect({ early: true }); await channel.connect(); console.log('done')`,
    ],
    [
      'a call that waits for the server',
      `const metadata = new Metadata({ waitForReady: true })
       const client = new Client('x', credentials.createInsecure(), { channelOverride: channel })
       const same = (value) => value
       client.makeUnaryRequest('/test.Bytes/Echo', same, same, Buffer.from('x'), metadata, () => console.log('done'))`,
    ],
    [
      'one that gave up leaves the other waiting',
      `const stop = new AbortController()
       const first = channel.connect({ signal: stop.signal }).catch(() => {})
       const second = channel.connect()
       setTimeout(() => stop.abort(), 20)
       await first
       await second
       console.log('done')`,
    ],
  ]
  it.each(programs)('%s', async (_, program) => {
    using served = await serve()
    // SETTINGS come late: everything the server says is held back for a while.
    const slow = createServer((near) => {
      const far = connect(served.path)
      near.on('error', () => far.destroy()).pipe(far)
      far.on('error', () => near.destroy())
      setTimeout(() => far.pipe(near), 300)
    })
    const path = `${served.path}-slow`
    await new Promise<void>((resolve) => slow.listen(path, resolve))
    try {
      expect(await run(path, program)).toBe('done\n')
    } finally {
      slow.close()
    }
  })

  it('who has given up is not', async () => {
    await using peers = await scripted()
    const program = `
      const stop = new AbortController()
      channel.connect({ signal: stop.signal }).catch(() => console.log('given up'))
      await channel.connect({ early: true })
      setTimeout(() => stop.abort(), 20)`
    // The scripted peer's SETTINGS are taken away: a server that never settles.
    const silent = createServer(() => {})
    const path = `${peers.path}-silent`
    await new Promise<void>((resolve) => silent.listen(path, resolve))
    try {
      expect(await run(path, program)).toBe('given up\n')
    } finally {
      silent.close()
    }
  })
})

it('does not take what only looks like a word of keep-alive for one', async () => {
  await using peers = await scripted()
  const channel = channelOf({ target: { path: peers.path } })
  await channel.connect()
  const peer = await peers.next()
  const outcome = unary(stub(channel), definition.echo, text, { metadata: new Metadata() })
  await peer.request()
  peer.send(goAwayFrame(0, 0, 'too_many_pings'))
  const second = await peers.next()
  second.send(second.answer(await second.request(), 'again'))
  expect(await outcome).toMatchObject({ code: 0, value: 'again' })
})
