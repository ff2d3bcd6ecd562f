import { stringifyJson } from '@backplane/core/json'
import { checkListOptions, checkListValue } from './assign-lists.ts'
import { isSecretItem } from './audit.ts'
import { type Item, type Items, isPlainItem, own } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { FindingCode } from './finding-forms.ts'
import type { Findings } from './findings.ts'
import { acceptType, canonical } from './kinds/accept.ts'
import { checkLength, checkRange, UnreadableNumber } from './limits.ts'
import type { CheckName, Policy } from './policy.ts'
import { strip } from './python/text.ts'
import { isApplicable } from './rule/validity.ts'
import { checkRule } from './rule-check.ts'
import { checkSchema } from './schema-check.ts'

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

/** A check says whether the ones after it still make sense. */
type Check = (assignment: Assignment) => boolean

const checks: Readonly<Record<CheckName, Check>> = {
  readonly: checkMayChange,
  text: checkText,
  choice: checkChoice,
  type: checkType,
  mandatory: checkMandatory,
  canonical: makeCanonical,
  rule: (assignment) => checkRule(assignment, 'value-refused'),
  limits: checkLimits,
  listOptions: checkListOptions,
  schema: checkSchema,
}

/** Runs the checks in the order given and stops at the first that makes the others pointless; tells whether all passed. */
export function assign(assignment: Assignment, order: readonly CheckName[]): boolean {
  return order.every((name) => checks[name](assignment))
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

function checkMayChange(assignment: Assignment): boolean {
  const { item, privileged, siblings } = assignment
  if (!privileged && own(item, 'readonly') === 'true') return refuse(assignment, 'value-readonly')
  const validity = own(item, 'validity')
  if (typeof validity === 'string' && validity !== '' && !isApplicable(validity, siblings))
    return refuse(assignment, 'not-applicable')
  return true
}

function checkText(assignment: Assignment): boolean {
  const { item, value } = assignment
  if (typeof value === 'string') return true
  if (own(item, 'type') !== 'JSON') return refuse(assignment, 'value-text')
  return isPlainItem(value) || refuse(assignment, 'value-text-json')
}

function checkChoice(assignment: Assignment): boolean {
  const { item, value } = assignment
  if (own(item, 'type') !== 'enumeration') return true
  if (value === '') return refuse(assignment, 'choice-empty')
  const options = own(item, 'options')
  if (Array.isArray(options))
    return options.includes(value) || refuse(assignment, 'choice-unknown', { expected: options.join(', ') })
  // Upstream lets a text take the place of the list, and then asks whether the value is part of it.
  if (typeof options !== 'string' || typeof value !== 'string')
    return fault(assignment, 'choice-unknown', 'TypeError', { expected: 'one of the options' })
  return options.includes(value) || refuse(assignment, 'choice-unknown', { expected: options })
}

function checkType(assignment: Assignment): boolean {
  const { item, value, policy } = assignment
  const type = own(item, 'type')
  if (type === 'enumeration') return true
  const verdict = acceptType(type, value, policy)
  if (verdict === 'accepted') return true
  const facts = { expected: String(type) }
  return verdict === 'refused'
    ? refuse(assignment, 'value-type', facts)
    : fault(assignment, 'value-type', verdict.fault, { ...facts, ...saying(verdict.says) })
}

function checkMandatory(assignment: Assignment): boolean {
  const { item, value } = assignment
  if (own(item, 'mandatory') !== 'true') return true
  if (own(item, 'type') === 'JSON') {
    const size = typeof value === 'string' ? value.length : isPlainItem(value) ? Object.keys(value).length : undefined
    if (size === undefined) return fault(assignment, 'value-text-json', 'TypeError')
    return size > 0 || refuse(assignment, 'value-blank-json')
  }
  if (typeof value !== 'string') return fault(assignment, 'value-text', 'AttributeError')
  return strip(value) !== '' || refuse(assignment, 'value-blank')
}

function makeCanonical(assignment: Assignment): boolean {
  const { item, value, policy } = assignment
  assignment.value = canonical(own(item, 'type'), value, policy)
  return true
}

function checkLimits(assignment: Assignment): boolean {
  const { item, value, where, findings, policy } = assignment
  const type = own(item, 'type')
  try {
    if (type === 'string') return checkLength(item, value as string, where, findings)
    if (type === 'integer' || type === 'float') return checkRange(item, type, value, where, findings, policy)
    return type === 'list' || type === 'kvlist' ? checkListValue(assignment) : true
  } catch (error) {
    if (!(error instanceof UnreadableNumber)) throw error
    return fault(assignment, 'limit-unusable', error.fault, saying(error.message))
  }
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
