import { type Guarded, longestTimerMs, type RemoteGuard } from '@backplane/core/runtime'

/**
 * Watches what a process still owes an answer that nobody waits for: when that is long overdue, the process is blocked.
 *
 * It measures real time, not the injected clock's: a process takes real time whatever a test's clock says.
 */
export class Overdue implements RemoteGuard {
  readonly #timers = new Map<number, NodeJS.Timeout>()
  readonly #hangMs: number
  readonly #process: Guarded

  /** @param hangMs - how long an answer may be overdue, in milliseconds */
  constructor(hangMs: number, process: Guarded) {
    this.#hangMs = hangMs
    this.#process = process
  }

  owed(id: number, what: string, leftMs: number): void {
    this.settled(id)
    const withinMs = Math.max(leftMs, 0) + this.#hangMs
    const expire = () => {
      // This thread itself may have been busy: what has come in by now is read first.
      setImmediate(() => {
        if (this.#timers.get(id) === timer) this.#process.kill(`it hung: ${what}`)
      })
    }
    const timer = setTimeout(expire, Math.min(withinMs, longestTimerMs))
    this.#timers.set(id, timer)
  }

  settled(id: number): void {
    if (this.#timers.size === 0) return
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
  }

  // An event that waits has no deadline; its host asks the process for signs of life anyway.
  suspect(): void {}

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
