import type { Clock, Timer } from './contracts/clock.ts'
import type { LivenessInit } from './contracts/host.ts'
import { coreError } from './errors.ts'

/** What {@link Liveness} works with. */
interface LivenessComponents extends Required<LivenessInit> {
  readonly clock: Clock
  /** Asks. What it gives does not matter, nor whether it rejects: only that it comes. */
  ask(signal: AbortSignal): Promise<unknown>
  /** The latest deadline of the calls under way, in milliseconds since the Unix epoch; `-Infinity` where there are none. */
  busyUntil(): number
  /** Called once, when it did not answer. */
  silent(reason: string): void
}

/**
 * Asks one instance again and again whether it is there: a process that is stopped or deadlocked neither ends nor says
 * anything.
 *
 * One that has a single thread cannot answer while it works, so a question waits for the deadlines of the calls that were
 * under way before it. Calls that come after it do not count: else a stopped plugin that is called often would be waited
 * for without end.
 */
export class Liveness {
  readonly #parts: LivenessComponents
  #timer: Timer | undefined
  #asking: AbortController | undefined
  #ended = false

  constructor(parts: LivenessComponents) {
    this.#parts = parts
  }

  /** Begins to ask. */
  begin(): void {
    if (!this.#ended) this.#after(this.#parts.intervalMs, () => this.check())
  }

  /** Asks now, unless a question is open. */
  check(): void {
    if (this.#ended || this.#asking) return
    this.#timer?.cancel()
    void this.#ask()
  }

  end(): void {
    this.#ended = true
    this.#timer?.cancel()
    this.#asking?.abort(coreError('BP_ABORTED', { message: 'The plugin is not asked any more.' }))
  }

  async #ask(): Promise<void> {
    const { clock, timeoutMs, busyUntil } = this.#parts
    const asking = new AbortController()
    this.#asking = asking
    const patienceMs = timeoutMs + Math.max(0, busyUntil() - clock.now())
    // In two parts: where this process itself was stopped, the first is over at once, before the answer is read.
    this.#after(patienceMs - timeoutMs / 2, () => this.#after(timeoutMs / 2, () => this.#late(asking)))
    try {
      await this.#parts.ask(asking.signal)
    } catch {
      // An error is an answer, if a bad one.
    }
    if (this.#ended) return
    this.#asking = undefined
    this.#timer?.cancel()
    this.begin()
  }

  #late(asking: AbortController): void {
    this.#ended = true
    this.#parts.silent(`it did not answer within ${this.#parts.timeoutMs} ms and was ended`)
    asking.abort(coreError('BP_ABORTED', { message: 'The plugin did not answer in time.' }))
  }

  #after(delayMs: number, run: () => void): void {
    if (delayMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#parts.clock.after(delayMs, run)
    // Nobody who has nothing else to do stays for this.
    this.#timer.unref?.()
  }
}
