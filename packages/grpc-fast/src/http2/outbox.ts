import { HpackEncoder } from '../hpack/encoder.ts'
import { ConnectionError, http2Code } from './error.ts'
import { defaultMaxFrameSize, flag, frame, frameType, headerBytes, maxWindow, writeHeader } from './frame.ts'
import type { Stream } from './stream.ts'
import { firstWindow } from './windows.ts'

/** How much is written at once; more goes in the next turn, and the streams take turns. */
const writeBudget = 256 * 1024

/** How much is answered to a peer that does not read (CVE-2019-9512, CVE-2019-9515). */
const maxAnswers = 128 * 1024

/** What an {@link Outbox} works with. */
export interface OutboxInit {
  /** Gives false when the socket has more than enough. */
  write(chunk: Buffer): boolean
  /** Called before each write: what is to be opened is opened now. */
  onFlush(): void
}

/** Everything that goes out on a connection: frames in their order, data as far as the windows and the socket allow. */
export class Outbox {
  readonly #init: OutboxInit
  readonly #encoder = new HpackEncoder()
  /** Streams that have something to send. */
  readonly #sending = new Set<Stream>()
  #maxFrameSize = defaultMaxFrameSize
  #window = firstWindow
  #parts: Buffer[] = []
  #scheduled = false
  /** The socket has taken more than enough. */
  #full = false
  /** Bytes of answers since then. */
  #answered = 0
  #closed = false

  /** @param first - goes out before everything else, together with what comes in the same turn */
  constructor(first: Buffer, init: OutboxInit) {
    this.#init = init
    this.#parts.push(first)
    // A call that is made at once goes out in the same write.
    setImmediate(() => this.flush())
  }

  /** Whether what is written now would wait. */
  get full(): boolean {
    return this.#full
  }

  /** Adds frames that no window holds back. */
  push(...frames: Buffer[]): void {
    this.#parts.push(...frames)
    this.schedule()
  }

  /**
   * Adds a frame that the peer has asked for.
   *
   * @throws ConnectionError when the peer asks for more and more, and does not read
   */
  answer(asked: Buffer): void {
    if (this.#full) this.#answered += asked.length
    if (this.#answered > maxAnswers) {
      throw new ConnectionError(http2Code.enhanceYourCalm, 'it asks for more answers than it reads')
    }
    this.push(asked)
  }

  /** Everything of one turn goes out in one write. */
  schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.flush()
    })
  }

  /** Writes what is there. */
  flush(): void {
    if (this.#closed) return
    this.#init.onFlush()
    let room = writeBudget
    for (const stream of this.#sending) {
      if (this.#full || room <= 0) break
      room -= this.#sendData(stream, room)
    }
    if (room <= 0) this.schedule()
    if (this.#parts.length === 0) return
    const parts = this.#parts
    this.#parts = []
    const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    if (!this.#init.write(whole)) this.#full = true
  }

  /** Writes the headers of a stream that has its id. */
  start(stream: Stream): void {
    const { key, steady, others } = stream.request
    const block = this.#encoder.encode(key, steady, others())
    const max = this.#maxFrameSize
    for (let at = 0; at === 0 || at < block.length; at += max) {
      const type = at === 0 ? frameType.headers : frameType.continuation
      const flags = at + max >= block.length ? flag.endHeaders : 0
      this.#parts.push(frame(type, flags, stream.id, block.subarray(at, at + max)))
    }
    // The end never stands on the headers: gRPC wants it on data, empty if need be, and Go's servers wait for that.
    if (stream.queued > 0 || stream.ending) this.#sending.add(stream)
  }

  /** Sends what was written to a stream. */
  send(stream: Stream): void {
    this.#sending.add(stream)
    this.schedule()
  }

  forget(stream: Stream): void {
    this.#sending.delete(stream)
  }

  /** The peer takes that much more on all streams. */
  widen(bytes: number): void {
    this.#window += bytes
    if (this.#window > maxWindow) throw new ConnectionError(http2Code.flowControl, 'a window that is too large')
    this.resume()
  }

  /** The socket takes more again. */
  writable(): void {
    this.#full = false
    this.#answered = 0
    this.resume()
  }

  /** Goes on with what was held back. */
  resume(): void {
    if (this.#sending.size > 0) this.schedule()
  }

  /** Takes over what the peer has said of itself. */
  configure(init: { readonly maxFrameSize: number; readonly headerTableSize?: number }): void {
    this.#maxFrameSize = init.maxFrameSize
    if (init.headerTableSize !== undefined) this.#encoder.setMaxTableSize(init.headerTableSize)
  }

  close(): void {
    this.#closed = true
    this.#sending.clear()
  }

  /** Sends what may be sent of a stream, within a budget; gives how much that was. */
  #sendData(stream: Stream, budget: number): number {
    let sent = 0
    while (stream.queued > 0) {
      const room = Math.min(this.#window, stream.sendWindow, this.#maxFrameSize)
      if (room <= 0) return sent
      if (sent >= budget) {
        this.#sending.delete(stream)
        this.#sending.add(stream)
        return sent
      }
      const piece = stream.take(room)
      sent += piece.length
      this.#window -= piece.length
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
    return sent
  }

  #data(id: number, payload: Buffer, end: boolean): void {
    const header = Buffer.allocUnsafe(headerBytes)
    writeHeader(header, payload.length, frameType.data, end ? flag.endStream : 0, id)
    this.#parts.push(header, payload)
  }
}
