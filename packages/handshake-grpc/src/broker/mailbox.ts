/** Five seconds: how long go-plugin waits for the other side of a brokered connection, on both sides. */
export const brokerTimeoutMs = 5000

/**
 * One slot per id, where a message waits for its reader or a reader for its message, five seconds at most.
 *
 * The two may come in either order; a second message for a full slot is dropped, as in go-plugin.
 */
export class Mailbox<T> {
  readonly #held = new Map<number, { readonly value: T; readonly timer: NodeJS.Timeout }>()
  readonly #waiting = new Map<number, (value: T | undefined) => void>()

  /** Puts a message in the slot of an id, or hands it to the reader that waits there. */
  put(id: number, value: T): void {
    const waiting = this.#waiting.get(id)
    if (waiting) {
      waiting(value)
      return
    }
    if (this.#held.has(id)) return
    const timer = setTimeout(() => this.#held.delete(id), brokerTimeoutMs)
    timer.unref()
    this.#held.set(id, { value, timer })
  }

  /** Takes the message of an id; `undefined` when none comes in time, on abort, or when the mailbox closes. */
  take(id: number, signal?: AbortSignal, timeoutMs: number = brokerTimeoutMs): Promise<T | undefined> {
    const held = this.#held.get(id)
    if (held) {
      clearTimeout(held.timer)
      this.#held.delete(id)
      return Promise.resolve(held.value)
    }
    if (signal?.aborted) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const done = (value: T | undefined) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', none)
        if (this.#waiting.get(id) === done) this.#waiting.delete(id)
        resolve(value)
      }
      const none = () => done(undefined)
      const timer = setTimeout(none, timeoutMs)
      signal?.addEventListener('abort', none)
      this.#waiting.set(id, done)
    })
  }

  /** Forgets every message and lets every reader go. */
  close(): void {
    for (const { timer } of this.#held.values()) clearTimeout(timer)
    this.#held.clear()
    for (const done of [...this.#waiting.values()]) done(undefined)
  }
}
