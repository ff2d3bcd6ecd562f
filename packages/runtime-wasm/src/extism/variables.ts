import { wasmError } from '../errors.ts'

/** A plugin's variables: bytes by name, bounded together, kept when its instance is replaced. */
export class Variables {
  readonly #limit: number
  #values = new Map<string, Uint8Array>()
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get(name: string): Uint8Array | undefined {
    return this.#values.get(name)
  }

  /** Sets one, or removes it. Throws `BP_WASM_SIZE_LIMIT`; the former value stays then. */
  set(name: string, value: Uint8Array | undefined): void {
    const before = this.#size(name, this.#values.get(name))
    const actual = this.#bytes - before + this.#size(name, value)
    if (value && actual > this.#limit) {
      const details = { what: 'All variables together', actual, value: this.#limit, limit: 'varBytes' }
      throw wasmError('BP_WASM_SIZE_LIMIT', { details })
    }
    this.#bytes = actual
    if (value) this.#values.set(name, value)
    else this.#values.delete(name)
  }

  clear(): void {
    this.#values = new Map()
    this.#bytes = 0
  }

  /** All of them, to be handed to another instance. */
  entries(): Map<string, Uint8Array> {
    return new Map(this.#values)
  }

  /** Puts others in their place. Throws `BP_WASM_SIZE_LIMIT`; the former stay then. */
  replace(values: ReadonlyMap<string, Uint8Array>): void {
    const next = new Variables(this.#limit)
    for (const [name, value] of values) next.set(name, value.slice())
    this.#values = next.#values
    this.#bytes = next.#bytes
  }

  #size(name: string, value: Uint8Array | undefined): number {
    return value ? value.length + name.length : 0
  }
}
