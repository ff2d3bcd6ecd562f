import { coreError } from '@backplane/core'

/** Runs tasks one after another per name; a task may need several names, or all of them. */
export class NamedLocks {
  readonly #tails = new Map<string, Promise<unknown>>()
  #everything: Promise<unknown> = Promise.resolve()
  #exclusive = 0
  #closed = false

  /**
   * Runs a task when all of its names are free. Rejects with `BP_ABORTED` if the signal was aborted before its turn
   * came, with `BP_CLOSED` after {@link NamedLocks.close}.
   */
  run<T>(names: readonly string[], task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) return Promise.reject(closed())
    const waits = [...new Set(names)].map((name) => this.#tails.get(name)).filter((tail) => tail !== undefined)
    if (this.#exclusive > 0) waits.push(this.#everything)
    const running = waits.length === 0 ? task() : Promise.all(waits).then(() => unlessAborted(signal, task))
    const tail = running.then(nothing, nothing)
    for (const name of names) this.#tails.set(name, tail)
    void tail.then(() => {
      for (const name of names) if (this.#tails.get(name) === tail) this.#tails.delete(name)
    })
    return running
  }

  /**
   * Runs a task when nothing else runs, and lets nothing else run beside it. Rejects as {@link NamedLocks.run} does.
   */
  runAlone<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) return Promise.reject(closed())
    this.#exclusive++
    const waits = [...this.#tails.values(), this.#everything]
    const running = Promise.all(waits).then(() => unlessAborted(signal, task))
    this.#everything = running.then(nothing, nothing)
    void this.#everything.then(() => {
      this.#exclusive--
    })
    return running
  }

  /** Waits for all that run or wait already, and refuses whatever comes after. */
  async close(): Promise<void> {
    const last = this.runAlone(async () => {}).catch(nothing)
    this.#closed = true
    await last
  }
}

function unlessAborted<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
  if (signal?.aborted) throw coreError('BP_ABORTED', { cause: signal.reason })
  return task()
}

function closed() {
  return coreError('BP_CLOSED', { details: { what: 'The configuration manager' } })
}

function nothing(): void {}
