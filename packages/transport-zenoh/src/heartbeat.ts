import type { Clock, Timer } from '@backplane/core'

/** Options of {@link Heartbeat}. */
export interface HeartbeatInit {
  readonly clock: Clock
  readonly everyMs: number
  readonly timeoutMs: number
  /** Asks the other side for a sign of life; how it ends does not matter. */
  ask(): void
  /** The other side has been silent for too long. Called once. */
  silent(): void
}

/** Asks the other side whether it lives, whenever nothing else has come from it for a while. */
export class Heartbeat {
  readonly #init: HeartbeatInit
  #timer: Timer | undefined
  #heardAt: number
  /** A question is open. */
  #asking = false
  #stopped = false

  constructor(init: HeartbeatInit) {
    this.#init = init
    this.#heardAt = init.clock.now()
    this.#rest()
  }

  /** Something came. */
  heard(): void {
    this.#heardAt = this.#init.clock.now()
    if (!this.#asking || this.#stopped) return
    this.#asking = false
    this.#timer?.cancel()
    this.#rest()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Until nothing has come for as long as it may. */
  #rest(): void {
    const { clock, everyMs } = this.#init
    const waitMs = this.#heardAt + everyMs - clock.now()
    if (waitMs <= 0) this.#question()
    else this.#timer = clock.after(waitMs, () => this.#rest())
  }

  #question(): void {
    const { clock, timeoutMs, ask, silent } = this.#init
    this.#asking = true
    this.#timer = clock.after(timeoutMs, () => {
      // This process may have been busy all the while, with the answer at the door: it is let in first.
      setImmediate(() => {
        if (this.#asking && !this.#stopped) silent()
      })
    })
    ask()
  }
}
