import type { Clock } from './contracts/clock.ts'
import type { Limits } from './contracts/manifest.ts'
import { type BackplaneError, coreError } from './errors.ts'

/** Refuses calls over a plugin's limits of concurrency and rate, at once: nothing queues. */
export class Admission {
  readonly #plugin: string
  readonly #concurrency: number
  readonly #rate: number
  readonly #clock: Clock
  #tokens: number
  #filledAt: number

  constructor(plugin: string, limits: Limits, clock: Clock) {
    this.#plugin = plugin
    this.#concurrency = limits.concurrency ?? Number.POSITIVE_INFINITY
    this.#rate = limits.calls_per_second ?? Number.POSITIVE_INFINITY
    this.#clock = clock
    this.#tokens = Math.max(1, this.#rate)
    this.#filledAt = clock.now()
  }

  /** Takes one call more than `inFlight`, or gives the `BP_PLUGIN_BUSY` to refuse it with. */
  refusal(inFlight: number): BackplaneError | undefined {
    if (inFlight >= this.#concurrency) return this.#busy(`${this.#concurrency} calls at a time`)
    if (this.#rate === Number.POSITIVE_INFINITY) return undefined
    const now = this.#clock.now()
    // A clock that was set back must not take tokens away.
    const elapsedMs = Math.max(0, now - this.#filledAt)
    this.#tokens = Math.min(Math.max(1, this.#rate), this.#tokens + (elapsedMs / 1000) * this.#rate)
    this.#filledAt = now
    if (this.#tokens < 1) return this.#busy(`${this.#rate} calls a second`)
    this.#tokens--
    return undefined
  }

  #busy(limit: string) {
    return coreError('BP_PLUGIN_BUSY', { details: { plugin: this.#plugin, limit } })
  }
}
