import { availableParallelism } from 'node:os'

/** What {@link BusyPoll} needs. */
export interface BusyPollInit {
  /** How long it waits at most for an answer, in milliseconds; 0 is never. */
  readonly windowMs: number
  /** Milliseconds of a clock that never goes back. @default performance.now */
  now?(): number
  /** Runs a step in the event loop's next turn. @default setImmediate */
  soon?(step: () => void): unknown
}

/**
 * Keeps the event loop from sleeping while an answer is about to come: to be woken takes longer than many functions run. The
 * loop still sees after everything else meanwhile. It waits only where the last answer came within the window, so a
 * slow function costs nothing.
 *
 * The idea is the kernel's own (`net.core.busy_poll`, and the haltpoll governor of virtual machines).
 */
export class BusyPoll {
  readonly #windowMs: number
  readonly #now: () => number
  readonly #soon: (step: () => void) => unknown
  #began = 0
  #until = 0
  #awake = false
  #pays = true

  constructor({ windowMs, now = () => performance.now(), soon = setImmediate }: BusyPollInit) {
    // On a single processor it would keep the very process that it waits for from running.
    this.#windowMs = availableParallelism() > 1 ? windowMs : 0
    this.#now = now
    this.#soon = soon
  }

  /** Something has been asked, and nothing else is under way. */
  asked(): void {
    if (this.#windowMs === 0) return
    this.#began = this.#now()
    if (!this.#pays) return
    this.#until = this.#began + this.#windowMs
    if (this.#awake) return
    this.#awake = true
    this.#soon(this.#turn)
  }

  /** Nothing is under way any more. */
  answered(): void {
    if (this.#windowMs === 0) return
    this.#until = 0
    this.#pays = this.#now() - this.#began <= this.#windowMs
  }

  readonly #turn = (): void => {
    if (this.#now() < this.#until) this.#soon(this.#turn)
    else this.#awake = false
  }
}
