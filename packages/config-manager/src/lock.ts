/** Runs tasks one after another per name; a task may need several names, or all of them. */
export class NamedLocks {
  readonly #tails = new Map<string, Promise<unknown>>()
  #everything: Promise<unknown> = Promise.resolve()
  #exclusive = 0

  /** Runs a task when all of its names are free. */
  run<T>(names: readonly string[], task: () => Promise<T>): Promise<T> {
    const waits = [...new Set(names)].map((name) => this.#tails.get(name)).filter((tail) => tail !== undefined)
    if (this.#exclusive > 0) waits.push(this.#everything)
    const running = waits.length === 0 ? task() : Promise.all(waits).then(task)
    const tail = running.then(nothing, nothing)
    for (const name of names) this.#tails.set(name, tail)
    void tail.then(() => {
      for (const name of names) if (this.#tails.get(name) === tail) this.#tails.delete(name)
    })
    return running
  }

  /** Runs a task when nothing else runs, and lets nothing else run beside it. */
  runAlone<T>(task: () => Promise<T>): Promise<T> {
    this.#exclusive++
    const waits = [...this.#tails.values(), this.#everything]
    const running = Promise.all(waits).then(task)
    this.#everything = running.then(nothing, nothing)
    void this.#everything.then(() => {
      this.#exclusive--
    })
    return running
  }
}

function nothing(): void {}
