import { abortedBy, coreError } from '@backplane/core'
import { type VariableChanges, type Variables, variableBytes } from '../extism/variables.ts'

/**
 * Variables of a guest in another thread, for one host function: what it sets is the guest's when the function has
 * ended.
 */
export class RemoteVariables {
  readonly #seen: Variables
  readonly #signal: AbortSignal
  #own: Variables | undefined
  #changes: VariableChanges | undefined
  #ended = false

  /** `seen` is what the guest had when it called, and `signal` aborts when its call ends early. */
  constructor(seen: Variables, signal: AbortSignal) {
    this.#seen = seen
    this.#signal = signal
  }

  get(name: string): Uint8Array | undefined {
    return (this.#own ?? this.#seen).get(name)?.slice()
  }

  set(name: string, value: unknown): void {
    if (this.#signal.aborted) throw abortedBy(this.#signal)
    if (this.#ended) throw coreError('BP_CLOSED', { details: { what: 'The call of the host function' } })
    this.#own ??= this.#seen.fork()
    this.#own.set(name, variableBytes(name, value))
  }

  /** What was set; nothing can be set from then on. */
  end(): VariableChanges | undefined {
    if (!this.#ended) this.#changes = this.#own?.changes()
    this.#ended = true
    return this.#changes
  }
}
