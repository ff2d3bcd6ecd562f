import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HpackDecoder } from '../src/hpack/decoder.ts'
import { HpackEncoder } from '../src/hpack/encoder.ts'
import type { Header } from '../src/hpack/static-table.ts'
import { flag, frame, frameType, preface, settingsFrame } from '../src/http2/frame.ts'
import { FrameReader } from '../src/http2/frame-reader.ts'

/** A frame as the scripted peer got it. */
export interface Seen {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
  readonly headers?: readonly Header[]
}

/** The peer's end of one connection: it says what the test tells it to. */
export class Peer {
  readonly socket: Socket
  readonly seen: Seen[] = []
  readonly #decoder = new HpackDecoder({ maxTableSize: 4096, maxListSize: 1 << 20 })
  readonly #encoder = new HpackEncoder()
  #waiting: (() => void)[] = []

  constructor(socket: Socket, settings: readonly (readonly [number, number])[]) {
    this.socket = socket
    let begun = Buffer.alloc(0)
    const reader = new FrameReader((type, flags, stream, payload) => {
      const headers = type === frameType.headers ? this.#decoder.decode(payload).headers : undefined
      this.seen.push({ type, flags, stream, payload: Buffer.from(payload), ...(headers && { headers }) })
      for (const wake of this.#waiting.splice(0)) wake()
    })
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      if (begun.length >= preface.length) reader.push(chunk)
      else {
        begun = Buffer.concat([begun, chunk])
        if (begun.length >= preface.length) reader.push(begun.subarray(preface.length))
      }
    })
    socket.on('close', () => {
      for (const wake of this.#waiting.splice(0)) wake()
    })
    this.send(settingsFrame(settings))
  }

  send(...parts: Buffer[]): void {
    this.socket.write(Buffer.concat(parts))
  }

  /** Waits for a frame that a test is about. */
  async wait(what: (frame: Seen) => boolean): Promise<Seen> {
    for (;;) {
      const found = this.seen.find(what)
      if (found) return found
      if (this.socket.destroyed) throw new Error('the connection is gone')
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Waits for the nth request, which ends with its first data. */
  async request(nth = 0): Promise<number> {
    const stream = nth * 2 + 1
    await this.wait(
      (seen) =>
        seen.stream === stream &&
        (seen.type === frameType.headers || seen.type === frameType.data) &&
        (seen.flags & flag.endStream) !== 0,
    )
    return stream
  }

  headers(stream: number, fields: readonly Header[], flags: number = flag.endHeaders): Buffer {
    return frame(frameType.headers, flags, stream, this.block(fields))
  }

  block(fields: readonly Header[]): Buffer {
    return this.#encoder.encode('', () => [], typed(fields))
  }

  data(stream: number, text: string, flags = 0): Buffer {
    return frame(frameType.data, flags, stream, message(text))
  }

  /** A whole good answer. */
  answer(stream: number, text: string): Buffer {
    return Buffer.concat([
      this.headers(stream, [
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ]),
      this.data(stream, text),
      this.headers(stream, [['grpc-status', '0']], flag.endHeaders | flag.endStream),
    ])
  }
}

/** An answer is gRPC's, unless its test gives it another type. */
function typed(fields: readonly Header[]): readonly Header[] {
  const [[name, value] = [], ...rest] = fields
  if (name !== ':status' || value !== '200' || rest.some(([other]) => other === 'content-type')) return fields
  return [[name, value], ['content-type', 'application/grpc'], ...rest]
}

/** A message with its prefix. */
export function message(text: string, compressed = 0): Buffer {
  const body = Buffer.from(text, 'latin1')
  const prefix = Buffer.alloc(5)
  prefix[0] = compressed
  prefix.writeUInt32BE(body.length, 1)
  return Buffer.concat([prefix, body])
}

/** Listens, and hands each connection to the test in turn. */
export async function scripted(settings: readonly (readonly [number, number])[] = []): Promise<{
  readonly path: string
  next(): Promise<Peer>
  readonly peers: Peer[]
  [Symbol.asyncDispose](): Promise<void>
}> {
  const folder = mkdtempSync(join(tmpdir(), 'peer-'))
  const path = join(folder, 's')
  const peers: Peer[] = []
  let taken = 0
  let wake = () => {}
  const server = createServer((socket) => {
    peers.push(new Peer(socket, settings))
    wake()
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    path,
    peers,
    async next() {
      while (peers.length <= taken) await new Promise<void>((resolve) => (wake = resolve))
      return peers[taken++]!
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of peers) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
