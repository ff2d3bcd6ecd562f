import { longestTimerMs } from '@backplane/core/runtime'

/**
 * Watches what a worker still owes an answer that nobody waits for: when that is long overdue, the worker is blocked.
 *
 * It measures real time, not the injected clock's: a process takes real time whatever a test's clock says.
 */
export class Overdue {
  readonly #timers = new Map<number, NodeJS.Timeout>()
  readonly #expired: (what: string) => void

  constructor(expired: (what: string) => void) {
    this.#expired = expired
  }

  /** Expects the answer to `id` within so many milliseconds. */
  expect(id: number, withinMs: number, what: string): void {
    this.settled(id)
    const expire = () => {
      // This thread itself may have been busy: what has come in by now is read first.
      setImmediate(() => {
        if (this.#timers.get(id) === timer) this.#expired(what)
      })
    }
    const timer = setTimeout(expire, Math.min(Math.max(withinMs, 0), longestTimerMs))
    this.#timers.set(id, timer)
  }

  /** The answer has come. */
  settled(id: number): void {
    if (this.#timers.size === 0) return
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
