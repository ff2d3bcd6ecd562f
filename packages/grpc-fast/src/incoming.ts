import { status } from '@grpc/grpc-js'
import { unpack } from './grpc/compression.ts'
import { MessageReader, prefixBytes } from './grpc/messages.ts'
import { streamWindow } from './http2/windows.ts'

/** The messages of an answer: those that came and were not read, and how much of the stream's window they take. */
export class Incoming {
  /** How compressed messages are packed. */
  encoding = 'identity'
  readonly #maxBytes: number
  readonly #fail: (code: status, details: string) => void
  readonly #reader = new MessageReader()
  readonly #messages: Buffer[] = []
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
    return this.#messages.length
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

  shift(): Buffer | undefined {
    const message = this.#messages.shift()
    if (message) this.#messageBytes -= message.length + prefixBytes
    return message
  }

  /**
   * How much to give back to the stream's window now. Messages that nobody has asked for stay counted, so that a slow
   * reader slows its peer; the beginning of a message that is asked for does not, so that it may be larger than the window.
   */
  release(wanted: boolean): number {
    const asked = wanted && this.#messages.length === 0
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

  readonly #onMessage = (message: Buffer, compressed: boolean): void => {
    if (this.#failed) return
    const whole = compressed ? unpack(message, this.encoding, this.#maxBytes) : message
    if (whole === 'too large') {
      const details = `Received message that decompresses to a size larger than ${this.#maxBytes}`
      this.#end(status.RESOURCE_EXHAUSTED, details)
    } else if (whole === 'unreadable') {
      const details = `Received a compressed message that cannot be read with the encoding ${this.encoding}`
      this.#end(status.INTERNAL, details)
    } else {
      this.#messages.push(whole)
      this.#messageBytes += whole.length + prefixBytes
    }
  }
}
