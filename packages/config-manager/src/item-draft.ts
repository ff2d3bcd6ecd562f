import type { Item } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { Findings } from './findings.ts'
import type { Policy } from './policy.ts'

/** What a definition is checked with. */
export interface DefineContext {
  readonly category: string
  readonly policy: Policy
  readonly findings: Findings
  /** Checks a category from the store (its items have values) rather than a new definition. */
  readonly stored: boolean
}

/** One item while it is checked: what was given, and what will be kept of it. */
export interface ItemDraft {
  readonly name: string
  readonly given: Item
  readonly kept: Map<string, unknown>
  /** Properties that this item may have, beyond those that every item has. */
  readonly known: Set<string>
  readonly context: DefineContext
  readonly where: FindingFacts
}
