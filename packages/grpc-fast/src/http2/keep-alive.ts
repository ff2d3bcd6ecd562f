/** When a connection is asked for a sign of life; all times in milliseconds. */
export interface KeepAliveSettings {
  /** Asked after so long without a byte; `Infinity` for never. */
  readonly timeMs: number
  /** The connection is given up after so long without an answer. */
  readonly timeoutMs: number
  /** Asked also while there is no call. */
  readonly withoutCalls: boolean
}

/** What a {@link KeepAlive} does. */
interface KeepAliveEvents {
  ping(): void
  onDead(reason: string): void
}

/**
 * Finds out that a peer is gone without having said so (gRPC's keep-alive guide, A8): a machine that lost its power, a
 * network that drops what it carries, a process that is stopped. Any byte is a sign of life.
 */
export class KeepAlive {
  readonly #settings: KeepAliveSettings
  readonly #events: KeepAliveEvents
  #timer: NodeJS.Timeout | undefined
  #heardAt = 0
  /** The peer owes an answer. */
  #asked = false
  #calls = false
  #stopped = false

  constructor(settings: KeepAliveSettings, events: KeepAliveEvents) {
    this.#settings = settings
    this.#events = events
    this.#watch()
  }

  /** Bytes have come. */
  heard(): void {
    this.#heardAt = performance.now()
    if (!this.#asked) return
    this.#asked = false
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#watch()
  }

  /** Whether there are calls from now on. */
  calls(calls: boolean): void {
    if (calls === this.#calls) return
    this.#calls = calls
    this.#watch()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  get #wanted(): boolean {
    if (this.#stopped || this.#settings.timeMs === Number.POSITIVE_INFINITY) return false
    return this.#calls || this.#settings.withoutCalls
  }

  /** Begins to watch. A watch that runs goes on: many short calls cost no timer each. */
  #watch(): void {
    if (this.#timer !== undefined || !this.#wanted) return
    const began = performance.now()
    const { timeMs } = this.#settings
    const look = () => {
      const left = timeMs - (performance.now() - Math.max(began, this.#heardAt))
      if (left > 0) this.#after(left, look)
      else if (this.#wanted) this.#ask()
    }
    this.#after(timeMs, look)
  }

  #ask(): void {
    const { timeMs, timeoutMs } = this.#settings
    this.#asked = true
    this.#events.ping()
    this.#after(timeoutMs, () => this.#events.onDead(`the peer gave no sign of life for ${timeMs + timeoutMs} ms`))
  }

  #after(ms: number, then: () => void): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (!this.#stopped) then()
    }, ms)
    // The calls keep the process alive, not their watch.
    this.#timer.unref()
  }
}
