import { unitsOfCheck } from './budget.ts'

/**
 * Lets checks of one turn of the event loop cost no more together than one alone may: those beyond wait for the next
 * turn, so that a flood of costly calls holds nobody up.
 */
export class Turns {
  readonly #waiting: (() => void)[] = []
  #left = unitsOfCheck

  /** Whether what comes now must wait. */
  get full(): boolean {
    return this.#left <= 0
  }

  spend(units: number): void {
    const before = this.#left
    this.#left -= units
    if (before > 0 && this.#left <= 0) setImmediate(() => this.#next())
  }

  /** Runs `work` in a later turn, in the order of its coming. */
  wait(work: () => void): void {
    this.#waiting.push(work)
  }

  #next(): void {
    this.#left = unitsOfCheck
    while (!this.full) {
      const work = this.#waiting.shift()
      if (!work) return
      work()
    }
  }
}
