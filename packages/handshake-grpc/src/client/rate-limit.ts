/** How many calls may be made. */
export interface RateLimit {
  /** Calls per second over time. */
  readonly perSecond: number
  /** Calls that may come at once after a quiet time. @default twice `perSecond` */
  readonly burst?: number
}

/** A token bucket: each call takes one token, tokens come back at a steady rate. */
export class TokenBucket {
  readonly perSecond: number
  readonly #burst: number
  readonly #now: () => number
  #tokens: number
  #filled: number

  /** @param now - milliseconds of a clock that never goes back */
  constructor(limit: RateLimit, now: () => number = () => performance.now()) {
    this.perSecond = limit.perSecond
    this.#burst = limit.burst ?? limit.perSecond * 2
    this.#now = now
    this.#tokens = this.#burst
    this.#filled = now()
  }

  /** Takes a token; false when there is none. */
  take(): boolean {
    const now = this.#now()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filled) * this.perSecond) / 1000)
    this.#filled = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

/** The status text of a call that the host's own rate limit refused. */
export function tooManyCalls(bucket: TokenBucket): string {
  return `More than ${bucket.perSecond} calls per second were made to the plugin.`
}
