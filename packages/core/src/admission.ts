import type { Clock } from './contracts/clock.ts'
import type { Limits } from './contracts/manifest.ts'
import { coreError } from './errors.ts'

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
    this.#filledAt = this.#rate === Number.POSITIVE_INFINITY ? 0 : clock.now()
  }

  /** Throws `BP_PLUGIN_BUSY` when one call more than `inFlight` is too many. */
  admit(inFlight: number): void {
    if (inFlight >= this.#concurrency) throw this.#busy(`${this.#concurrency} calls at a time`)
    if (this.#rate === Number.POSITIVE_INFINITY) return
    const now = this.#clock.now()
    this.#tokens = Math.min(Math.max(1, this.#rate), this.#tokens + ((now - this.#filledAt) / 1000) * this.#rate)
    this.#filledAt = now
    if (this.#tokens < 1) throw this.#busy(`${this.#rate} calls a second`)
    this.#tokens--
  }

  #busy(limit: string) {
    return coreError('BP_PLUGIN_BUSY', { details: { plugin: this.#plugin, limit } })
  }
}
