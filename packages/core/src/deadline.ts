import type { Clock, Timer } from './contracts/clock.ts'
import { BackplaneError, coreError } from './errors.ts'

/** What a {@link DeadlineQueue} watches. */
export interface Expiring {
  readonly deadline: number
  expire(): void
}

/** Deadlines may be this much late: many share one timer, which is what makes them cheap. */
const granularityMs = 16
/** The one timer is never armed further ahead, so an idle queue holds a process open no longer than this. */
const longestStepMs = 1000

/** Watches any number of deadlines with a single timer; adding and removing cost no more than a set's own. */
export class DeadlineQueue<T extends Expiring = Expiring> {
  readonly #clock: Clock
  readonly #items = new Set<T>()
  #timer: Timer | undefined
  #armedFor = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(item: T): void {
    this.#items.add(item)
    if (tickOf(item) < this.#armedFor) this.#arm(tickOf(item))
  }

  remove(item: T): void {
    this.#items.delete(item)
  }

  /** Forgets everything without expiring it; gives what it was. */
  clear(): T[] {
    this.#timer?.cancel()
    const items = [...this.#items]
    this.#items.clear()
    return items
  }

  #arm(tick: number): void {
    this.#armedFor = tick
    const wait = tick - this.#clock.now()
    // Whatever timer there is fires within the longest step, and looks for the earliest deadline then.
    if (this.#timer && wait > longestStepMs) return
    this.#timer?.cancel()
    this.#timer = this.#clock.after(Math.min(Math.max(0, wait), longestStepMs), () => this.#fire())
  }

  #fire(): void {
    this.#timer = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    let earliest = this.#armedFor
    for (const item of this.#items) {
      const tick = tickOf(item)
      if (tick > now) earliest = Math.min(earliest, tick)
      else {
        this.#items.delete(item)
        item.expire()
      }
    }
    if (earliest < this.#armedFor) this.#arm(earliest)
  }
}

function tickOf({ deadline }: Expiring): number {
  return Math.ceil(deadline / granularityMs) * granularityMs
}

/**
 * Waits for a promise, but not longer than `timeoutMs` and not beyond `signal`. Rejects then with `BP_TIMEOUT` or
 * `BP_ABORTED`; the work itself goes on unless it heeds the signal on its own.
 */
export async function within<T>(
  work: Promise<T>,
  options: { clock: Clock; timeoutMs: number; what: string; signal?: AbortSignal | undefined },
): Promise<T> {
  const { clock, timeoutMs, what, signal } = options
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const abort = () => reject(abortedBy(signal))
  const timer = clock.after(timeoutMs, () => reject(coreError('BP_TIMEOUT', { details: { what, timeoutMs } })))
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  try {
    return await Promise.race([work, ended])
  } finally {
    timer.cancel()
    signal?.removeEventListener('abort', abort)
  }
}

/**
 * Turns an aborted signal into the error to reject with: its own reason where that is one of ours, else `BP_ABORTED`.
 */
export function abortedBy(signal: AbortSignal | undefined): BackplaneError {
  const reason: unknown = signal?.reason
  return reason instanceof BackplaneError ? reason : coreError('BP_ABORTED', { cause: reason })
}

/** Throws what {@link abortedBy} gives, if the signal has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedBy(signal)
}
