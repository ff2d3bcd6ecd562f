import { type Assignment, fault, refuse, saying } from './assignment.ts'
import { own } from './definition.ts'
import { kindOf } from './kinds/item-kinds.ts'
import type { ItemKind } from './kinds/kind.ts'
import { UnreadableNumber } from './limits.ts'
import type { CheckName } from './policy.ts'
import { isApplicable } from './rule/validity.ts'
import { checkRule } from './rule-check.ts'

/** A check says whether the ones after it still make sense. */
type Check = (assignment: Assignment) => boolean

const checks: Readonly<Record<CheckName, Check>> = {
  readonly: checkMayChange,
  text: (assignment) => typeof assignment.value === 'string' || kindOfItem(assignment).givenAsObject(assignment),
  choice: (assignment) => kindOfItem(assignment).option(assignment),
  type: checkType,
  mandatory: (assignment) => own(assignment.item, 'mandatory') !== 'true' || kindOfItem(assignment).filled(assignment),
  canonical: makeCanonical,
  rule: (assignment) => checkRule(assignment, 'value-refused'),
  limits: checkLimits,
  listOptions: (assignment) => kindOfItem(assignment).elements(assignment),
  schema: (assignment) => kindOfItem(assignment).matches(assignment),
}

/**
 * Runs the checks in the order given and stops at the first that makes the others pointless; tells whether all passed.
 */
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

function checkType(assignment: Assignment): boolean {
  const { item, value, policy } = assignment
  const type = own(item, 'type')
  const verdict = kindOf(type).accepts(value, policy)
  if (verdict === 'accepted') return true
  const facts = { expected: String(type) }
  return verdict === 'refused'
    ? refuse(assignment, 'value-type', facts)
    : fault(assignment, 'value-type', verdict.fault, { ...facts, ...saying(verdict.says) })
}

function makeCanonical(assignment: Assignment): boolean {
  assignment.value = kindOfItem(assignment).canonical(assignment.value, assignment.policy)
  return true
}

function kindOfItem({ item }: Assignment): ItemKind {
  return kindOf(own(item, 'type'))
}

function checkLimits(assignment: Assignment): boolean {
  try {
    return kindOfItem(assignment).limits(assignment, assignMember)
  } catch (error) {
    if (!(error instanceof UnreadableNumber)) throw error
    return fault(assignment, 'limit-unusable', error.fault, saying(error.message))
  }
}

const memberChecks: readonly CheckName[] = ['choice', 'type', 'mandatory', 'canonical', 'rule', 'limits']

function assignMember(member: Assignment): boolean {
  return assign(member, memberChecks)
}
