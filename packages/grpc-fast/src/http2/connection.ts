import { HpackDecoder } from '../hpack/decoder.ts'
import { HpackEncoder } from '../hpack/encoder.ts'
import { ConnectionError, http2Code } from './error.ts'
import {
  defaultMaxFrameSize,
  flag,
  frame,
  frameType,
  goAwayFrame,
  headerBytes,
  maxWindow,
  numberFrame,
  preface,
  setting,
  settingsFrame,
  writeHeader,
} from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { type PeerSettings, readSettings } from './settings.ts'
import type { Stream } from './stream.ts'

/** How much a peer may send on one stream before it is read. */
export const streamWindow = 1024 * 1024

/** How much is written at once; more goes in the next turn, and the streams take turns. */
const writeBudget = 256 * 1024

/** How much a peer may send on all streams; given back as it comes, so that a stream that nobody reads holds up no other. */
const connectionWindow = 64 * 1024 * 1024

const maxTableSize = 4096
const maxHeaderListSize = 64 * 1024
/** The coded form of a header list is never much larger than the list. */
const maxHeaderBlock = 2 * maxHeaderListSize
const firstWindow = 65_535

/** What every connection says first. */
const opening = Buffer.concat([
  preface,
  settingsFrame([
    [setting.headerTableSize, maxTableSize],
    [setting.enablePush, 0],
    [setting.initialWindowSize, streamWindow],
    [setting.maxHeaderListSize, maxHeaderListSize],
  ]),
  numberFrame(frameType.windowUpdate, 0, connectionWindow - firstWindow),
])

/** The socket, as far as a connection uses it. */
export interface Output {
  /** Gives false when it has more than enough; `writable` is called once it has less. */
  write(chunk: Buffer): boolean
  end(): void
  destroy(): void
  /** Whether this connection keeps the process alive. */
  busy(busy: boolean): void
}

/** What a connection tells its channel. */
export interface ConnectionEvents {
  /** The peer's settings have come: it speaks HTTP/2. */
  onReady(): void
  /** It takes no new streams any longer. */
  onRetired(): void
  /** It is over; every stream has been told. */
  onGone(reason: string): void
}

/** The client's end of one HTTP/2 connection (RFC 9113). */
export class Connection {
  readonly #output: Output
  readonly #events: ConnectionEvents
  readonly #reader = new FrameReader((type, flags, id, payload) => this.#onFrame(type, flags, id, payload))
  readonly #decoder = new HpackDecoder({ maxTableSize, maxListSize: maxHeaderListSize })
  readonly #encoder = new HpackEncoder()
  readonly #streams = new Map<number, Stream>()
  /** Streams that have not been opened. */
  readonly #waiting = new Set<Stream>()
  /** Streams that have something to send. */
  readonly #sending = new Set<Stream>()
  #peer: PeerSettings = { initialWindowSize: firstWindow, maxFrameSize: defaultMaxFrameSize, maxStreams: Infinity }
  #ready = false
  #nextId = 1
  #sendWindow = firstWindow
  #received = 0
  #parts: Buffer[] = []
  #scheduled = false
  /** The socket has taken more than enough. */
  #full = false
  #retired = false
  #gone = false
  /** A header block that has not come whole. */
  #block: { readonly id: number; readonly end: boolean; readonly parts: Buffer[]; size: number } | undefined

  constructor(output: Output, events: ConnectionEvents) {
    this.#output = output
    this.#events = events
    this.#parts.push(opening)
    // A call that is made at once goes out in the same write.
    setImmediate(() => this.#flush())
  }

  /** Whether new streams can be opened on it. */
  get usable(): boolean {
    return !this.#retired && !this.#gone
  }

  /** Opens a stream, as soon as the peer allows one more. */
  open(stream: Stream): void {
    this.#waiting.add(stream)
    if (this.#waiting.size + this.#streams.size === 1) this.#output.busy(true)
    this.#schedule()
  }

  /** Sends what was written to a stream. */
  send(stream: Stream): void {
    if (this.#waiting.has(stream)) return
    if (this.#streams.get(stream.id) !== stream || stream.localEnd) return
    this.#sending.add(stream)
    this.#schedule()
  }

  /** Whether what is written now would wait. */
  get full(): boolean {
    return this.#full
  }

  /** Gives a stream up; its events end here. */
  reset(stream: Stream, code: number): void {
    if (this.#waiting.delete(stream)) this.#settle()
    if (this.#streams.get(stream.id) !== stream) return
    this.#parts.push(numberFrame(frameType.rstStream, stream.id, code))
    this.#schedule()
    this.#forget(stream)
  }

  /** Lets the peer send that many more bytes on a stream. */
  allow(stream: Stream, bytes: number): void {
    if (stream.remoteEnd || this.#streams.get(stream.id) !== stream) return
    stream.receiveWindow += bytes
    this.#parts.push(numberFrame(frameType.windowUpdate, stream.id, bytes))
    this.#schedule()
  }

  /** Takes bytes of the peer; they need not stay as they are. */
  receive(chunk: Buffer): void {
    if (this.#gone) return
    try {
      this.#reader.push(chunk)
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error
      this.#fail(error)
    }
  }

  /** The socket takes more again. */
  writable(): void {
    this.#full = false
    if (this.#sending.size > 0) this.#schedule()
  }

  /** Ends it once the streams that are open have ended. */
  close(): void {
    if (this.#gone || this.#retired) return
    this.#parts.push(goAwayFrame(0, http2Code.noError, ''))
    this.#schedule()
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
    this.#sending.clear()
    this.#streams.clear()
    this.#output.destroy()
    this.#events.onGone(reason)
    for (const stream of open) stream.events.onLost(reason, false)
    for (const stream of waiting) stream.events.onLost(reason, true)
  }

  #fail(error: ConnectionError): void {
    this.#parts.push(goAwayFrame(0, error.code, error.message))
    this.#flush()
    const first = this.#ready ? 'the peer broke the HTTP/2 protocol' : 'the peer does not speak HTTP/2'
    this.destroy(`${first}: ${error.message}`)
  }

  #schedule(): void {
    if (this.#scheduled || this.#gone) return
    this.#scheduled = true
    // Everything of one turn goes out in one write.
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#gone) return
    for (const stream of this.#waiting) {
      if (this.#streams.size >= this.#peer.maxStreams || this.#retired) break
      this.#waiting.delete(stream)
      this.#start(stream)
    }
    let room = writeBudget
    for (const stream of this.#sending) {
      if (this.#full || room <= 0) break
      room -= this.#sendData(stream, room)
    }
    if (room <= 0) this.#schedule()
    if (this.#parts.length === 0) return
    const parts = this.#parts
    this.#parts = []
    const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    if (!this.#output.write(whole)) this.#full = true
  }

  #start(stream: Stream): void {
    stream.id = this.#nextId
    stream.sendWindow = this.#peer.initialWindowSize
    this.#nextId += 2
    this.#streams.set(stream.id, stream)
    const { key, steady, others } = stream.request
    const block = this.#encoder.encode(key, steady, others())
    const max = this.#peer.maxFrameSize
    const first = block.length <= max ? block : block.subarray(0, max)
    const endHeaders = first === block ? flag.endHeaders : 0
    this.#parts.push(frame(frameType.headers, endHeaders, stream.id, first))
    for (let at = max; at < block.length; at += max) {
      const part = block.subarray(at, at + max)
      const last = at + max >= block.length ? flag.endHeaders : 0
      this.#parts.push(frame(frameType.continuation, last, stream.id, part))
    }
    // The end never stands on the headers: gRPC wants it on data, empty if need be, and Go's servers wait for that.
    if (stream.queued > 0 || stream.ending) this.#sending.add(stream)
    // Ids that are used up cannot come again: the channel goes on with another connection.
    if (this.#nextId > maxWindow) this.#retire('no stream ids are left')
  }

  /** Sends what may be sent of a stream, within a budget; gives how much that was. */
  #sendData(stream: Stream, budget: number): number {
    let sent = 0
    while (stream.queued > 0) {
      const room = Math.min(this.#sendWindow, stream.sendWindow, this.#peer.maxFrameSize)
      if (room <= 0) return sent
      if (sent >= budget) {
        this.#sending.delete(stream)
        this.#sending.add(stream)
        return sent
      }
      const piece = stream.take(room)
      sent += piece.length
      this.#sendWindow -= piece.length
      stream.sendWindow -= piece.length
      const last = stream.ending && stream.queued === 0
      this.#data(stream.id, piece, last)
      if (last) stream.localEnd = true
    }
    this.#sending.delete(stream)
    if (stream.ending && !stream.localEnd) {
      stream.localEnd = true
      this.#data(stream.id, Buffer.alloc(0), true)
    }
    if (sent > 0) stream.events.onSent()
    if (stream.localEnd && stream.remoteEnd) this.#forget(stream)
    return sent
  }

  #data(id: number, payload: Buffer, end: boolean): void {
    const header = Buffer.allocUnsafe(headerBytes)
    writeHeader(header, payload.length, frameType.data, end ? flag.endStream : 0, id)
    this.#parts.push(header, payload)
  }

  #onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (!this.#ready && type !== frameType.settings) throw broken('its first frame is not SETTINGS')
    if (this.#block && (type !== frameType.continuation || id !== this.#block.id)) {
      throw broken('another frame within a header block')
    }
    if (type === frameType.data) this.#onData(flags, id, payload)
    else if (type === frameType.headers) this.#onHeaders(flags, id, payload)
    else if (type === frameType.continuation) this.#onContinuation(flags, payload)
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
    if (this.#received > connectionWindow) throw new ConnectionError(http2Code.flowControl, 'more data than allowed')
    if (this.#received >= connectionWindow / 4) {
      this.#parts.push(numberFrame(frameType.windowUpdate, 0, this.#received))
      this.#received = 0
      this.#schedule()
    }
    if (!stream) return
    if (payload.length > stream.receiveWindow) {
      this.#breakOff(stream, http2Code.flowControl)
      return
    }
    if (stream.remoteEnd) throw new ConnectionError(0x5, 'data after the end of a stream')
    stream.receiveWindow -= payload.length
    const body = unpad(flags, payload)
    const padding = payload.length - body.length
    const end = (flags & flag.endStream) !== 0
    if (padding > 0 && !end) this.allow(stream, padding)
    if (body.length > 0) stream.events.onData(body)
    if (end && this.#streams.get(id) === stream) this.#ended(stream, () => stream.events.onEnd())
  }

  #onHeaders(flags: number, id: number, payload: Buffer): void {
    let part = unpad(flags, payload)
    if (flags & flag.priority) {
      if (part.length < 5) throw new ConnectionError(http2Code.frameSize, 'a HEADERS frame is too short')
      part = part.subarray(5)
    }
    const end = (flags & flag.endStream) !== 0
    if (flags & flag.endHeaders) this.#onBlock(id, end, part)
    else this.#block = { id, end, parts: [Buffer.from(part)], size: part.length }
  }

  #onContinuation(flags: number, payload: Buffer): void {
    const block = this.#block
    if (!block) throw broken('a CONTINUATION frame without a header block')
    block.parts.push(Buffer.from(payload))
    block.size += payload.length
    // An endless row of small or empty frames would be as bad as a large one.
    if (block.size > maxHeaderBlock || block.parts.length > 128) {
      throw new ConnectionError(http2Code.enhanceYourCalm, 'a header block without an end')
    }
    if (!(flags & flag.endHeaders)) return
    this.#block = undefined
    this.#onBlock(block.id, block.end, Buffer.concat(block.parts))
  }

  #onBlock(id: number, end: boolean, block: Buffer): void {
    // Read in any case: later blocks build on it.
    const { headers, tooLarge } = this.#decoder.decode(block)
    const stream = this.#find(id)
    if (!stream) return
    if (tooLarge) this.#breakOff(stream, http2Code.enhanceYourCalm)
    else if (stream.remoteEnd) throw new ConnectionError(0x5, 'headers after the end of a stream')
    else if (end) this.#ended(stream, () => stream.events.onHeaders(headers, true))
    else stream.events.onHeaders(headers, false)
  }

  /** The peer has ended a stream. */
  #ended(stream: Stream, tell: () => void): void {
    stream.remoteEnd = true
    if (stream.localEnd) this.#forget(stream)
    else this.reset(stream, http2Code.noError)
    tell()
  }

  #breakOff(stream: Stream, code: number): void {
    this.reset(stream, code)
    stream.events.onReset(code)
  }

  #onReset(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(http2Code.frameSize, 'a RST_STREAM frame of a wrong size')
    const stream = this.#find(id)
    if (!stream) return
    this.#forget(stream)
    stream.events.onReset(payload.readUInt32BE(0))
  }

  #onSettings(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw broken('SETTINGS on a stream')
    if (flags & flag.ack) {
      if (payload.length > 0) throw new ConnectionError(http2Code.frameSize, 'an acknowledgement with a payload')
      if (!this.#ready) throw broken('its first frame is not SETTINGS')
      return
    }
    const { initialWindowSize } = this.#peer
    const { headerTableSize, ...peer } = readSettings(payload, this.#peer)
    this.#peer = peer
    if (headerTableSize !== undefined) this.#encoder.setMaxTableSize(headerTableSize)
    const more = peer.initialWindowSize - initialWindowSize
    for (const stream of this.#streams.values()) {
      stream.sendWindow += more
      if (stream.sendWindow > maxWindow) throw new ConnectionError(http2Code.flowControl, 'a window that is too large')
    }
    this.#parts.push(frame(frameType.settings, flag.ack, 0, Buffer.alloc(0)))
    this.#schedule()
    if (this.#ready) return
    this.#ready = true
    this.#events.onReady()
  }

  #onPing(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw broken('PING on a stream')
    if (payload.length !== 8) throw new ConnectionError(http2Code.frameSize, 'a PING frame of a wrong size')
    if (flags & flag.ack) return
    this.#parts.push(frame(frameType.ping, flag.ack, 0, payload))
    this.#schedule()
  }

  #onGoAway(id: number, payload: Buffer): void {
    if (id !== 0) throw broken('GOAWAY on a stream')
    if (payload.length < 8) throw new ConnectionError(http2Code.frameSize, 'a GOAWAY frame of a wrong size')
    const last = payload.readUInt32BE(0) & 0x7fffffff
    const code = payload.readUInt32BE(4)
    const said = payload.toString('utf8', 8, 200)
    const reason = `the peer ended the connection (GOAWAY ${code}${said && `, ${said}`})`
    const unprocessed = [...this.#streams.values()].filter((stream) => stream.id > last)
    for (const stream of unprocessed) {
      this.#streams.delete(stream.id)
      this.#sending.delete(stream)
    }
    this.#retire(reason)
    for (const stream of unprocessed) stream.events.onLost(reason, true)
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(http2Code.frameSize, 'a WINDOW_UPDATE frame of a wrong size')
    const more = payload.readUInt32BE(0) & 0x7fffffff
    if (id === 0) {
      if (more === 0) throw broken('a WINDOW_UPDATE of nothing')
      this.#sendWindow += more
      if (this.#sendWindow > maxWindow) throw new ConnectionError(http2Code.flowControl, 'a window that is too large')
    } else {
      const stream = this.#find(id)
      if (!stream) return
      stream.sendWindow += more
      if (more === 0) this.#breakOff(stream, http2Code.protocol)
      else if (stream.sendWindow > maxWindow) this.#breakOff(stream, http2Code.flowControl)
    }
    if (this.#sending.size > 0) this.#schedule()
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
    this.#sending.delete(stream)
    // One more may be opened now.
    if (this.#waiting.size > 0) this.#schedule()
    this.#settle()
  }

  #settle(): void {
    if (this.#gone || this.#streams.size + this.#waiting.size > 0) return
    this.#output.busy(false)
    if (!this.#retired) return
    this.#flush()
    this.#output.end()
  }
}

function unpad(flags: number, payload: Buffer): Buffer {
  if (!(flags & flag.padded)) return payload
  const padding = payload[0] ?? 0
  if (padding >= payload.length) throw broken('more padding than payload')
  return payload.subarray(1, payload.length - padding)
}

function broken(message: string): ConnectionError {
  return new ConnectionError(http2Code.protocol, message)
}
