import type { Timer } from './contracts/clock.ts'
import type { Liveness, Watched } from './contracts/runtime.ts'
import { coreError } from './errors.ts'

/** Options of {@link liveness}. */
export interface LivenessInit {
  /** Pause between two questions to one plugin, in milliseconds. @default 10000 */
  readonly intervalMs?: number
  /**
   * How long a plugin may leave a question unanswered, in milliseconds, beside the time that the calls have which were
   * under way when it was asked. @default 10000
   */
  readonly timeoutMs?: number
}

/**
 * For `PluginRuntime.liveness`: each plugin whose runtime can ask it for its health is asked again and again, and after
 * a call that ran out of time. One that gives no answer, not even that it is unwell, is ended by force and restarted.
 * `false` asks nobody.
 */
export function liveness(init: LivenessInit | false = {}): Liveness | undefined {
  if (init === false) return undefined
  return (watched) => {
    const watch = new Watch({ intervalMs: 10_000, timeoutMs: 10_000, ...init, ...watched })
    watch.begin()
    return watch
  }
}

type WatchComponents = Required<LivenessInit> & Watched

/**
 * Asks one instance again and again whether it is there: a process that is stopped or deadlocked neither ends nor says
 * anything.
 *
 * One that has a single thread cannot answer while it works, so a question waits for the deadlines of the calls that
 * were under way before it. Calls that come after it do not count: else a stopped plugin that is called often would be
 * waited for without end.
 */
class Watch {
  readonly #parts: WatchComponents
  #timer: Timer | undefined
  #asking: AbortController | undefined
  #ended = false

  constructor(parts: WatchComponents) {
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
    const { clock, timeoutMs, instance, calls } = this.#parts
    const asking = new AbortController()
    this.#asking = asking
    const now = clock.now()
    const busyUntil = [...calls].reduce((latest, call) => Math.max(latest, call.deadline), now)
    const patienceMs = timeoutMs + busyUntil - now
    // In two parts: where this process itself was stopped, the first is over at once, before the answer is read.
    this.#after(patienceMs - timeoutMs / 2, () => this.#after(timeoutMs / 2, () => this.#late(asking)))
    try {
      await instance.health?.({ signal: asking.signal })
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
