import type { Duplex } from 'node:stream'
import type { BackplaneError } from '@backplane/core'
import { broken, flag, headerBytes, initialWindow, type } from './frame.ts'
import { type StreamSession, YamuxStream } from './stream.ts'

/** Options of a {@link YamuxSession}. */
export interface YamuxInit {
  /** The side that dialed has odd stream ids. */
  readonly role: 'client' | 'server'
  /** Called with each stream that the other side opens. */
  readonly onStream: (stream: Duplex) => void
  /** How often to ask whether the other side is there; 0 never asks. @default 30_000, as in Go */
  readonly keepAliveMs?: number
  /** How long an answer may take before the session is given up. @default 10_000, as in Go */
  readonly keepAliveTimeoutMs?: number
  /** How many streams may be open at once. @default 256, Go's accept backlog, for streams of the other side */
  readonly maxStreams?: number
}

/**
 * Many streams over one connection, compatible with hashicorp/yamux. Not a general transport: it has what go-plugin's
 * multiplexed broker needs.
 */
export class YamuxSession implements StreamSession, AsyncDisposable {
  readonly #socket: Duplex
  readonly #init: YamuxInit
  readonly #streams = new Map<number, YamuxStream>()
  readonly #drained: (() => void)[] = []
  #nextId: number
  #held: Buffer = Buffer.alloc(0)
  #remoteAway = false
  #closed = false
  #pingValue = 0
  #keepAlive: NodeJS.Timeout | undefined
  #pingTimer: NodeJS.Timeout | undefined
  #end: () => void = () => {}
  /** Resolves when the session has ended, for whatever reason. */
  readonly closed: Promise<void>

  constructor(socket: Duplex, init: YamuxInit) {
    this.#socket = socket
    this.#init = init
    this.#nextId = init.role === 'client' ? 1 : 2
    this.closed = new Promise((resolve) => {
      this.#end = resolve
    })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('drain', () => {
      for (const resume of this.#drained.splice(0)) resume()
    })
    socket.on('error', (error) => this.#fail(error.message))
    socket.on('end', () => this.#fail('the other side ended the connection'))
    socket.on('close', () => this.#fail('the connection closed'))
    const every = init.keepAliveMs ?? 30_000
    if (every > 0) {
      this.#keepAlive = setInterval(() => this.#ping(), every)
      this.#keepAlive.unref()
    }
  }

  /** Whether the session has ended. */
  get isClosed(): boolean {
    return this.#closed
  }

  /**
   * Opens a stream. Data may be written at once; the other side's acknowledgement is not waited for, as in Go.
   *
   * @throws BP_HANDSHAKE_MUX_PROTOCOL when the session has ended or the other side takes no more streams
   */
  open(): Duplex {
    if (this.#closed || this.#remoteAway) throw broken('the session is closed')
    const stream = this.#add(this.#nextId)
    this.#nextId += 2
    this.send(type.window, flag.syn, stream.id, 0)
    return stream
  }

  /** Ends the session and every stream of it. */
  async close(): Promise<void> {
    if (!this.#closed) {
      this.send(type.goAway, 0, 0, 0)
      this.#finish(broken('the session was closed'))
      this.#socket.end()
      // A peer that never ends its side must not keep the process alive.
      setTimeout(() => this.#socket.destroy(), 100).unref()
    }
    await this.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Writes one frame for a stream; `resume` runs when there is room for more. */
  send(kind: number, flags: number, id: number, length: number, body?: Buffer, resume?: () => void): void {
    if (this.#closed || this.#socket.destroyed) {
      resume?.()
      return
    }
    const header = Buffer.allocUnsafe(headerBytes)
    header[0] = 0
    header[1] = kind
    header.writeUInt16BE(flags, 2)
    header.writeUInt32BE(id, 4)
    header.writeUInt32BE(length, 8)
    const room = this.#socket.write(body ? Buffer.concat([header, body]) : header)
    if (!resume) return
    if (room) resume()
    else this.#drained.push(resume)
  }

  /** Forgets a stream that both sides are done with. */
  forget(id: number): void {
    this.#streams.delete(id)
  }

  #add(id: number): YamuxStream {
    const stream = new YamuxStream(this, id)
    this.#streams.set(id, stream)
    return stream
  }

  #receive(chunk: Buffer): void {
    let data = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    while (data.length >= headerBytes && !this.#closed) {
      const kind = data[1] ?? 0
      const length = data.readUInt32BE(8)
      const id = data.readUInt32BE(4)
      if (data[0] !== 0) {
        this.#refuse(`frame version ${data[0]}`)
        return
      }
      if (kind > 3) {
        this.#refuse(`frame type ${kind}`)
        return
      }
      const bodyBytes = kind === type.data ? length : 0
      // A peer may send no more than the window allows, so a longer frame is a mistake and is not waited for.
      if (bodyBytes > initialWindow) {
        this.#refuse(`a frame of ${bodyBytes} bytes, more than its window`)
        return
      }
      if (data.length < headerBytes + bodyBytes) break
      this.#frame(kind, data.readUInt16BE(2), id, length, data.subarray(headerBytes, headerBytes + bodyBytes))
      data = data.subarray(headerBytes + bodyBytes)
    }
    this.#held = this.#closed ? Buffer.alloc(0) : data
  }

  #frame(kind: number, flags: number, id: number, length: number, body: Buffer): void {
    if (kind === type.ping) {
      if (flags & flag.syn) this.send(type.ping, flag.ack, 0, length)
      else if (length === this.#pingValue) clearTimeout(this.#pingTimer)
      return
    }
    if (kind === type.goAway) {
      this.#remoteAway = true
      if (length !== 0) this.#fail(`the other side went away with code ${length}`)
      return
    }
    if (flags & flag.syn && !this.#accept(id)) return
    const stream = this.#streams.get(id)
    // A frame for a stream that is gone is dropped: it was under way when this side closed it.
    if (!stream) return
    if (kind === type.window) stream.grow(length)
    else if (body.length > 0 && !stream.receive(body)) {
      this.#refuse('more data than the window allows')
      return
    }
    if (flags & flag.rst) stream.reset()
    else if (flags & flag.fin) stream.remoteEnd()
  }

  #accept(id: number): boolean {
    const theirs = this.#init.role === 'client' ? 0 : 1
    if (id === 0 || id % 2 !== theirs || this.#streams.has(id)) {
      this.#refuse(`stream id ${id}`)
      return false
    }
    if (this.#streams.size >= (this.#init.maxStreams ?? 256)) {
      this.send(type.window, flag.rst, id, 0)
      return false
    }
    const stream = this.#add(id)
    this.send(type.window, flag.ack, id, 0)
    this.#init.onStream(stream)
    return true
  }

  #ping(): void {
    this.#pingValue = (this.#pingValue + 1) >>> 0
    this.send(type.ping, flag.syn, 0, this.#pingValue)
    clearTimeout(this.#pingTimer)
    this.#pingTimer = setTimeout(
      () => this.#fail('the other side does not answer'),
      this.#init.keepAliveTimeoutMs ?? 10_000,
    )
    this.#pingTimer.unref()
  }

  #refuse(reason: string): void {
    this.send(type.goAway, 0, 0, 1)
    this.#fail(`the other side broke the protocol: ${reason}`)
  }

  #fail(reason: string): void {
    if (this.#closed) return
    this.#finish(broken(reason))
    this.#socket.destroy()
  }

  #finish(error: BackplaneError): void {
    this.#closed = true
    clearInterval(this.#keepAlive)
    clearTimeout(this.#pingTimer)
    for (const stream of [...this.#streams.values()]) stream.destroy(error)
    this.#streams.clear()
    for (const resume of this.#drained.splice(0)) resume()
    this.#end()
  }
}
