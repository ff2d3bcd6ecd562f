import type { BridgeSocket } from '../socket.ts'

/** Bit of the first byte: a sequence id follows, and the answer carries it too. */
const hasSequence = 0x80
/** The router's message that a request has failed: a string. */
const responseError = 2

/**
 * The WebSocket that the client library is given: open from the start, on a socket that was dialled before.
 *
 * It corrects what the library does not look after. It never says that it is full, since the library would then let
 * later messages pass earlier ones; the session asks the socket itself. While a queryable is being declared it hands
 * frames over one at a time, since the library loses queries that come in one go with the answer. And it answers what
 * is under way when the socket dies, so no request is left pending.
 */
export class SocketFacade {
  binaryType = 'arraybuffer'
  readonly bufferedAmount = 0
  onclose: ((event: { code: number }) => void) | null = null
  onerror: unknown = null
  readonly #socket: BridgeSocket
  #deliver: ((event: { data: ArrayBuffer }) => void) | undefined
  readonly #unanswered = new Set<number>()
  #waiting: ArrayBuffer[] = []
  #declaring = 0
  #resting = false

  constructor(socket: BridgeSocket) {
    this.#socket = socket
  }

  /** The library takes its handler away when it closes, with requests still pending; it is kept, so that they end. */
  set onmessage(handler: ((event: { data: ArrayBuffer }) => void) | null) {
    if (handler) this.#deliver = handler
  }

  get readyState(): number {
    return this.#socket.open ? readyStates.open : readyStates.closed
  }

  /**
   * Never throws: the library leaves some of its promises alone. On a dead socket a request fails, the rest is dropped.
   */
  send(frame: Uint8Array): void {
    if (frame[0]! & hasSequence) this.#unanswered.add(sequenceOf(frame))
    if (this.#socket.open) this.#socket.send(frame)
    else queueMicrotask(() => this.fail('the connection is gone'))
  }

  /** The session closes the socket itself, before the library's own session is closed. */
  close(): void {
    queueMicrotask(() => this.onclose?.({ code: 1000 }))
  }

  /** Takes a frame that came. */
  take(frame: ArrayBuffer): void {
    this.#waiting.push(frame)
    if (!this.#resting) this.#handOver()
  }

  /** Between these two a queryable is being declared. */
  declaring(): void {
    this.#declaring++
  }

  declared(): void {
    this.#declaring--
  }

  /** Fails every request that is still without an answer. */
  fail(reason: string): void {
    this.#waiting = []
    for (const sequence of this.#unanswered) this.#deliver?.({ data: errorFrame(sequence, reason) })
    this.#unanswered.clear()
  }

  #handOver(): void {
    while (this.#waiting.length > 0) {
      const frames = this.#waiting
      this.#waiting = []
      for (const [index, frame] of frames.entries()) {
        const bytes = new Uint8Array(frame)
        const answer = bytes.length >= 5 && (bytes[0]! & hasSequence) !== 0
        if (answer) this.#unanswered.delete(sequenceOf(bytes))
        this.#deliver?.({ data: frame })
        if (!answer || this.#declaring === 0) continue
        this.#waiting = [...frames.slice(index + 1), ...this.#waiting]
        this.#resting = true
        setImmediate(() => {
          this.#resting = false
          this.#handOver()
        })
        return
      }
    }
  }
}

/** As the WebSocket standard counts them. */
const readyStates = { open: 1, closed: 3 } as const

function sequenceOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(1, true)
}

function errorFrame(sequence: number, reason: string): ArrayBuffer {
  const text = Buffer.from(reason).subarray(0, 127)
  const frame = new Uint8Array(6 + text.length)
  frame[0] = responseError | hasSequence
  new DataView(frame.buffer).setUint32(1, sequence, true)
  frame[5] = text.length
  frame.set(text, 6)
  return frame.buffer
}
