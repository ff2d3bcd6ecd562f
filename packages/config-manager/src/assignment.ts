import { stringifyJson } from '@backplane/core/json'
import { isSecretItem } from './audit.ts'
import { type Item, type Items, own } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { FindingCode } from './finding-forms.ts'
import type { Findings } from './findings.ts'
import type { Policy } from './policy.ts'

/** One new value on its way into an item. `value` becomes canonical along the checks. */
export interface Assignment {
  readonly category: string
  readonly name: string
  readonly item: Item
  /** The other items, with the values that they would have; for `validity`. */
  readonly siblings: (name: string) => string | undefined
  readonly policy: Policy
  readonly findings: Findings
  readonly where: FindingFacts
  /** Whether the one who asks may change what is read-only: the plugin's own host, not its users. */
  readonly privileged: boolean
  value: unknown
}

/** Starts an assignment. */
export function assignment(init: Omit<Assignment, 'where'>): Assignment {
  const secret = isSecretItem(init.name, init.item)
  return { ...init, where: { category: init.category, item: init.name, received: init.value, secret } }
}

/** Notes a finding and says no. */
export function refuse(assignment: Assignment, code: FindingCode, facts: Partial<FindingFacts> = {}): false {
  assignment.findings.add(code, { ...assignment.where, ...facts })
  return false
}

/** Notes a finding at which upstream fails by accident, with an error of this class, and says no. */
export function fault(
  assignment: Assignment,
  code: FindingCode,
  fledgeClass: string,
  facts: Partial<FindingFacts> = {},
): false {
  return refuse(assignment, code, { ...facts, fledgeClass, accidental: true })
}

/** Upstream's own words, where they are known. */
export function saying(text: string | undefined): Partial<FindingFacts> {
  return text === undefined ? {} : { fledgeText: text }
}

/** Gives the values of a category's items as `validity` sees them, with some replaced. */
export function siblingValues(
  items: Items,
  replaced: ReadonlyMap<string, unknown>,
): (name: string) => string | undefined {
  return (name) => {
    const item = items.get(name)
    if (!item) return undefined
    const value = replaced.has(name) ? replaced.get(name) : own(item, 'value')
    return typeof value === 'string' ? value : stringifyJson(value)
  }
}
