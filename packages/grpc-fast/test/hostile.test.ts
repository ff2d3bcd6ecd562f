import { createServer } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { connectivityState, Metadata, status } from '@grpc/grpc-js'
import { afterEach, expect, it } from 'vitest'
import { MessageReader } from '../src/grpc/messages.ts'
import { flag, frame, frameType, settingsFrame } from '../src/http2/frame.ts'
import { type FastChannel, type FastChannelInit, fastChannel } from '../src/index.ts'
import { message, scripted } from './peer.ts'
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

it.each<[string, FastChannelInit]>([
  ['a port that cannot be', { target: { host: 'localhost', port: 99_999 } }],
  ['a certificate that cannot be read', { target: { path: '/nowhere' }, tls: { cert: 'none' } }],
  [
    'options of TLS that cannot be had',
    {
      target: { path: '/nowhere' },
      tls: () => {
        throw new Error('no file')
      },
    },
  ],
  [
    'a certificate that cannot be read, over a stream',
    { target: { open: () => new PassThrough() }, tls: { cert: 'none' } },
  ],
])('says so at the call, not by throwing: %s', async (_, init) => {
  const channel = channelOf(init)
  await expect(channel.connect()).rejects.toMatchObject({ code: 'GRPC_FAST_CONNECT' })
  expect(channel.getConnectivityState(false)).toBe(connectivityState.TRANSIENT_FAILURE)
  const other = channelOf(init)
  expect(await unary(stub(other), definition.echo, Buffer.from('x'))).toMatchObject({ code: status.UNAVAILABLE })
})

const tick = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

it('keeps a call that waits for the server until one that speaks HTTP/2 is there', async () => {
  await using peers = await scripted()
  let attempts = 0
  const channel = channelOf({
    // The first two connections end before they have said anything.
    target: {
      open: () => {
        attempts += 1
        if (attempts > 2) return connect(peers.path)
        const dead = new PassThrough()
        setImmediate(() => dead.destroy())
        return dead
      },
    },
    minReconnectMs: 5,
  })
  const metadata = new Metadata({ waitForReady: true })
  const outcome = unary(stub(channel), definition.echo, Buffer.from('x'), { metadata })
  const peer = await peers.next()
  peer.send(peer.answer(await peer.request(), 'there'))
  expect(await outcome).toMatchObject({ code: 0, value: 'there' })
  expect(attempts).toBe(3)
})

it.each<[string, Buffer]>([
  ['PING', frame(frameType.ping, 0, 0, Buffer.alloc(8))],
  ['SETTINGS', settingsFrame([])],
])('gives up on a peer that sends %s without end and reads no answer', async (_, flood) => {
  await using peers = await scripted()
  const channel = channelOf({ target: { path: peers.path } })
  const outcome = unary(stub(channel), definition.echo, Buffer.from('x'))
  const { socket, request } = await peers.next().then((peer) => ({ socket: peer.socket, request: peer.request() }))
  await request
  socket.pause()
  const many = Buffer.concat(Array.from({ length: 4000 }, () => flood))
  let over = false
  socket.on('close', () => {
    over = true
  })
  void outcome.then(() => {
    over = true
  })
  while (!over) {
    if (socket.writableLength < 1e6) socket.write(many)
    await tick(0)
  }
  expect(await outcome).toMatchObject({ code: status.UNAVAILABLE, details: /more answers than it reads/ })
})

it('gives padding back in large pieces', async () => {
  await using peers = await scripted()
  const channel = channelOf({ target: { path: peers.path } })
  const outcome = unary(stub(channel), definition.echo, Buffer.from('x'))
  const peer = await peers.next()
  const id = await peer.request()
  peer.send(peer.headers(id, [[':status', '200']]))
  const padding = frame(frameType.data, flag.padded, id, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]))
  // More than three windows of nothing but padding.
  for (let sent = 0; sent < 3.5 * 2 ** 20; sent += 256 * 256) {
    peer.send(...Array.from({ length: 256 }, () => padding))
    peer.send(frame(frameType.ping, 0, 0, Buffer.alloc(8)))
    const pings = sent / 65_536 + 1
    await peer.wait(() => peer.seen.filter(({ type }) => type === frameType.ping).length >= pings)
  }
  peer.send(peer.data(id, 'yes'), peer.headers(id, [['grpc-status', '0']], flag.endHeaders | flag.endStream))
  expect(await outcome).toMatchObject({ code: 0, value: 'yes' })
  const updates = peer.seen.filter(({ type, stream }) => type === frameType.windowUpdate && stream === id)
  expect(updates.length).toBeLessThan(20)
})

it('unpacks messages when they are read', async () => {
  await using peers = await scripted()
  const channel = channelOf({ target: { path: peers.path } })
  const stream = stub(channel).makeServerStreamRequest(definition.count.path, bytes, bytes, Buffer.from('x'))
  const peer = await peers.next()
  const id = await peer.request()
  const bomb = gzipSync(Buffer.alloc(4 * 1024 * 1024)).toString('latin1')
  const many = Buffer.concat(Array.from({ length: 200 }, () => message(bomb, 1)))
  const before = process.memoryUsage().arrayBuffers
  peer.send(
    peer.headers(id, [
      [':status', '200'],
      ['grpc-encoding', 'gzip'],
    ]),
  )
  for (let at = 0; at < many.length; at += 16_000) {
    peer.send(frame(frameType.data, 0, id, many.subarray(at, at + 16_000)))
  }
  peer.send(frame(frameType.ping, 0, 0, Buffer.alloc(8)))
  await peer.wait(({ type }) => type === frameType.ping)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 1024 * 1024)
  let read = 0
  peer.send(peer.headers(id, [['grpc-status', '0']], flag.endHeaders | flag.endStream))
  for await (const one of stream) {
    expect((one as Buffer).length).toBe(4 * 1024 * 1024)
    read += 1
  }
  expect(read).toBe(200)
}, 30_000)

it('keeps order and pace with very many small messages and a slow reader', async () => {
  await using peers = await scripted()
  const channel = channelOf({ target: { path: peers.path } })
  const stream = stub(channel).makeServerStreamRequest(definition.count.path, bytes, bytes, Buffer.from('x'))
  const peer = await peers.next()
  const id = await peer.request()
  peer.send(peer.headers(id, [[':status', '200']]))
  const count = 130_000
  const many = Buffer.concat(Array.from({ length: count }, (_, i) => message(String(i % 1000).padStart(3, '0'))))
  for (let at = 0; at < many.length; at += 16_000) {
    peer.send(frame(frameType.data, 0, id, many.subarray(at, at + 16_000)))
  }
  peer.send(peer.headers(id, [['grpc-status', '0']], flag.endHeaders | flag.endStream))
  peer.send(frame(frameType.ping, 0, 0, Buffer.alloc(8)))
  await peer.wait(({ type }) => type === frameType.ping)
  let read = 0
  for await (const one of stream) {
    if (Number(one) !== read % 1000) throw new Error(`message ${read} is ${one}`)
    read += 1
  }
  expect(read).toBe(count)
}, 30_000)

it('takes a large message in pieces of a few bytes without much more memory than it has', async () => {
  const reader = new MessageReader()
  const length = 4 * 1024 * 1024 - 3
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(length, 1)
  const got: Buffer[] = []
  const push = (piece: Buffer) =>
    reader.push(
      piece,
      () => true,
      (whole) => got.push(whole),
    )
  push(prefix)
  const before = process.memoryUsage()
  for (let i = 0; i < length - 1; i++) push(Buffer.of(i % 251))
  const after = process.memoryUsage()
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024)
  push(Buffer.concat([Buffer.of((length - 1) % 251), message('next'), message(''), message('last')]))
  expect(got.map((one) => one.length)).toEqual([length, 4, 0, 4])
  expect(got[0]!.every((byte, i) => byte === i % 251)).toBe(true)
})

it('does not send a call whose time is over already', async () => {
  await using peers = await scripted()
  const channel = channelOf({ target: { path: peers.path } })
  await channel.connect()
  const peer = await peers.next()
  const late = unary(stub(channel), definition.echo, Buffer.from('late'), { deadline: Date.now() - 1000 })
  expect(await late).toMatchObject({ code: status.DEADLINE_EXCEEDED })
  const next = unary(stub(channel), definition.echo, Buffer.from('x'))
  peer.send(peer.answer(await peer.request(), 'yes'))
  expect(await next).toMatchObject({ code: 0 })
  expect(peer.seen.filter(({ type }) => type === frameType.headers)).toHaveLength(1)
})

it('takes Infinity for a time without end', async () => {
  await using peers = await scripted()
  const slow = channelOf({
    target: { open: () => tick(20).then(() => connect(peers.path)) },
    connectTimeoutMs: Number.POSITIVE_INFINITY,
  })
  await slow.connect()
  let attempts = 0
  const failing = channelOf({
    target: {
      open: () => {
        attempts += 1
        throw new Error('no')
      },
    },
    minReconnectMs: Number.POSITIVE_INFINITY,
    maxReconnectMs: Number.POSITIVE_INFINITY,
  })
  await expect(failing.connect()).rejects.toThrow('no')
  await tick(30)
  expect(attempts).toBe(1)
})

it('begins with thousands of calls at once on a server that allows a hundred', async () => {
  const server = createServer({ settings: { maxConcurrentStreams: 100 } })
  server.on('stream', (stream) => {
    stream.resume().on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(message('yes'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const channel = channelOf({ target: { host: '127.0.0.1', port } })
  const outcomes = await Promise.all(
    Array.from({ length: 3000 }, () => unary(stub(channel), definition.echo, Buffer.from('x'))),
  )
  expect(new Set(outcomes.map(({ code, details }) => `${code} ${details}`))).toEqual(new Set(['0 ']))
  channel.destroy()
  await new Promise((resolve) => server.close(resolve))
})

it('lets no metadata of one call end the connection of all', async () => {
  using served = await serve()
  const channel = channelOf({ target: { path: served.path } })
  const client = stub(channel)
  const metadata = new Metadata()
  metadata.set('content-length', '1')
  const other = unary(client, definition.echo, Buffer.from('other'))
  expect(await unary(client, definition.echo, Buffer.from('x'), { metadata })).toMatchObject({ code: 0, value: 'x' })
  expect(await other).toMatchObject({ code: 0, value: 'other' })
})
