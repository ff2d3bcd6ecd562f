import type { Call } from '../contracts/call.ts'
import type { Value } from '../contracts/values.ts'
import { abortedBy } from '../deadline.ts'
import { BackplaneError } from '../errors.ts'

/** What a {@link RemoteCall} says to where its function runs. */
export interface RemoteCallLine {
  /** Items of a streamed result that may be under way to a caller who has not taken them yet. */
  readonly window: number
  /** The caller has gone. */
  cancel(reason: BackplaneError): void
  /** There is room for more items. */
  credit(items: number): void
}

/**
 * The host's side of a call of a function that runs elsewhere, in a thread or a process: settles once, hands items on
 * in order.
 */
export class RemoteCall {
  readonly #call: Call
  readonly #line: RemoteCallLine
  readonly #resolve: (value: Value) => void
  readonly #reject: (error: BackplaneError) => void
  /** The caller's, where the call tells its end by nothing else. */
  #signal: AbortSignal | undefined
  #items: Promise<void> | undefined
  #taken = 0
  #open = true

  constructor(
    call: Call,
    line: RemoteCallLine,
    resolve: (value: Value) => void,
    reject: (error: BackplaneError) => void,
  ) {
    this.#call = call
    this.#line = line
    this.#resolve = resolve
    this.#reject = reject
    if (call.onAbandoned) call.onAbandoned((reason) => this.#leave(reason))
    else this.#listen(call.signal)
  }

  /** Whether somebody waits for it still. */
  get open(): boolean {
    return this.#open
  }

  /** The answer; it counts when every item before it has been taken. */
  answer(value: Value): void {
    this.#afterItems(() => this.#resolve(value))
  }

  /** The error, or the end of where it runs; items before it are taken first, too. */
  fail(error: BackplaneError): void {
    this.#afterItems(() => this.#reject(error))
  }

  /** One item; the next ones wait until the caller has taken it. */
  item(item: Value): void {
    this.#items = (this.#items ?? Promise.resolve()).then(async () => {
      if (!this.#open) return
      try {
        await this.#call.send(item)
      } catch (thrown) {
        this.#leave(BackplaneError.from(thrown))
        return
      }
      // Room is given back in halves of the window: one message for many items.
      if (++this.#taken < this.#line.window / 2) return
      this.#line.credit(this.#taken)
      this.#taken = 0
    })
  }

  /** The caller's signal has aborted. */
  handleEvent(): void {
    this.#leave(abortedBy(this.#signal))
  }

  #listen(signal: AbortSignal): void {
    this.#signal = signal
    signal.addEventListener('abort', this)
    if (signal.aborted) this.handleEvent()
  }

  /** The caller has gone: it has its answer at once, and the other side is told. */
  #leave(reason: BackplaneError): void {
    if (!this.#open) return
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
    this.#signal?.removeEventListener('abort', this)
    settle()
  }
}
