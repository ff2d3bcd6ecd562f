import { status } from '@grpc/grpc-js'
import { unpack } from './grpc/compression.ts'
import { MessageReader, prefixBytes } from './grpc/messages.ts'
import { streamWindow } from './http2/windows.ts'

interface Waiting {
  readonly message: Buffer
  readonly packed: boolean
}

/** The messages of an answer: those that came and were not read, and how much of the stream's window they take. */
export class Incoming {
  /** How compressed messages are packed. */
  encoding = 'identity'
  readonly #maxBytes: number
  readonly #fail: (code: status, details: string) => void
  readonly #reader = new MessageReader()
  #messages: Waiting[] = []
  /** Where the first message is that was not read. */
  #next = 0
  #messageBytes = 0
  /** Bytes that came and were not given back to the stream's window. */
  #held = 0
  #failed = false

  constructor(maxBytes: number, fail: (code: status, details: string) => void) {
    this.#maxBytes = maxBytes
    this.#fail = fail
  }

  /** How many whole messages wait. */
  get waiting(): number {
    return this.#messages.length - this.#next
  }

  /** Whether the bytes so far end within a message. */
  get within(): boolean {
    return this.#reader.partial > 0
  }

  /** Takes bytes of messages; they need not stay as they are. */
  push(payload: Buffer): void {
    this.#held += payload.length
    if (!this.#failed) this.#reader.push(payload, this.#admit, this.#onMessage)
  }

  /** Takes bytes that are no messages. */
  skip(bytes: number): void {
    this.#held += bytes
  }

  /**
   * The next message; `undefined` when there is none, or none that can be read, of which the call is told. A packed one
   * is unpacked now, not when it comes: what waits takes no more memory than the window allows.
   */
  shift(): Buffer | undefined {
    const first = this.#messages[this.#next]
    if (!first || this.#failed) return undefined
    this.#next += 1
    // Taking the first of a long array off it costs as much as the array is long.
    if (this.#next >= 512 && this.#next * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#next)
      this.#next = 0
    }
    this.#messageBytes -= first.message.length + prefixBytes
    return first.packed ? this.#unpack(first.message) : first.message
  }

  /**
   * How much to give back to the stream's window now. Messages that nobody has asked for stay counted, so that a slow
   * reader slows its peer; the beginning of a message that is asked for does not, so that it may be larger than the
   * window.
   */
  release(wanted: boolean): number {
    const asked = wanted && this.waiting === 0
    const kept = this.#messageBytes + (asked ? 0 : this.#reader.partial)
    const free = this.#held - kept
    if (free < streamWindow / 4) return 0
    this.#held -= free
    return free
  }

  #end(code: status, details: string): void {
    this.#failed = true
    this.#fail(code, details)
  }

  readonly #admit = (length: number): boolean => {
    if (length <= this.#maxBytes) return true
    this.#end(status.RESOURCE_EXHAUSTED, `Received message larger than max (${length} vs ${this.#maxBytes})`)
    return false
  }

  readonly #onMessage = (message: Buffer, packed: boolean): void => {
    if (this.#failed) return
    this.#messages.push({ message, packed })
    this.#messageBytes += message.length + prefixBytes
  }

  #unpack(message: Buffer): Buffer | undefined {
    const whole = unpack(message, this.encoding, this.#maxBytes)
    if (typeof whole !== 'string') return whole
    if (whole === 'too large') {
      const details = `Received message that decompresses to a size larger than ${this.#maxBytes}`
      this.#end(status.RESOURCE_EXHAUSTED, details)
    } else {
      const details = `Received a compressed message that cannot be read with the encoding ${this.encoding}`
      this.#end(status.INTERNAL, details)
    }
    return undefined
  }
}
