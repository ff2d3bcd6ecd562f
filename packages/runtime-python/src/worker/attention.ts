const mostMs = Number(process.env.SPIN_US ?? 100) / 1000

export class Attention {
  #until = 0
  #watching = false
  readonly #look = () => {
    if (performance.now() < this.#until) setImmediate(this.#look)
    else this.#watching = false
  }

  watch(): void {
    this.#until = performance.now() + mostMs
    if (this.#watching || mostMs === 0) return
    this.#watching = true
    setImmediate(this.#look)
  }

  rest(): void {
    this.#until = 0
  }
}
