import type { Clock, Timer } from '../contracts/clock.ts'
import type { Message, MessageHandler, Subscription } from '../contracts/transport.ts'
import type { Interest } from './network.ts'

/** What a subscription needs of its transport. */
export interface InboxInit {
  readonly pattern: string
  readonly queue: string | undefined
  readonly maxPending: number
  /** How long each message lies before its handler sees it. */
  readonly handleDelayMs: number
  readonly clock: Clock
  readonly handler: MessageHandler
  ended(inbox: Inbox): void
  slow(subject: string, dropped: number): void
  failed(error: unknown): void
}

/** A subscription: hands messages over one at a time, and drops the oldest when too many wait. */
export class Inbox implements Interest, Subscription {
  readonly pattern: string
  readonly queue: string | undefined
  readonly answers = false
  readonly #init: InboxInit
  #waiting: Message[] = []
  #busy = false
  #ended = false
  #dropped = 0
  #timer: Timer | undefined

  constructor(init: InboxInit) {
    this.#init = init
    this.pattern = init.pattern
    this.queue = init.queue
  }

  take(subject: string, payload: Uint8Array): void {
    if (this.#ended) return
    this.#waiting.push({ subject, payload })
    if (!this.#busy) return void this.#work()
    if (this.#waiting.length <= this.#init.maxPending) return
    this.#waiting.shift()
    // One report for what one burst drops.
    if (this.#dropped++ === 0) queueMicrotask(() => this.#report())
  }

  async unsubscribe(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#waiting = []
    this.#timer?.cancel()
    this.#init.ended(this)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unsubscribe()
  }

  #report(): void {
    const dropped = this.#dropped
    this.#dropped = 0
    this.#init.slow(this.pattern, dropped)
  }

  async #work(): Promise<void> {
    this.#busy = true
    const { handler, handleDelayMs } = this.#init
    while (this.#waiting.length > 0) {
      if (handleDelayMs > 0) await this.#lie(handleDelayMs)
      const message = this.#waiting.shift()
      if (!message) break
      try {
        const pending = handler(message)
        if (pending) await pending
      } catch (error) {
        this.#init.failed(error)
      }
    }
    this.#busy = false
  }

  #lie(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#init.clock.after(delayMs, resolve)
    })
  }
}
