import type { Clock } from '@backplane/core'
import type { Meter } from './metered-cel.ts'
import { whereSteps } from './where.ts'

/**
 * Steps that `where` clauses may take in a second, of all senders and of each. They come to a few hundredths of a
 * processor.
 */
const stepsPerSecond = 100_000
const stepsPerSender = 50_000
const mostSenders = 256
const mostWaiting = 1_000

/**
 * What this device spends on the `where` clauses of others. Each may run for {@link whereSteps}; anyone who has spent
 * more than is left waits until time has made up for it.
 *
 * A sender is who a broadcast says it is from, which nobody has proven: it keeps honest senders apart, and what all of
 * them may spend holds in any case.
 */
export class WhereBudget {
  readonly #clock: Clock
  readonly #all: Bucket
  readonly #senders = new Map<string, Bucket>()
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#all = new Bucket(stepsPerSecond, clock.now())
  }

  /**
   * Runs `work` with the steps that it may take, after the work that came before: only then is it known what is left.
   * `undefined` where there are no steps left, or too many wait.
   */
  async spend<T>(sender: string, work: (meter: Meter) => Promise<T>): Promise<T | undefined> {
    if (this.#waiting >= mostWaiting) return undefined
    this.#waiting++
    const done = this.#tail.then(() => this.#run(sender, work))
    this.#tail = done.catch(() => {})
    try {
      return await done
    } finally {
      this.#waiting--
    }
  }

  async #run<T>(sender: string, work: (meter: Meter) => Promise<T>): Promise<T | undefined> {
    const own = this.#bucketOf(sender)
    const now = this.#clock.now()
    if (this.#all.leftAt(now) <= 0 || own.leftAt(now) <= 0) return undefined
    const meter = { left: whereSteps }
    try {
      return await work(meter)
    } finally {
      const spent = whereSteps - Math.max(0, meter.left)
      this.#all.left -= spent
      own.left -= spent
    }
  }

  #bucketOf(sender: string): Bucket {
    const bucket = this.#senders.get(sender) ?? new Bucket(stepsPerSender, this.#clock.now())
    // Those who were heard last stay.
    this.#senders.delete(sender)
    this.#senders.set(sender, bucket)
    const [oldest] = this.#senders.keys()
    if (this.#senders.size > mostSenders && oldest !== undefined) this.#senders.delete(oldest)
    return bucket
  }
}

/** Fills up by so much a second, and holds as much as one second gives. */
class Bucket {
  readonly #perSecond: number
  #counted: number
  left: number

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond
    this.left = perSecond
    this.#counted = now
  }

  leftAt(now: number): number {
    const gained = (Math.max(0, now - this.#counted) / 1000) * this.#perSecond
    this.left = Math.min(this.#perSecond, this.left + gained)
    this.#counted = now
    return this.left
  }
}
