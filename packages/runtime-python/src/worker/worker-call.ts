import { abortedBy, type BackplaneError, type Call, type Value } from '@backplane/core'
import { streamWindow } from './protocol.ts'

/** What a {@link WorkerCall} says to its worker. */
export interface WorkerCallLine {
  /** The caller has gone. */
  cancel(): void
  /** There is room for more items. */
  credit(items: number): void
}

/** The host's side of one call: settles once, hands items on in order. */
export class WorkerCall {
  readonly #call: Call
  readonly #line: WorkerCallLine
  readonly #resolve: (value: Value) => void
  readonly #reject: (error: BackplaneError) => void
  #items: Promise<void> | undefined
  #taken = 0
  #open = true

  constructor(
    call: Call,
    line: WorkerCallLine,
    resolve: (value: Value) => void,
    reject: (error: BackplaneError) => void,
  ) {
    this.#call = call
    this.#line = line
    this.#resolve = resolve
    this.#reject = reject
    call.signal.addEventListener('abort', this)
  }

  /** The worker's answer; it counts when every item before it has been taken. */
  answer(value: Value): void {
    this.#afterItems(() => this.#resolve(value))
  }

  /** The worker's error, or its end; items before it are taken first, too. */
  fail(error: BackplaneError): void {
    this.#afterItems(() => this.#reject(error))
  }

  /** One item; the next ones wait until the caller has taken it. */
  item(item: Value): void {
    this.#items = (this.#items ?? Promise.resolve()).then(async () => {
      if (!this.#open) return
      try {
        await this.#call.send(item)
      } catch {
        this.handleEvent()
        return
      }
      // Room is given back in halves of the window: one message for many items.
      if (++this.#taken < streamWindow / 2) return
      this.#line.credit(this.#taken)
      this.#taken = 0
    })
  }

  /** The caller has gone: it has its answer at once, and the worker is told. */
  handleEvent(): void {
    if (!this.#open) return
    this.#line.cancel()
    this.#settle(() => this.#reject(abortedBy(this.#call.signal)))
  }

  #afterItems(settle: () => void): void {
    if (this.#items) this.#items.then(() => this.#settle(settle))
    else this.#settle(settle)
  }

  #settle(settle: () => void): void {
    if (!this.#open) return
    this.#open = false
    this.#call.signal.removeEventListener('abort', this)
    settle()
  }
}
