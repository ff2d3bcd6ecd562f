/** What a {@link MemoryGuard} needs. */
export interface MemoryGuardInit {
  readonly limitMb: number
  /** Gives the memory in use, in bytes; answers also while the thread computes. */
  measure(): Promise<number>
  /** Asks the thread to free what it does not use. */
  collect(): void
  /** Called once, when it stays over its limit. */
  exceeded(usedMb: number): void
}

const intervalMs = 100
/** How long it may stay over the limit: time for a collection to show. */
const graceMs = 500
/**
 * What V8 takes for young objects before it collects them. It lets the rest grow to four times what was in use before
 * it collects that, so more than both is no garbage.
 */
const youngMb = 64

/**
 * Watches a thread's memory: the JavaScript heap, buffers and WebAssembly alike.
 *
 * V8's own limit is not used: it knows the heap alone, and one allocation that is far over it ends the whole process
 * instead of the thread. What is measured holds garbage too, so nobody is ended before a collection was asked for.
 */
export class MemoryGuard implements Disposable {
  readonly #init: MemoryGuardInit
  readonly #timer: NodeJS.Timeout
  #overSince: number | undefined
  #measuring = false
  #closed = false

  constructor(init: MemoryGuardInit) {
    this.#init = init
    this.#timer = setInterval(() => void this.#check(), intervalMs).unref()
  }

  async #check(): Promise<void> {
    if (this.#measuring) return
    this.#measuring = true
    // The measurement fails when the thread has ended meanwhile.
    const bytes = await this.#init.measure().catch(() => 0)
    this.#measuring = false
    if (this.#closed) return
    const usedMb = bytes / 2 ** 20
    if (usedMb <= this.#init.limitMb) {
      this.#overSince = undefined
    } else if (usedMb > 4 * this.#init.limitMb + youngMb) {
      this.#exceeded(usedMb)
    } else if (this.#overSince === undefined) {
      this.#overSince = performance.now()
      this.#init.collect()
    } else if (performance.now() - this.#overSince >= graceMs) {
      this.#exceeded(usedMb)
    }
  }

  #exceeded(usedMb: number): void {
    this[Symbol.dispose]()
    this.#init.exceeded(usedMb)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    clearInterval(this.#timer)
  }
}
