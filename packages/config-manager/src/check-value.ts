import { checkListOptions, checkListValue } from './assign-lists.ts'
import { type Assignment, fault, refuse, saying } from './assignment.ts'
import { isPlainItem, own } from './definition.ts'
import { acceptType, canonical } from './kinds/accept.ts'
import { checkLength, checkRange, UnreadableNumber } from './limits.ts'
import type { CheckName } from './policy.ts'
import { strip } from './python/text.ts'
import { isApplicable } from './rule/validity.ts'
import { checkRule } from './rule-check.ts'
import { checkSchema } from './schema-check.ts'

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
    return type === 'list' || type === 'kvlist' ? checkListValue(assignment, assignMember) : true
  } catch (error) {
    if (!(error instanceof UnreadableNumber)) throw error
    return fault(assignment, 'limit-unusable', error.fault, saying(error.message))
  }
}

const memberChecks: readonly CheckName[] = ['choice', 'type', 'mandatory', 'canonical', 'rule', 'limits']

function assignMember(member: Assignment): boolean {
  return assign(member, memberChecks)
}
