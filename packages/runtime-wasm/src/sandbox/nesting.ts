import { AsyncLocalStorage } from 'node:async_hooks'
import { wasmError } from '../errors.ts'

/** The call of a plugin within whose host functions the code at hand runs. */
const current = new AsyncLocalStorage<CallScope>()

/** One call of a plugin, from its beginning to its end. */
export class CallScope {
  /** How many calls of the same plugin its host functions have made and not seen the end of. */
  nested = 0
  ended = false
  readonly owner: Nesting
  readonly around: CallScope | undefined

  constructor(owner: Nesting, around: CallScope | undefined) {
    this.owner = owner
    this.around = around
  }

  /** Runs what belongs to the call: what its host functions call is known to come from within it. */
  run<T>(work: () => T): T {
    return current.run(this, work)
  }
}

/**
 * Finds calls that could never be answered: a host function that calls its own plugin, whose instances all wait for
 * such host functions.
 */
export class Nesting {
  readonly #plugin: string
  readonly #instances: number
  /** Calls with a nested one: each holds an instance until that is answered. */
  #blocked = 0

  constructor(plugin: string, instances: number) {
    this.#plugin = plugin
    this.#instances = instances
  }

  /** Begins a call; {@link end} ends it. Throws `BP_WASM_REENTRANT`. */
  begin(): CallScope {
    const outer = this.#within()
    if (outer) {
      if (outer.nested === 0 && this.#blocked + 1 >= this.#instances) throw this.#refusal()
      if (outer.nested++ === 0) this.#blocked++
    }
    return new CallScope(this, current.getStore())
  }

  end(scope: CallScope): void {
    scope.ended = true
    if (scope.nested > 0) this.#blocked--
    const outer = this.#within(scope.around)
    if (outer && --outer.nested === 0) this.#blocked--
  }

  /** Throws `BP_WASM_REENTRANT` within a call of the plugin: for what waits until its instances are free. */
  check(): void {
    if (this.#within()) throw this.#refusal()
  }

  /** The innermost call of this plugin that the code at hand, or a scope, lies within. */
  #within(scope = current.getStore()): CallScope | undefined {
    for (let each = scope; each; each = each.around) if (each.owner === this && !each.ended) return each
    return undefined
  }

  #refusal() {
    return wasmError('BP_WASM_REENTRANT', { details: { plugin: this.#plugin, instances: this.#instances } })
  }
}
