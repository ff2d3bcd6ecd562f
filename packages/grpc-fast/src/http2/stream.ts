import type { Header } from '../hpack/static-table.ts'

/** What a stream asks for in its first frame. */
export interface StreamRequest {
  /** Names the fields that are the same for every call of a method. */
  readonly key: string
  readonly steady: () => readonly Header[]
  /** The other fields; asked for when the frame is written. */
  readonly others: () => readonly Header[]
}

/**
 * What happens on a stream. Of `onEnd`, `onReset`, `onHeadersTooLarge` and `onLost` one comes, and nothing after it.
 */
export interface StreamEvents {
  onHeaders(headers: readonly Header[], end: boolean): void
  /** `payload` is valid during the call only. */
  onData(payload: Buffer): void
  /** Everything that was written has gone to the socket. */
  onSent(): void
  /** The peer ended the stream after data. */
  onEnd(): void
  onReset(code: number): void
  /** The peer's header list is larger than this side reads; the stream has been given up. `size` is in bytes. */
  onHeadersTooLarge(size: number): void
  /** The connection is gone; `unprocessed` when it is sure that the peer did nothing for this stream. */
  onLost(reason: string, unprocessed: boolean): void
}

interface Outgoing {
  readonly data: Buffer
  at: number
}

/** One stream of a connection: what it still has to send, and the state of both windows. */
export class Stream {
  id = 0
  /** How much the peer still takes. */
  sendWindow = 0
  /** How much the peer may still send. */
  receiveWindow: number
  /** Bytes of padding that came and were not given back to that window. */
  padded = 0
  localEnd = false
  readonly request: StreamRequest
  readonly events: StreamEvents
  readonly #out: Outgoing[] = []
  #ending = false
  #queued = 0

  constructor(request: StreamRequest, events: StreamEvents, receiveWindow: number) {
    this.request = request
    this.events = events
    this.receiveWindow = receiveWindow
  }

  /** How many bytes wait to be sent. */
  get queued(): number {
    return this.#queued
  }

  /** Whether the end of this side is due. */
  get ending(): boolean {
    return this.#ending
  }

  write(data: Buffer): void {
    this.#out.push({ data, at: 0 })
    this.#queued += data.length
  }

  end(): void {
    this.#ending = true
  }

  /** Takes up to `max` bytes of what waits. */
  take(max: number): Buffer {
    const first = this.#out[0]!
    const rest = first.data.length - first.at
    if (rest > max) {
      first.at += max
      this.#queued -= max
      return first.data.subarray(first.at - max, first.at)
    }
    this.#out.shift()
    this.#queued -= rest
    const piece = first.at === 0 ? first.data : first.data.subarray(first.at)
    // Small messages that wait together go together.
    const next = this.#out[0]
    if (next && rest + next.data.length <= max && next.at === 0) {
      return Buffer.concat([piece, ...this.#takeWhole(max - rest)])
    }
    return piece
  }

  #takeWhole(max: number): Buffer[] {
    const taken: Buffer[] = []
    let room = max
    while (this.#out[0] && this.#out[0].data.length <= room) {
      const { data } = this.#out.shift()!
      room -= data.length
      this.#queued -= data.length
      taken.push(data)
    }
    return taken
  }
}
