import { type Guarded, longestTimerMs, type RemoteGuard } from '@backplane/core/runtime'

/**
 * Finds out whether a thread still turns its event loop, where there is reason to doubt it (a call past its deadline).
 *
 * It measures real time, not the injected clock's: a thread's answer takes real time whatever a test's clock says.
 */
export class HangGuard implements RemoteGuard {
  readonly #hangMs: number
  readonly #thread: Guarded
  #timer: NodeJS.Timeout | undefined

  /** @param hangMs - how long the thread may leave a ping unanswered, in milliseconds */
  constructor(hangMs: number, thread: Guarded) {
    this.#hangMs = hangMs
    this.#thread = thread
  }

  // A function may go on after its call was given up, as long as others get their turn.
  owed(): void {
    this.suspect()
  }

  settled(): void {}

  /** Pings, unless a ping is under way. */
  suspect(): void {
    if (this.#timer) return
    const reason = `it hung: no sign of life for ${this.#hangMs} ms after a deadline`
    const timer = setTimeout(
      () => {
        // This thread itself may have been busy: what has come in by now is read first.
        setImmediate(() => {
          if (this.#timer === timer) this.#thread.kill(reason)
        })
      },
      Math.min(this.#hangMs, longestTimerMs),
    )
    this.#timer = timer
    this.#thread.ping().then(
      () => this.clear(),
      () => {},
    )
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
