import { type Category, changedValues } from './category.ts'
import { type TypedValues, typedValues } from './typed.ts'

/**
 * What happened to a category: it came, its values changed, its definition changed (values may have), it went, or
 * categories were linked below it or unlinked.
 */
export type ConfigEventKind = 'created' | 'changed' | 'defined' | 'removed' | 'linked' | 'unlinked'

/** Who asked for a change, and why; kept in the audit trail. */
export interface ChangeOrigin {
  readonly actor?: string
  readonly reason?: string
  /** Whether another host made the change, in a store that is shared. */
  readonly remote?: boolean
}

/** One change, as subscribers see it. */
export interface ConfigEvent extends ChangeOrigin {
  readonly kind: ConfigEventKind
  readonly category: string
  /** The category's revision after the change. */
  readonly revision: number
  /** Names of the items whose values differ. */
  readonly changed: readonly string[]
  /** Every value as it was, typed; empty for a category that came. */
  readonly old: TypedValues
  /** Every value as it is, typed; empty for a category that went. */
  readonly new: TypedValues
  /** What was linked or unlinked: the whole list as it was asked for. */
  readonly children?: readonly string[]
}

/** One category's part in a change: the state before and after. */
export interface CategoryStep {
  readonly kind: ConfigEventKind
  readonly before?: Category
  readonly after?: Category
  readonly children?: readonly string[]
}

/** Gives the event of a step; values are only typed once somebody looks. */
export function eventOf(step: CategoryStep, origin: ChangeOrigin): ConfigEvent {
  return new StepEvent(step, origin)
}

/** Gives the event that takes another back. */
export function reversed(step: CategoryStep): CategoryStep {
  return { ...step, before: step.after, after: step.before } as CategoryStep
}

class StepEvent implements ConfigEvent {
  readonly kind: ConfigEventKind
  readonly category: string
  readonly revision: number
  readonly children?: readonly string[]
  readonly actor?: string
  readonly reason?: string
  readonly remote?: boolean
  readonly #step: CategoryStep
  #changed: readonly string[] | undefined
  #old: TypedValues | undefined
  #new: TypedValues | undefined

  constructor(step: CategoryStep, origin: ChangeOrigin) {
    const category = (step.after ?? step.before) as Category
    this.#step = step
    this.kind = step.kind
    this.category = category.name
    this.revision = category.revision
    if (step.children) this.children = step.children
    if (origin.actor !== undefined) this.actor = origin.actor
    if (origin.reason !== undefined) this.reason = origin.reason
    if (origin.remote) this.remote = true
  }

  get changed(): readonly string[] {
    this.#changed ??= changedValues(this.#step.before?.items ?? new Map(), this.#step.after?.items ?? new Map())
    return this.#changed
  }

  get old(): TypedValues {
    this.#old ??= typedValues(this.#step.before?.items ?? new Map())
    return this.#old
  }

  get new(): TypedValues {
    this.#new ??= typedValues(this.#step.after?.items ?? new Map())
    return this.#new
  }
}
