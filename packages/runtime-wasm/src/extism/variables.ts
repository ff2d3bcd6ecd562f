import { coreError } from '@backplane/core'
import { wasmError } from '../errors.ts'

/** What has changed in variables: where `all` is true, nothing but `values` is left. Absent values were removed. */
export interface VariableChanges {
  readonly all: boolean
  readonly values: ReadonlyMap<string, Uint8Array | undefined>
}

/** So many changed names are as good as all of them. */
const mostNames = 1000
const encoder = new TextEncoder()

/** Bytes of their own, of what a host function gives as a variable. Throws `BP_INVALID_ARGUMENT`. */
export function variableBytes(name: string, value: unknown): Uint8Array | undefined {
  if (typeof value === 'string') return encoder.encode(value)
  if (value === undefined || value === null) return undefined
  if (value instanceof Uint8Array) return new Uint8Array(value)
  const details = { what: `the variable '${name}'`, reason: 'it is neither bytes nor text' }
  throw coreError('BP_INVALID_ARGUMENT', { details })
}

/** A plugin's variables: bytes by name, bounded together, kept when its instance is replaced. */
export class Variables {
  readonly #limit: number
  #values = new Map<string, Uint8Array>()
  #bytes = 0
  /** Names that were set or removed since {@link changes}. */
  readonly #changed = new Set<string>()
  #all = false

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
    if (this.#changed.size >= mostNames) this.#all = true
    if (!this.#all) this.#changed.add(name)
  }

  clear(): void {
    this.#values = new Map()
    this.#bytes = 0
    this.#all = true
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
    this.#all = true
  }

  /** A copy that goes its own way; it knows of no changes yet. */
  fork(): Variables {
    const copy = new Variables(this.#limit)
    copy.#values = new Map(this.#values)
    copy.#bytes = this.#bytes
    return copy
  }

  /** What has changed since this was asked last; undefined where nothing has. */
  changes(): VariableChanges | undefined {
    const all = this.#all
    const names = all ? [...this.#values.keys()] : [...this.#changed]
    this.#all = false
    this.#changed.clear()
    if (!all && names.length === 0) return undefined
    return { all, values: new Map(names.map((name) => [name, this.#values.get(name)])) }
  }

  /** Brings the changes of other variables into these. */
  apply({ all, values }: VariableChanges): void {
    if (all) this.clear()
    // Room first: only what comes of all of them together is known to fit.
    for (const name of values.keys()) this.set(name, undefined)
    for (const [name, value] of values) this.set(name, value)
  }

  #size(name: string, value: Uint8Array | undefined): number {
    return value ? value.length + name.length : 0
  }
}
