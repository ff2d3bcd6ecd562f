import { abortedBy, type BackplaneError, type Call, type Value } from '@backplane/core'
import { streamWindow } from './protocol.ts'

/** What a {@link HostCall} says to its thread. */
export interface HostCallLine {
  /** The caller has gone. */
  cancel(reason: BackplaneError): void
  /** There is room for more items. */
  credit(items: number): void
}

/** The host's side of one call in a thread: settles once, hands items on in order. */
export class HostCall {
  readonly #call: Call
  readonly #line: HostCallLine
  readonly #resolve: (value: Value) => void
  readonly #reject: (error: BackplaneError) => void
  #items: Promise<void> | undefined
  #taken = 0
  #open = true

  constructor(
    call: Call,
    line: HostCallLine,
    resolve: (value: Value) => void,
    reject: (error: BackplaneError) => void,
  ) {
    this.#call = call
    this.#line = line
    this.#resolve = resolve
    this.#reject = reject
    call.signal.addEventListener('abort', this)
  }

  /** The thread's answer; it counts when every item before it has been taken. */
  answer(value: Value): void {
    this.#afterItems(() => this.#resolve(value))
  }

  /** The thread's error, or the end of the thread; items before it are taken first, too. */
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

  /** The caller has gone: it has its answer at once, and the thread is told. */
  handleEvent(): void {
    if (!this.#open) return
    const reason = abortedBy(this.#call.signal)
    this.#line.cancel(reason)
    this.#settle(() => this.#reject(reason))
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
