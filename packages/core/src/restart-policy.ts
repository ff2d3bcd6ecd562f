import type { RestartPolicy } from './contracts/manifest.ts'

/** A restart policy with nothing left open. */
export type Policy = Required<RestartPolicy>

/** What manifests and hosts leave open. */
export const defaultPolicy: Policy = {
  intensity: 5,
  period_ms: 60_000,
  backoff_ms: 200,
  max_backoff_ms: 30_000,
  drain_ms: 5_000,
  stop_ms: 5_000,
}

/**
 * Decides whether and when to start again what ended on its own: at most `intensity` restarts within any `period_ms`
 * (Erlang/OTP's restart intensity), each after a wait that doubles from `backoff_ms` to `max_backoff_ms`, jittered.
 */
export class RestartWindow {
  readonly #policy: Policy
  readonly #random: () => number
  #restarts: number[] = []

  constructor(policy: Policy, random: () => number) {
    this.#policy = policy
    this.#random = random
  }

  /** Restarts that still count at `now`. */
  count(now: number): number {
    this.#restarts = this.#restarts.filter((at) => at > now - this.#policy.period_ms)
    return this.#restarts.length
  }

  /** Gives the wait in milliseconds before the next restart, counting it; `undefined` when it must not be restarted. */
  next(now: number): number | undefined {
    const count = this.count(now)
    if (count >= this.#policy.intensity) return undefined
    const wait = Math.min(this.#policy.max_backoff_ms, this.#policy.backoff_ms * 2 ** count)
    // Half of the wait is jitter, so plugins that fell together do not rise together.
    const delay = wait * (0.5 + this.#random() / 2)
    this.#restarts.push(now + delay)
    return delay
  }
}
