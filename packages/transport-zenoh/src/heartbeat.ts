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
  #heard = true
  #stopped = false

  constructor(init: HeartbeatInit) {
    this.#init = init
    this.#rest()
  }

  /** Something came. */
  heard(): void {
    this.#heard = true
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #rest(): void {
    this.#heard = false
    this.#timer = this.#init.clock.after(this.#init.everyMs, () => {
      if (this.#heard) this.#rest()
      else this.#question()
    })
  }

  #question(): void {
    this.#init.ask()
    this.#timer = this.#init.clock.after(this.#init.timeoutMs, () => {
      // This process may have been busy all the while, with the answer at the door: it is let in first.
      setImmediate(() => {
        if (this.#stopped) return
        if (this.#heard) this.#rest()
        else this.#init.silent()
      })
    })
  }
}
