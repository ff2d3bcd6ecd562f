import { gzipSync } from 'node:zlib'
import type { Client } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { flag, frame, frameType, goAwayFrame, numberFrame, setting, settingsFrame } from '../src/http2/frame.ts'
import { type FastChannel, type FastChannelInit, fastChannel } from '../src/index.ts'
import { message, type Peer, scripted } from './peer.ts'
import { bytes, definition, stub, unary } from './service.ts'

const open: FastChannel[] = []
afterEach(() => {
  for (const channel of open.splice(0)) channel.destroy()
})

async function begin(settings: readonly (readonly [number, number])[] = [], init: Partial<FastChannelInit> = {}) {
  const peers = await scripted(settings)
  const channel = fastChannel({ target: { path: peers.path }, minReconnectMs: 10, ...init })
  open.push(channel)
  return { peers, channel, client: stub(channel), [Symbol.asyncDispose]: () => peers[Symbol.asyncDispose]() }
}
const call = (client: Client, text = 'hi') => unary(client, definition.echo, Buffer.from(text))
const ok = (value: string) => ({ code: 0, value })
const trailers = flag.endHeaders | flag.endStream

/** Makes one call and lets the script answer it. */
async function answered(script: (peer: Peer, stream: number) => void, init: Partial<FastChannelInit> = {}) {
  await using setup = await begin([], init)
  const outcome = call(setup.client)
  const peer = await setup.peers.next()
  script(peer, await peer.request())
  return await outcome
}

describe('an answer', () => {
  it('that is whole', async () => {
    expect(await answered((peer, id) => peer.send(peer.answer(id, 'yes')))).toMatchObject(ok('yes'))
  })

  it('that comes byte by byte', async () => {
    const outcome = await answered((peer, id) => {
      for (const byte of peer.answer(id, 'yes')) peer.send(Buffer.from([byte]))
    })
    expect(outcome).toMatchObject(ok('yes'))
  })

  it('with padding and priorities everywhere', async () => {
    const outcome = await answered((peer, id) => {
      const padded = (payload: Buffer, priority = false) =>
        Buffer.concat([Buffer.from([3]), priority ? Buffer.alloc(5) : Buffer.alloc(0), payload, Buffer.alloc(3)])
      const head = peer.block([[':status', '200']])
      peer.send(
        frame(frameType.headers, flag.endHeaders | flag.padded | flag.priority, id, padded(head, true)),
        frame(frameType.priority, 0, id, Buffer.alloc(5)),
        frame(frameType.data, flag.padded, id, padded(message('yes'))),
        frame(0xfa, 0xff, id, Buffer.from('what nobody knows')),
        peer.headers(id, [['grpc-status', '0']], trailers),
      )
    })
    expect(outcome).toMatchObject(ok('yes'))
  })

  it('whose headers come in many frames', async () => {
    const outcome = await answered((peer, id) => {
      const block = peer.block([
        [':status', '200'],
        ['x-long', 'v'.repeat(3000)],
      ])
      const cut = [block.subarray(0, 1), block.subarray(1, 1000), block.subarray(1000)]
      peer.send(
        frame(frameType.headers, 0, id, cut[0]!),
        frame(frameType.continuation, 0, id, cut[1]!),
        frame(frameType.continuation, flag.endHeaders, id, cut[2]!),
        peer.data(id, 'yes'),
        peer.headers(id, [['grpc-status', '0']], trailers),
      )
    })
    expect(outcome).toMatchObject(ok('yes'))
    expect(outcome.head).toEqual({ 'content-type': 'application/grpc', 'x-long': 'v'.repeat(3000) })
  })

  it('after an informational one', async () => {
    const outcome = await answered((peer, id) =>
      peer.send(peer.headers(id, [[':status', '103']]), peer.answer(id, 'yes')),
    )
    expect(outcome).toMatchObject(ok('yes'))
  })

  it('that is compressed', async () => {
    const outcome = await answered((peer, id) => {
      peer.send(
        peer.headers(id, [
          [':status', '200'],
          ['grpc-encoding', 'gzip'],
        ]),
        frame(frameType.data, 0, id, message(gzipSync('yes'.repeat(100)).toString('latin1'), 1)),
        peer.headers(id, [['grpc-status', '0']], trailers),
      )
    })
    expect(outcome).toMatchObject(ok('yes'.repeat(100)))
  })

  it.each([
    ['that unpacks to more than the limit', 'gzip', gzipSync(Buffer.alloc(10_000)).toString('latin1'), 8],
    ['that cannot be unpacked', 'gzip', 'not gzip', 13],
    ['that is packed in an unknown way', 'snappy', 'x', 13],
    ['that says it is packed and names no way', 'identity', 'x', 13],
  ])('%s', async (_, encoding, body, code) => {
    const outcome = await answered(
      (peer, id) => {
        peer.send(
          peer.headers(id, [
            [':status', '200'],
            ['grpc-encoding', encoding],
          ]),
          frame(frameType.data, 0, id, message(body, 1)),
        )
      },
      { maxReceiveBytes: 5000 },
    )
    expect(outcome.code).toBe(code)
  })

  it('longer than the limit, before it has come', async () => {
    const outcome = await answered(
      (peer, id) => {
        peer.send(peer.headers(id, [[':status', '200']]), frame(frameType.data, 0, id, Buffer.from([0, 0, 0, 0, 11])))
      },
      { maxReceiveBytes: 10 },
    )
    expect(outcome).toMatchObject({ code: 8, details: 'Received message larger than max (11 vs 10)' })
  })

  it('of headers alone', async () => {
    const outcome = await answered((peer, id) =>
      peer.send(
        peer.headers(
          id,
          [
            [':status', '200'],
            ['grpc-status', '7'],
            ['grpc-message', 'no%20way'],
            ['x', 'y'],
          ],
          trailers,
        ),
      ),
    )
    expect(outcome).toMatchObject({ code: 7, details: 'no way', trailer: { x: 'y' } })
  })

  it.each([
    ['404', 12],
    ['503', 14],
    ['302', 2],
  ])('that is a page for people with %s', async (http, code) => {
    const outcome = await answered((peer, id) => {
      peer.send(
        peer.headers(id, [
          [':status', http],
          ['content-type', 'text/html'],
        ]),
        frame(frameType.data, flag.endStream, id, Buffer.from('<h1>This is not gRPC at all</h1>')),
      )
    })
    expect(outcome).toMatchObject({ code, details: `Received HTTP status code ${http}` })
  })

  it.each(['text/plain', 'application/grpcx', 'application/json; charset=utf-8'])(
    'that is no gRPC with 200: %s',
    async (type) => {
      const outcome = await answered((peer, id) => {
        peer.send(
          peer.headers(id, [
            [':status', '200'],
            ['content-type', type],
          ]),
          frame(frameType.data, flag.endStream, id, Buffer.from('OK, says a proxy, and much more than a frame has')),
        )
      })
      expect(outcome).toMatchObject({
        code: 2,
        details: `Received an answer with the content-type "${type}", which is not gRPC`,
      })
    },
  )

  it('without a status', async () => {
    const outcome = await answered((peer, id) => {
      peer.send(peer.headers(id, [[':status', '200']]), peer.data(id, 'yes', flag.endStream))
    })
    expect(outcome.code).toBe(13)
  })

  it('that ends in the middle of a message', async () => {
    const outcome = await answered((peer, id) => {
      peer.send(
        peer.headers(id, [[':status', '200']]),
        frame(frameType.data, 0, id, Buffer.from([0, 0, 0, 0, 9, 1])),
        peer.headers(id, [['grpc-status', '0']], trailers),
      )
    })
    expect(outcome.code).toBe(13)
  })

  it('with data before headers', async () => {
    expect((await answered((peer, id) => peer.send(peer.data(id, 'x')))).code).toBe(13)
  })

  it('whose header list is too large', async () => {
    const outcome = await answered((peer, id) => {
      const block = peer.block([
        [':status', '200'],
        ['x', 'v'.repeat(70_000)],
      ])
      const parts = [frame(frameType.headers, 0, id, block.subarray(0, 16_384))]
      for (let at = 16_384; at < block.length; at += 16_384) {
        const last = at + 16_384 >= block.length ? flag.endHeaders : 0
        parts.push(frame(frameType.continuation, last, id, block.subarray(at, at + 16_384)))
      }
      peer.send(...parts)
    })
    expect(outcome.code).toBe(8)
  })
})

describe('a reset', () => {
  it.each([
    [0, 13],
    [2, 13],
    [8, 1],
    [11, 8],
    [12, 7],
  ])('with code %s', async (reset, code) => {
    expect((await answered((peer, id) => peer.send(numberFrame(frameType.rstStream, id, reset)))).code).toBe(code)
  })

  it('after the whole answer says nothing', async () => {
    const outcome = await answered((peer, id) =>
      peer.send(peer.answer(id, 'yes'), numberFrame(frameType.rstStream, id, 0)),
    )
    expect(outcome).toMatchObject(ok('yes'))
  })

  it('of a stream that was refused: the call is made again, once', async () => {
    await using setup = await begin()
    const outcome = call(setup.client)
    const peer = await setup.peers.next()
    peer.send(numberFrame(frameType.rstStream, await peer.request(0), 7))
    peer.send(peer.answer(await peer.request(1), 'second'))
    expect(await outcome).toMatchObject(ok('second'))
    const again = call(setup.client)
    peer.send(numberFrame(frameType.rstStream, await peer.request(2), 7))
    peer.send(numberFrame(frameType.rstStream, await peer.request(3), 7))
    expect(await again).toMatchObject({ code: 14, details: 'Stream refused by server' })
  })
})

describe('a peer that breaks the protocol ends the connection', () => {
  it.each<[string, (peer: Peer, id: number) => Buffer, number]>([
    ['a push', (_, id) => frame(frameType.pushPromise, 4, id, Buffer.alloc(8)), 1],
    ['a frame that is too large', () => Buffer.from([0, 0x80, 0, 0, 0, 0, 0, 0, 1]), 6],
    ['a header block that cannot be read', (_, id) => frame(frameType.headers, 4, id, Buffer.from([0xff, 0xff])), 9],
    ['a CONTINUATION out of place', (_, id) => frame(frameType.continuation, 4, id, Buffer.alloc(0)), 1],
    [
      'another frame within a header block',
      (_, id) =>
        Buffer.concat([frame(frameType.headers, 0, id, Buffer.alloc(0)), frame(frameType.ping, 0, 0, Buffer.alloc(8))]),
      1,
    ],
    ['more padding than payload', (_, id) => frame(frameType.data, flag.padded, id, Buffer.from([9, 1])), 1],
    ['data of a stream that was never opened', () => frame(frameType.data, 0, 99, Buffer.alloc(1)), 1],
    ['headers of an even stream', (peer) => peer.headers(2, []), 1],
    ['a PING of a wrong size', () => frame(frameType.ping, 0, 0, Buffer.alloc(7)), 6],
    ['a SETTINGS frame of a wrong size', () => frame(frameType.settings, 0, 0, Buffer.alloc(5)), 6],
    ['SETTINGS on a stream', (_, id) => frame(frameType.settings, 0, id, Buffer.alloc(0)), 1],
    ['a window that is too large', () => numberFrame(frameType.windowUpdate, 0, 2 ** 31 - 1), 3],
    ['an initial window that is too large', () => settingsFrame([[setting.initialWindowSize, 2 ** 31]]), 3],
    ['a frame size that is too small', () => settingsFrame([[setting.maxFrameSize, 100]]), 1],
    ['a RST_STREAM of a wrong size', (_, id) => frame(frameType.rstStream, 0, id, Buffer.alloc(3)), 6],
    [
      'a header block without an end',
      (_, id) =>
        Buffer.concat([
          frame(frameType.headers, 0, id, Buffer.alloc(0)),
          ...Array.from({ length: 200 }, () => frame(frameType.continuation, 0, id, Buffer.alloc(0))),
        ]),
      11,
    ],
  ])('%s', async (_, wrong, code) => {
    await using setup = await begin()
    const outcome = call(setup.client)
    const peer = await setup.peers.next()
    peer.send(wrong(peer, await peer.request()))
    expect(await outcome).toMatchObject({
      code: 14,
      details: expect.stringMatching(/^Connection dropped: the peer broke the HTTP\/2 protocol/),
    })
    const goodbye = await peer.wait(({ type }) => type === frameType.goAway)
    expect(goodbye.payload.readUInt32BE(4)).toBe(code)
    // The next call has a connection of its own.
    const next = call(setup.client)
    const second = await setup.peers.next()
    second.send(second.answer(await second.request(), 'again'))
    expect(await next).toMatchObject(ok('again'))
  })

  it.each([
    ['a window update of nothing', (id: number) => numberFrame(frameType.windowUpdate, id, 0)],
    ['a stream window that is too large', (id: number) => numberFrame(frameType.windowUpdate, id, 2 ** 31 - 1)],
  ])('%s ends the stream alone', async (_, wrong) => {
    await using setup = await begin()
    const outcome = call(setup.client)
    const peer = await setup.peers.next()
    peer.send(wrong(await peer.request()))
    expect((await outcome).code).toBe(13)
    const next = call(setup.client)
    peer.send(peer.answer(await peer.request(1), 'still here'))
    expect(await next).toMatchObject(ok('still here'))
  })
})

describe('flow control', () => {
  it('waits for the window of the stream', async () => {
    await using setup = await begin([[setting.initialWindowSize, 4]])
    await setup.channel.connect()
    const outcome = call(setup.client, 'a longer text')
    const peer = await setup.peers.next()
    const first = await peer.wait(({ type }) => type === frameType.data)
    expect(first.payload).toHaveLength(4)
    peer.send(settingsFrame([[setting.initialWindowSize, 6]]))
    const second = await peer.wait((seen) => seen.type === frameType.data && seen !== first)
    expect(second.payload).toHaveLength(2)
    peer.send(numberFrame(frameType.windowUpdate, first.stream, 100))
    peer.send(peer.answer(await peer.request(), 'got it'))
    expect(await outcome).toMatchObject(ok('got it'))
    const sent = peer.seen.filter(({ type }) => type === frameType.data).map(({ payload }) => payload)
    expect(Buffer.concat(sent).subarray(5).toString()).toBe('a longer text')
  })

  it('waits for the window of the connection, and other streams with it', async () => {
    await using setup = await begin([[setting.initialWindowSize, 1_000_000]])
    await setup.channel.connect()
    const outcomes = [call(setup.client, 'x'.repeat(60_000)), call(setup.client, 'y'.repeat(60_000))]
    const peer = await setup.peers.next()
    const total = () =>
      peer.seen.filter(({ type }) => type === frameType.data).reduce((sum, { payload }) => sum + payload.length, 0)
    while (total() < 65_535) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(total()).toBe(65_535)
    peer.send(numberFrame(frameType.windowUpdate, 0, 1_000_000))
    for (const nth of [0, 1]) peer.send(peer.answer(await peer.request(nth), `${nth}`))
    expect(await Promise.all(outcomes)).toMatchObject([ok('0'), ok('1')])
    expect(Math.max(...peer.seen.map(({ payload }) => payload.length))).toBeLessThanOrEqual(16_384)
  })

  it('opens no more streams than the peer allows', async () => {
    await using setup = await begin([[setting.maxConcurrentStreams, 2]])
    await setup.channel.connect()
    const outcomes = Array.from({ length: 5 }, (_, i) => call(setup.client, `${i}`))
    const peer = await setup.peers.next()
    for (let nth = 0; nth < 5; nth++) {
      const id = await peer.request(nth)
      const opened = peer.seen.filter(({ type }) => type === frameType.headers).length
      expect(opened - nth).toBeLessThanOrEqual(2)
      peer.send(peer.answer(id, `${nth}`))
    }
    expect(await Promise.all(outcomes)).toMatchObject([0, 1, 2, 3, 4].map((nth) => ok(`${nth}`)))
  })

  it('lets no more come than is read, and more once it is', async () => {
    await using setup = await begin()
    const stream = setup.client.makeServerStreamRequest(definition.count.path, bytes, bytes, Buffer.from('x'))
    const peer = await setup.peers.next()
    const id = await peer.request()
    peer.send(peer.headers(id, [[':status', '200']]))
    const chunk = frame(frameType.data, 0, id, message('z'.repeat(16_000)))
    for (let i = 0; i < 60; i++) peer.send(chunk)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const granted = () =>
      peer.seen
        .filter((seen) => seen.type === frameType.windowUpdate && seen.stream === id)
        .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0)
    // The stub reads a few messages ahead and no more.
    const before = granted()
    expect(before).toBeLessThanOrEqual(300_000)
    let read = 0
    stream.on('data', () => {
      read += 1
    })
    while (read < 60) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(granted()).toBeGreaterThan(before + 500_000)
    stream.on('error', () => {})
    stream.cancel()
    expect((await peer.wait(({ type }) => type === frameType.rstStream)).payload.readUInt32BE(0)).toBe(8)
  })

  it('ends a stream that sends more than it may', async () => {
    await using setup = await begin()
    const stream = setup.client.makeServerStreamRequest(definition.count.path, bytes, bytes, Buffer.from('x'))
    const failed = new Promise<{ code?: number }>((resolve) => stream.on('error', resolve))
    const peer = await setup.peers.next()
    const id = await peer.request()
    peer.send(peer.headers(id, [[':status', '200']]))
    const chunk = frame(frameType.data, 0, id, message('z'.repeat(16_000)))
    for (let i = 0; i < 100; i++) peer.send(chunk)
    expect((await peer.wait(({ type }) => type === frameType.rstStream)).payload.readUInt32BE(0)).toBe(3)
    stream.resume()
    expect((await failed).code).toBe(13)
  })

  it('answers PING, and says SETTINGS were read', async () => {
    await using setup = await begin()
    await setup.channel.connect()
    const peer = await setup.peers.next()
    peer.send(frame(frameType.ping, 0, 0, Buffer.from('12345678')), frame(frameType.ping, flag.ack, 0, Buffer.alloc(8)))
    const pong = await peer.wait(({ type }) => type === frameType.ping)
    expect([pong.flags, pong.payload.toString()]).toEqual([flag.ack, '12345678'])
    await peer.wait(({ type, flags }) => type === frameType.settings && flags === flag.ack)
  })
})

describe('GOAWAY', () => {
  it('lets calls finish and makes what was not looked at on a new connection', async () => {
    await using setup = await begin()
    const [first, second] = [call(setup.client, '1'), call(setup.client, '2')]
    const peer = await setup.peers.next()
    const id = await peer.request(0)
    await peer.request(1)
    peer.send(goAwayFrame(id, 0, ''), peer.answer(id, 'first'))
    expect(await first).toMatchObject(ok('first'))
    const fresh = await setup.peers.next()
    fresh.send(fresh.answer(await fresh.request(0), 'second'))
    expect(await second).toMatchObject(ok('second'))
    // The old connection is given back.
    await new Promise<void>((resolve) =>
      peer.socket.destroyed ? resolve() : peer.socket.once('close', () => resolve()),
    )
  })

  it('twice, as servers do that end gracefully', async () => {
    await using setup = await begin()
    const first = call(setup.client)
    const peer = await setup.peers.next()
    const id = await peer.request()
    peer.send(goAwayFrame(2 ** 31 - 1, 0, ''), goAwayFrame(id, 0, ''), peer.answer(id, 'done'))
    expect(await first).toMatchObject(ok('done'))
  })

  it('with a stream that got part of an answer: it fails', async () => {
    await using setup = await begin()
    const outcome = call(setup.client)
    const peer = await setup.peers.next()
    const id = await peer.request()
    peer.send(peer.headers(id, [[':status', '200']]), goAwayFrame(0, 11, 'too_many_pings'))
    expect(await outcome).toMatchObject({ code: 14, details: expect.stringContaining('GOAWAY 11, too_many_pings') })
  })
})

it('tells the peer of a cancelled call, and drops what it still says', async () => {
  await using setup = await begin()
  const outcome = call(setup.client)
  const peer = await setup.peers.next()
  const id = await peer.request()
  outcome.cancel()
  expect(await outcome).toMatchObject({ code: 1, details: 'Cancelled on client' })
  expect((await peer.wait(({ type }) => type === frameType.rstStream)).payload.readUInt32BE(0)).toBe(8)
  const next = call(setup.client)
  peer.send(peer.answer(id, 'too late'), peer.answer(await peer.request(1), 'in time'))
  expect(await next).toMatchObject(ok('in time'))
})

it('writes a call in one piece, and later calls in few bytes', async () => {
  await using setup = await begin()
  await setup.channel.connect()
  const peer = await setup.peers.next()
  const sizes: number[] = []
  for (let nth = 0; nth < 3; nth++) {
    const outcome = call(setup.client)
    const id = await peer.request(nth)
    sizes.push(peer.seen.find(({ type, stream }) => type === frameType.headers && stream === id)!.payload.length)
    peer.send(peer.answer(id, 'x'))
    await outcome
  }
  expect(sizes[0]).toBeGreaterThan(80)
  expect(sizes.slice(1)).toEqual([8, 8])
  const headers = peer.seen.filter(({ type }) => type === frameType.headers).map((seen) => seen.headers)
  expect(headers[1]).toEqual(headers[0])
  expect(headers[0]).toEqual([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/test.Bytes/Echo'],
    [':authority', 'localhost'],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ['user-agent', 'grpc-fast-node'],
    ['grpc-accept-encoding', 'identity,deflate,gzip'],
  ])
})

it('ends a request without messages by empty data, as gRPC wants', async () => {
  await using setup = await begin()
  const stream = setup.client.makeBidiStreamRequest(definition.chat.path, bytes, bytes)
  stream.on('error', () => {})
  stream.end()
  const peer = await setup.peers.next()
  const id = await peer.request()
  expect(peer.seen.filter((seen) => seen.stream === id).map(({ type, flags }) => [type, flags])).toEqual([
    [frameType.headers, flag.endHeaders],
    [frameType.data, flag.endStream],
  ])
})

it('speaks to a peer that wants no header table', async () => {
  await using setup = await begin([[setting.headerTableSize, 0]])
  await setup.channel.connect()
  const peer = await setup.peers.next()
  for (let nth = 0; nth < 3; nth++) {
    const outcome = call(setup.client)
    peer.send(peer.answer(await peer.request(nth), 'x'))
    await outcome
  }
  expect(peer.seen.filter(({ type }) => type === frameType.headers).every(({ headers }) => headers?.length === 8)).toBe(
    true,
  )
})
