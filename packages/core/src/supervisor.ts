import type { Clock, Timer } from './contracts/clock.ts'
import type { Policy } from './restart-policy.ts'

/**
 * Brings back what ended on its own: at most `intensity` times within any `period_ms` (Erlang/OTP's restart intensity),
 * each after a wait that doubles from `backoff_ms` to `max_backoff_ms`, jittered.
 */
export class Supervisor {
  readonly #policy: Policy
  readonly #clock: Clock
  readonly #random: () => number
  #times: number[] = []
  #timer: Timer | undefined
  #restartAt: number | undefined

  constructor(policy: Policy, clock: Clock, random: () => number) {
    this.#policy = policy
    this.#clock = clock
    this.#random = random
  }

  /** When the next restart is due, in milliseconds since the Unix epoch. */
  get restartAt(): number | undefined {
    return this.#restartAt
  }

  /** Restarts that count within the present period. */
  get restarts(): number {
    const from = this.#clock.now() - this.#policy.period_ms
    this.#times = this.#times.filter((at) => at > from)
    return this.#times.length
  }

  /** Runs `restart` after a wait; gives why not, where it has been brought back too often. */
  revive(restart: () => void): string | undefined {
    const { intensity, period_ms, backoff_ms, max_backoff_ms } = this.#policy
    const { restarts } = this
    if (restarts >= intensity) return `it ended more than ${intensity} times within ${period_ms} ms`
    // Half of the wait is jitter, so plugins that fell together do not rise together.
    const wait = Math.min(max_backoff_ms, backoff_ms * 2 ** restarts) * (0.5 + this.#random() / 2)
    this.#restartAt = this.#clock.now() + wait
    this.#times.push(this.#restartAt)
    this.#timer = this.#clock.after(wait, restart)
    return undefined
  }

  /** Takes back a restart that is due. */
  cancel(): void {
    this.#timer?.cancel()
    this.#restartAt = undefined
  }
}
