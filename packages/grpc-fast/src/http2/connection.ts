import { ConnectionError, http2Code } from './error.ts'
import { defaultMaxFrameSize, flag, frame, frameType, goAwayFrame, maxWindow, numberFrame, unpadded } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { type HeaderBlock, HeaderBlocks } from './header-blocks.ts'
import { KeepAlive, type KeepAliveSettings } from './keep-alive.ts'
import { openingOf } from './opening.ts'
import { Outbox } from './outbox.ts'
import { checkPing, readGoAway, readReset, readWindowUpdate } from './payload.ts'
import { type PeerSettings, readSettings } from './settings.ts'
import type { Stream } from './stream.ts'
import { connectionWindow, firstWindow, streamWindow } from './windows.ts'

/**
 * How many streams are opened before the peer has set a limit, which is seldom lower (RFC 9113, section 6.5.2). Many
 * more than it allows are an attack to some servers: Node's end the whole connection.
 */
const firstStreams = 100

/** The socket, as far as a connection uses it. */
export interface Output {
  /** Gives false when it has more than enough; `writable` is called once it has less. */
  write(chunk: Buffer): boolean
  end(): void
  destroy(): void
  /** Whether this connection keeps the process alive. */
  busy(busy: boolean): void
}

/** What a connection is made with. */
export interface ConnectionInit {
  /** The largest header list that is read, in bytes as RFC 9113 counts them (section 6.5.2). */
  readonly maxHeaderListSize: number
  readonly keepAlive: KeepAliveSettings
}

/** What a connection tells its channel. */
export interface ConnectionEvents {
  /** The peer's settings have come: it speaks HTTP/2. */
  onReady(): void
  /** It takes no new streams any longer. */
  onRetired(): void
  /** The peer ends it, since it is asked for a sign of life too often. */
  onTooManyPings(): void
  /** It is over; every stream has been told. */
  onGone(reason: string): void
}

/** The client's end of one HTTP/2 connection (RFC 9113). */
export class Connection {
  readonly #output: Output
  readonly #events: ConnectionEvents
  readonly #reader = new FrameReader((type, flags, id, payload) => this.#onFrame(type, flags, id, payload))
  readonly #blocks: HeaderBlocks
  readonly #out: Outbox
  readonly #keepAlive: KeepAlive
  readonly #streams = new Map<number, Stream>()
  /** Streams that have not been opened. */
  readonly #waiting = new Set<Stream>()
  #peer: PeerSettings = { initialWindowSize: firstWindow, maxFrameSize: defaultMaxFrameSize, maxStreams: firstStreams }
  #ready = false
  #nextId = 1
  #received = 0
  #retired = false
  #gone = false
  #held = false

  constructor(output: Output, events: ConnectionEvents, init: ConnectionInit) {
    this.#output = output
    this.#events = events
    this.#blocks = new HeaderBlocks(init.maxHeaderListSize)
    this.#keepAlive = new KeepAlive(init.keepAlive, {
      ping: () => this.#out.push(frame(frameType.ping, 0, 0, Buffer.alloc(8))),
      onDead: (reason) => this.destroy(reason),
    })
    this.#out = new Outbox(openingOf(init.maxHeaderListSize), {
      write: (chunk) => output.write(chunk),
      onFlush: () => this.#openWaiting(),
    })
  }

  /** Whether new streams can be opened on it. */
  get usable(): boolean {
    return !this.#retired && !this.#gone
  }

  /**
   * Whether somebody waits for the connection itself, with no stream of their own yet. Like a stream, this keeps the
   * process alive.
   */
  hold(held: boolean): void {
    this.#held = held
    this.#settle()
  }

  /** Opens a stream, as soon as the peer allows one more. */
  open(stream: Stream): void {
    this.#waiting.add(stream)
    if (this.#waiting.size + this.#streams.size === 1) {
      this.#output.busy(true)
      this.#keepAlive.calls(true)
    }
    this.#out.schedule()
  }

  /** Sends what was written to a stream. */
  send(stream: Stream): void {
    if (this.#waiting.has(stream)) return
    if (this.#streams.get(stream.id) !== stream || stream.localEnd) return
    this.#out.send(stream)
  }

  /** Whether what is written now would wait. */
  get full(): boolean {
    return this.#out.full
  }

  /** Gives a stream up; its events end here. */
  reset(stream: Stream, code: number): void {
    if (this.#waiting.delete(stream)) this.#settle()
    if (this.#streams.get(stream.id) !== stream) return
    this.#out.push(numberFrame(frameType.rstStream, stream.id, code))
    this.#forget(stream)
  }

  /** Lets the peer send that many more bytes on a stream. */
  allow(stream: Stream, bytes: number): void {
    if (this.#streams.get(stream.id) !== stream) return
    stream.receiveWindow += bytes
    this.#out.push(numberFrame(frameType.windowUpdate, stream.id, bytes))
  }

  /** Takes bytes of the peer; they need not stay as they are. */
  receive(chunk: Buffer): void {
    if (this.#gone) return
    this.#keepAlive.heard()
    try {
      this.#reader.push(chunk)
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      this.#fail(error)
    }
  }

  /** The socket takes more again. */
  writable(): void {
    this.#out.writable()
  }

  /** Ends it once the streams that are open have ended. */
  close(): void {
    if (this.#gone || this.#retired) return
    this.#out.push(goAwayFrame(0, http2Code.noError, ''))
    this.#retire('the channel was closed')
  }

  /** Ends it now. Streams are told that the peer did nothing for them if they were never opened. */
  destroy(reason: string): void {
    if (this.#gone) return
    this.#gone = true
    this.#retired = true
    const waiting = [...this.#waiting]
    const open = [...this.#streams.values()]
    this.#waiting.clear()
    this.#streams.clear()
    this.#out.close()
    this.#keepAlive.stop()
    this.#output.destroy()
    this.#events.onGone(reason)
    for (const stream of open) stream.events.onLost(reason, false)
    for (const stream of waiting) stream.events.onLost(reason, true)
  }

  #fail(error: ConnectionError): void {
    this.#out.push(goAwayFrame(0, error.code, error.message))
    this.#out.flush()
    const first = this.#ready ? 'the peer broke the HTTP/2 protocol' : 'the peer does not speak HTTP/2'
    this.destroy(`${first}: ${error.message}`)
  }

  #openWaiting(): void {
    for (const stream of this.#waiting) {
      if (this.#streams.size >= this.#peer.maxStreams || this.#retired) return
      this.#waiting.delete(stream)
      stream.id = this.#nextId
      stream.sendWindow = this.#peer.initialWindowSize
      this.#nextId += 2
      this.#streams.set(stream.id, stream)
      this.#out.start(stream)
      // Ids that are used up cannot come again: the channel goes on with another connection.
      if (this.#nextId > maxWindow) this.#retire('no stream ids are left')
    }
  }

  #onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (!this.#ready && type !== frameType.settings) throw broken('its first frame is not SETTINGS')
    this.#blocks.check(type, id)
    if (type === frameType.data) this.#onData(flags, id, payload)
    else if (type === frameType.headers) this.#onBlock(this.#blocks.headers(flags, id, payload))
    else if (type === frameType.continuation) this.#onBlock(this.#blocks.continuation(flags, payload))
    else if (type === frameType.windowUpdate) this.#onWindowUpdate(id, payload)
    else if (type === frameType.rstStream) this.#onReset(id, payload)
    else if (type === frameType.settings) this.#onSettings(flags, id, payload)
    else if (type === frameType.ping) this.#onPing(flags, id, payload)
    else if (type === frameType.goAway) this.#onGoAway(id, payload)
    else if (type === frameType.pushPromise) throw broken('a push, which was ruled out')
    // Other types say nothing to us (section 4.1).
  }

  #onData(flags: number, id: number, payload: Buffer): void {
    const stream = this.#find(id)
    this.#received += payload.length
    if (this.#received >= connectionWindow / 4) {
      this.#out.push(numberFrame(frameType.windowUpdate, 0, this.#received))
      this.#received = 0
    }
    if (!stream) return
    if (payload.length > stream.receiveWindow) {
      this.#breakOff(stream, http2Code.flowControl)
      return
    }
    stream.receiveWindow -= payload.length
    const body = unpadded(flags, payload)
    const padding = payload.length - body.length
    const end = (flags & flag.endStream) !== 0
    stream.padded += padding
    // Given back together: an update for each would be as large as the frames themselves.
    if (stream.padded >= streamWindow / 4 && !end) {
      this.allow(stream, stream.padded)
      stream.padded = 0
    }
    if (body.length > 0) stream.events.onData(body)
    if (end && this.#streams.get(id) === stream) this.#ended(stream, () => stream.events.onEnd())
  }

  #onBlock(block: HeaderBlock | undefined): void {
    if (!block) return
    const { id, end, headers, tooLarge } = block
    const stream = this.#find(id)
    if (!stream) return
    if (tooLarge) {
      this.reset(stream, http2Code.cancel)
      stream.events.onHeadersTooLarge(block.size)
    } else if (end) this.#ended(stream, () => stream.events.onHeaders(headers, true))
    else stream.events.onHeaders(headers, false)
  }

  /** The peer has ended a stream. What it still sends on it counts for the windows, and reaches nobody. */
  #ended(stream: Stream, tell: () => void): void {
    if (stream.localEnd) this.#forget(stream)
    else this.reset(stream, http2Code.noError)
    tell()
  }

  #breakOff(stream: Stream, code: number): void {
    this.reset(stream, code)
    stream.events.onReset(code)
  }

  #onReset(id: number, payload: Buffer): void {
    const code = readReset(payload)
    const stream = this.#find(id)
    if (!stream) return
    this.#forget(stream)
    stream.events.onReset(code)
  }

  #onSettings(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw broken('SETTINGS on a stream')
    if (flags & flag.ack) {
      if (payload.length > 0) throw new ConnectionError(http2Code.frameSize, 'an acknowledgement with a payload')
      if (!this.#ready) throw broken('its first frame is not SETTINGS')
      return
    }
    const { initialWindowSize } = this.#peer
    // A peer that sets no limit has none (section 6.5.2).
    const peer = readSettings(payload, this.#ready ? this.#peer : { ...this.#peer, maxStreams: Infinity })
    this.#peer = peer
    this.#out.configure(peer)
    const more = peer.initialWindowSize - initialWindowSize
    for (const stream of this.#streams.values()) {
      stream.sendWindow += more
      if (stream.sendWindow > maxWindow) throw new ConnectionError(http2Code.flowControl, 'a window that is too large')
    }
    this.#out.answer(frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)))
    if (this.#ready) return
    this.#ready = true
    this.#events.onReady()
  }

  #onPing(flags: number, id: number, payload: Buffer): void {
    checkPing(id, payload)
    if (flags & flag.ack) return
    this.#out.answer(frame(frameType.ping, flag.ack, 0, payload))
  }

  #onGoAway(id: number, payload: Buffer): void {
    const { last, reason, tooManyPings } = readGoAway(id, payload)
    const unprocessed = [...this.#streams.values()].filter((stream) => stream.id > last)
    for (const stream of unprocessed) {
      this.#streams.delete(stream.id)
      this.#out.forget(stream)
    }
    this.#retire(reason)
    for (const stream of unprocessed) stream.events.onLost(reason, true)
    if (tooManyPings) this.#events.onTooManyPings()
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    const more = readWindowUpdate(id, payload)
    if (id === 0) this.#out.widen(more)
    else {
      const stream = this.#find(id)
      if (!stream) return
      stream.sendWindow += more
      if (more === 0) this.#breakOff(stream, http2Code.protocol)
      else if (stream.sendWindow > maxWindow) this.#breakOff(stream, http2Code.flowControl)
    }
    this.#out.resume()
  }

  /** The stream of a frame; `undefined` for one that has ended here. */
  #find(id: number): Stream | undefined {
    const stream = this.#streams.get(id)
    if (!stream && (id % 2 === 0 || id >= this.#nextId)) throw broken(`a frame of stream ${id}, which was never opened`)
    return stream
  }

  #retire(reason: string): void {
    if (!this.#retired) {
      this.#retired = true
      this.#events.onRetired()
    }
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    this.#settle()
    for (const stream of waiting) stream.events.onLost(reason, true)
  }

  #forget(stream: Stream): void {
    this.#streams.delete(stream.id)
    this.#out.forget(stream)
    // One more may be opened now.
    if (this.#waiting.size > 0) this.#out.schedule()
    this.#settle()
  }

  #settle(): void {
    if (this.#gone || this.#streams.size + this.#waiting.size > 0) return
    this.#keepAlive.calls(false)
    this.#output.busy(this.#held)
    if (!this.#retired) return
    this.#out.flush()
    this.#output.end()
  }
}

function broken(message: string): ConnectionError {
  return new ConnectionError(http2Code.protocol, message)
}
