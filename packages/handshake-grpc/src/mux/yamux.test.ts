import { type Duplex, duplexPair } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { YamuxSession } from './yamux.ts'

const open: YamuxSession[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()))
})

/** Two sessions over a pair of pipes; `cut` is the size of the pieces that bytes come in. */
function pair(onStream: (stream: Duplex) => void, cut = Number.POSITIVE_INFINITY, init = {}) {
  const [a, left] = duplexPair()
  const [b, right] = duplexPair()
  const forward = (from: Duplex, to: Duplex) => {
    from.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += cut) to.write(chunk.subarray(at, at + Math.min(cut, chunk.length)))
    })
    from.on('end', () => to.end())
    from.on('close', () => to.destroy())
  }
  forward(left, right)
  forward(right, left)
  const client = new YamuxSession(a, { role: 'client', onStream: () => {}, keepAliveMs: 0, ...init })
  const server = new YamuxSession(b, { role: 'server', onStream, keepAliveMs: 0 })
  open.push(client, server)
  return { client, server, raw: { a, b } }
}

const echo = (stream: Duplex) => void stream.pipe(stream)

/** A frame by hand: type, flags, stream, length, body. */
function frame(type: number, flags: number, id: number, length: number, body = Buffer.alloc(0), version = 0): Buffer {
  const header = Buffer.alloc(12)
  header[0] = version
  header[1] = type
  header.writeUInt16BE(flags, 2)
  header.writeUInt32BE(id, 4)
  header.writeUInt32BE(length, 8)
  return Buffer.concat([header, body])
}

/** A session whose other side is written by hand. */
function byHand(init: { onStream?: (stream: Duplex) => void; keepAliveMs?: number; keepAliveTimeoutMs?: number } = {}) {
  const [near, far] = duplexPair()
  const received: Buffer[] = []
  far.on('data', (chunk: Buffer) => received.push(chunk))
  const session = new YamuxSession(near, { role: 'server', onStream: () => {}, keepAliveMs: 0, ...init })
  open.push(session)
  return { session, far, received: () => Buffer.concat(received) }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('yamux', () => {
  it.each([1, 5, 11, 12, 13, 1000, Number.POSITIVE_INFINITY])(
    'carries streams over pieces of %d bytes',
    async (cut) => {
      const { client } = pair(echo, cut)
      const texts = ['a', 'bb'.repeat(40), 'c'.repeat(500)]
      const replies = texts.map((text) => {
        const stream = client.open()
        stream.end(text)
        return buffer(stream)
      })
      expect((await Promise.all(replies)).map(String)).toEqual(texts)
    },
  )

  it('carries what is far more than a window, both ways at once', async () => {
    const { client } = pair(echo)
    const data = Buffer.alloc(3_000_000, 'window')
    const streams = [client.open(), client.open()]
    for (const stream of streams) stream.end(data)
    for (const reply of await Promise.all(streams.map((stream) => buffer(stream))))
      expect(reply.equals(data)).toBe(true)
  })

  it('carries any writes in any pieces, in order', async () => {
    const writes = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(writes, fc.integer({ min: 1, max: 4000 }), async (parts, cut) => {
        const { client } = pair(echo, cut)
        const stream = client.open()
        for (const part of parts) stream.write(part)
        stream.end()
        expect((await buffer(stream)).equals(Buffer.concat(parts))).toBe(true)
        await client.close()
      }),
      { numRuns: 50 },
    )
  })

  it('half-closes: one side may end while the other still speaks', async () => {
    const { client } = pair((stream) => {
      stream.resume()
      stream.once('end', () => stream.end('after your end'))
    })
    const stream = client.open()
    stream.end('x')
    expect(String(await buffer(stream))).toBe('after your end')
  })

  it('tells the other side of a reset', async () => {
    let theirs: Duplex | undefined
    const { client } = pair((stream) => {
      theirs = stream
    })
    const stream = client.open()
    await settle()
    stream.destroy()
    await settle()
    expect(theirs?.destroyed).toBe(true)
  })

  it('ends every stream with its session', async () => {
    const { client, server } = pair(echo)
    const stream = client.open()
    await settle()
    const closed = new Promise((resolve) => stream.once('close', resolve))
    await server.close()
    await closed
    await client.closed
    expect(() => client.open()).toThrow(expect.objectContaining({ code: 'BP_HANDSHAKE_MUX_PROTOCOL' }))
  })

  it('writes the frames of the specification', async () => {
    const { session, far, received } = byHand({ onStream: echo })
    // The other side opens stream 1 with a window update and SYN, sends two bytes, asks for a ping.
    far.write(Buffer.concat([frame(1, 1, 1, 0), frame(0, 0, 1, 2, Buffer.from('hi')), frame(2, 1, 0, 7)]))
    await settle()
    expect(received()).toEqual(
      Buffer.concat([frame(1, 2, 1, 0), frame(2, 2, 0, 7), frame(0, 0, 1, 2, Buffer.from('hi'))]),
    )
    far.write(frame(0, 4, 1, 0))
    await settle()
    expect(received().subarray(-12)).toEqual(frame(1, 4, 1, 0))
    expect(session.isClosed).toBe(false)
  })

  it('takes data that comes with its SYN and its FIN in one frame', async () => {
    const streams: Promise<Buffer>[] = []
    const { far } = byHand({ onStream: (stream) => streams.push(buffer(stream)) })
    far.write(frame(0, 1 | 4, 1, 3, Buffer.from('all')))
    await settle()
    expect(String(await streams[0])).toBe('all')
  })

  it('drops frames of streams that are gone', async () => {
    const { session, far } = byHand()
    far.write(Buffer.concat([frame(0, 0, 9, 2, Buffer.from('hi')), frame(1, 4, 9, 0), frame(2, 2, 0, 99)]))
    await settle()
    expect(session.isClosed).toBe(false)
  })

  it.each([
    ['another version', frame(0, 0, 0, 0, Buffer.alloc(0), 1)],
    ['an unknown type', frame(4, 0, 0, 0)],
    ['a frame over its window', frame(0, 1, 1, 300_000)],
    ['an id of the wrong side', frame(1, 1, 2, 0)],
    ['id 0', frame(1, 1, 0, 0)],
    ['an id that is taken', Buffer.concat([frame(1, 1, 1, 0), frame(1, 1, 1, 0)])],
    ['going away with an error', frame(3, 0, 0, 1)],
  ])('ends the session on %s', async (_, bytes) => {
    const { session, far } = byHand()
    far.write(bytes)
    await session.closed
  })

  it('refuses streams beyond its limit, and nothing else', async () => {
    const seen: Duplex[] = []
    const { far, received } = byHand({ onStream: (stream) => seen.push(stream) })
    far.write(Buffer.concat(Array.from({ length: 300 }, (_, i) => frame(1, 1, i * 2 + 1, 0))))
    await settle()
    expect(seen).toHaveLength(256)
    expect(received().subarray(-12)).toEqual(frame(1, 8, 599, 0))
  })

  it('gives up on a side that answers no ping', async () => {
    const { session } = byHand({ keepAliveMs: 10, keepAliveTimeoutMs: 5 })
    await session.closed
  })

  it('survives any bytes without an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const { session, far } = byHand()
        far.write(bytes)
        await new Promise((resolve) => setImmediate(resolve))
        await session.close()
      }),
      { numRuns: 200 },
    )
  })
})
