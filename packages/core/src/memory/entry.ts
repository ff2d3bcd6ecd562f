import type { Subscription } from '../contracts/transport.ts'
import type { Interest, ReplyTo } from './network.ts'

/** What becomes of what the network brings to one subscription or served subject. */
export interface Behaviour {
  /** Whether it answers requests. */
  readonly answers: boolean
  take(subject: string, payload: Uint8Array, reply: ReplyTo | undefined): void
  /** Takes no more. */
  close(): void
  /** Waits no longer for what is under way, and tells those who wait for it. */
  cutOff(): void
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

/** One subscription or served subject. */
export class Entry implements Interest, Subscription {
  readonly pattern: string
  readonly queue: string | undefined
  readonly #behaviour: Behaviour
  readonly #forget: (entry: Entry) => void
  #ended = false

  constructor(pattern: string, queue: string | undefined, behaviour: Behaviour, forget: (entry: Entry) => void) {
    this.pattern = pattern
    this.queue = queue
    this.#behaviour = behaviour
    this.#forget = forget
  }

  get answers(): boolean {
    return this.#behaviour.answers
  }

  take(subject: string, payload: Uint8Array, reply: ReplyTo | undefined): void {
    this.#behaviour.take(subject, payload, reply)
  }

  idle(): Promise<void> {
    return this.#behaviour.idle()
  }

  cutOff(): void {
    this.#behaviour.cutOff()
  }

  async unsubscribe(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#behaviour.close()
    this.#forget(this)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unsubscribe()
  }
}
