import { availableParallelism } from 'node:os'

export interface BusyPollInit {
  /** How long it waits at most for an answer, in milliseconds; 0 is never. */
  readonly windowMs: number
  /** How many processors there are for the two of them. @default availableParallelism() */
  readonly processors?: number
  /** Milliseconds of a clock that never goes back. @default performance.now */
  now?(): number
  /** Runs a step in the event loop's next turn. @default setImmediate */
  soon?(step: () => void): unknown
}

/** Most answers in a row that are not waited for, after one that did not come in time. */
const mostSkipped = 256

/**
 * Keeps the event loop from sleeping while an answer is about to come: to be woken takes longer than many functions
 * run. The loop still sees after everything else meanwhile. After each answer that does not come within the window it
 * skips twice as many, so a slow function costs next to nothing, and a quick one is soon found again.
 *
 * The idea is the kernel's own (`net.core.busy_poll`, and the haltpoll governor of virtual machines).
 */
export class BusyPoll {
  readonly #windowMs: number
  readonly #now: () => number
  readonly #soon: (step: () => void) => unknown
  /** When the answer that is awaited was asked for, if one is. */
  #began: number | undefined
  #until = 0
  #awake = false
  #waited = false
  #penalty = 0
  #skip = 0

  constructor(init: BusyPollInit) {
    const { windowMs, processors = availableParallelism(), now = () => performance.now(), soon = setImmediate } = init
    // On a single processor it would keep the very process that it waits for from running.
    this.#windowMs = processors > 1 ? windowMs : 0
    this.#now = now
    this.#soon = soon
  }

  /** Something has been asked, and nothing else is under way. */
  asked(): void {
    if (this.#windowMs === 0) return
    this.#began = this.#now()
    this.#waited = this.#skip === 0
    if (!this.#waited) {
      this.#skip--
      return
    }
    this.#until = this.#began + this.#windowMs
    if (this.#awake) return
    this.#awake = true
    this.#soon(this.#turn)
  }

  /** Nothing is under way any more. */
  answered(): void {
    this.#until = 0
    if (this.#began === undefined) return
    const inTime = this.#now() - this.#began <= this.#windowMs
    if (inTime) this.#penalty = this.#skip = 0
    else if (this.#waited) this.#skip = this.#penalty = Math.min(mostSkipped, this.#penalty * 2 || 1)
    this.#began = undefined
  }

  readonly #turn = (): void => {
    if (this.#now() < this.#until) this.#soon(this.#turn)
    else this.#awake = false
  }
}
