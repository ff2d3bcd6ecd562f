import { longestTimerMs } from '@backplane/core/runtime'

/** What a {@link HangGuard} needs. */
export interface HangGuardInit {
  /** How long the thread may leave a ping unanswered, in milliseconds. */
  readonly hangMs: number
  ping(): void
  /** Called when it did. */
  hung(): void
}

/**
 * Finds out whether a thread still turns its event loop: whoever suspects it (a call past its deadline) asks to `check`.
 *
 * It measures real time, not the injected clock's: a thread's answer takes real time whatever a test's clock says.
 */
export class HangGuard {
  readonly #init: HangGuardInit
  #timer: NodeJS.Timeout | undefined

  constructor(init: HangGuardInit) {
    this.#init = init
  }

  /** Pings, unless a ping is under way. */
  check(): void {
    if (this.#timer) return
    this.#init.ping()
    const timer = setTimeout(
      () => {
        // This thread itself may have been busy: what has come in by now is read first.
        setImmediate(() => {
          if (this.#timer === timer) this.#init.hung()
        })
      },
      Math.min(this.#init.hangMs, longestTimerMs),
    )
    this.#timer = timer
  }

  /** The thread has answered, or has ended. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
