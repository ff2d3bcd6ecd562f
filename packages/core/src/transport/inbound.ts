import type { Message, MessageHandler } from '../contracts/transport.ts'
import { DropCount } from './drop-count.ts'
import type { HandlerEvents } from './handler-events.ts'

/**
 * Gives messages to a handler one at a time and in order, and holds those that must wait, up to a bound; beyond it the
 * oldest go.
 *
 * A handler that returns no promise is called at once, with nothing in between.
 */
export class Inbound {
  readonly #handler: MessageHandler
  readonly #maxPending: number
  readonly #events: HandlerEvents
  readonly #drops: DropCount
  #waiting: (Message | undefined)[] = []
  #head = 0
  #busy = false
  #closed = false

  constructor(handler: MessageHandler, maxPending: number, events: HandlerEvents) {
    this.#handler = handler
    this.#maxPending = maxPending
    this.#events = events
    this.#drops = new DropCount((count) => events.dropped(count))
  }

  /** Hands a message to the handler, now or when those before it are done. */
  push(message: Message): void {
    if (this.#closed) return
    if (!this.#busy) {
      this.#run(message)
      return
    }
    if (this.#waiting.length - this.#head >= this.#maxPending) {
      this.#shift()
      this.#drops.add()
    }
    this.#waiting.push(message)
  }

  /** Forgets what waits, and calls the handler no more. */
  close(): void {
    this.#closed = true
    this.#waiting = []
    this.#head = 0
  }

  #run(message: Message): void {
    try {
      const done = this.#handler(message)
      if (done === undefined) return
      this.#busy = true
      Promise.resolve(done).then(
        () => this.#next(),
        (thrown) => {
          this.#events.failed(thrown)
          this.#next()
        },
      )
    } catch (thrown) {
      this.#events.failed(thrown)
    }
  }

  #next(): void {
    this.#busy = false
    while (!this.#busy && this.#head < this.#waiting.length) this.#run(this.#shift())
  }

  /** Takes the oldest out; what is taken is let go of in large pieces, not one by one. */
  #shift(): Message {
    const oldest = this.#waiting[this.#head]!
    this.#waiting[this.#head++] = undefined
    if (this.#head === this.#waiting.length || (this.#head > 1024 && this.#head * 2 > this.#waiting.length)) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return oldest
  }
}
