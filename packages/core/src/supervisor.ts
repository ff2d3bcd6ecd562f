import type { Clock, Timer } from './contracts/clock.ts'
import { type Policy, RestartWindow } from './restart-policy.ts'

/** Brings back what ended on its own, later each time, and not for ever. */
export class Supervisor {
  readonly #policy: Policy
  readonly #clock: Clock
  readonly #window: RestartWindow
  #timer: Timer | undefined
  #restartAt: number | undefined

  constructor(policy: Policy, clock: Clock, random: () => number) {
    this.#policy = policy
    this.#clock = clock
    this.#window = new RestartWindow(policy, random)
  }

  /** When the next restart is due, in milliseconds since the Unix epoch. */
  get restartAt(): number | undefined {
    return this.#restartAt
  }

  /** Restarts that count within the present period. */
  get restarts(): number {
    return this.#window.count(this.#clock.now())
  }

  /** Runs `restart` after a wait; gives why not, where it has been brought back too often. */
  revive(restart: () => void): string | undefined {
    const now = this.#clock.now()
    const wait = this.#window.next(now)
    if (wait === undefined) {
      return `it ended more than ${this.#policy.intensity} times within ${this.#policy.period_ms} ms`
    }
    this.#restartAt = now + wait
    this.#timer = this.#clock.after(wait, restart)
    return undefined
  }

  /** Takes back a restart that is due. */
  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#restartAt = undefined
  }
}
