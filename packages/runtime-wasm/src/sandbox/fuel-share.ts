/** How much may be spent at once after a rest, in seconds of the rate. */
const burstSeconds = 0.1

/**
 * A plugin's share of the processor, as fuel by the second: a bucket that fills at that rate. What goes beyond it is
 * owed, and waited for.
 */
export class FuelShare {
  readonly #rate: number
  readonly #now: () => number
  #level: number
  #at: number

  /**
   * @param rate - units of fuel by the second
   * @param now - a clock in milliseconds that never goes back
   */
  constructor(rate: number, now: () => number = () => performance.now()) {
    this.#rate = rate
    this.#now = now
    this.#level = rate * burstSeconds
    this.#at = now()
  }

  spend(fuel: number): void {
    this.#fill()
    this.#level -= fuel
  }

  /** How long to wait until nothing is owed, in milliseconds. */
  get owedMs(): number {
    this.#fill()
    return this.#level >= 0 ? 0 : Math.ceil((-this.#level / this.#rate) * 1000)
  }

  #fill(): void {
    const now = this.#now()
    this.#level = Math.min(this.#rate * burstSeconds, this.#level + ((now - this.#at) / 1000) * this.#rate)
    this.#at = now
  }
}

/** The share that limits ask for, if they do. */
export function shareOf({ fuelPerSecond }: { readonly fuelPerSecond: number }): FuelShare | undefined {
  return Number.isFinite(fuelPerSecond) ? new FuelShare(fuelPerSecond) : undefined
}
