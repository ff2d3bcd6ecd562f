/** Counts what is dropped, and tells it once a turn: many messages come in one. */
export class DropCount {
  readonly #tell: (count: number) => void
  #count = 0

  constructor(tell: (count: number) => void) {
    this.#tell = tell
  }

  add(count = 1): void {
    this.#count += count
    if (this.#count > count) return
    queueMicrotask(() => {
      const count = this.#count
      this.#count = 0
      this.#tell(count)
    })
  }
}
