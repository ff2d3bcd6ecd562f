import { stringifyJson } from '@backplane/core/json'
import { type Item, own } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { FindingCode } from './finding-forms.ts'
import type { Findings } from './findings.ts'
import { kindOf } from './kinds/item-kinds.ts'
import type { Policy } from './policy.ts'
import { RuleFailure } from './rule/failure.ts'
import { judgeByBinding, judgeBySubstitution, parseRule, type RuleOutcome } from './rule/rule.ts'

/** What a rule is checked on. */
export interface RuleSubject {
  readonly item: Item
  readonly value: unknown
  readonly policy: Policy
  readonly findings: Findings
  readonly where: FindingFacts
}

/** Checks a value by its item's rule. */
export function checkRule(subject: RuleSubject, refusal: FindingCode): boolean {
  const rule = own(subject.item, 'rule')
  if (typeof rule !== 'string' || (rule === '' && subject.policy.rules === 'bound')) return true
  const outcome = judge(rule, subject)
  if ('error' in outcome) return failed(subject, pythonError(outcome.error), outcome.error.message)
  if (!outcome.accepted) subject.findings.add(refusal, { ...subject.where, expected: rule })
  return outcome.accepted
}

function judge(rule: string, { item, value, policy }: RuleSubject): RuleOutcome {
  if (policy.rules === 'substituted') {
    const isText = typeof value === 'string'
    return isText ? judgeBySubstitution(rule, value) : { error: new TypeError('a rule needs text') }
  }
  try {
    const text = typeof value === 'string' ? value : stringifyJson(value)
    return judgeByBinding(parseRule(rule), kindOf(own(item, 'type')).bound(text, item), text)
  } catch (error) {
    return { error: error as Error }
  }
}

function failed(subject: RuleSubject, fledgeClass: string, detail: string): false {
  subject.findings.add('rule-unusable', { ...subject.where, fledgeClass, accidental: true, detail })
  return false
}

const pythonErrors = {
  name: 'NameError',
  range: 'ValueError',
  type: 'TypeError',
  key: 'KeyError',
  zero: 'ZeroDivisionError',
} as const

function pythonError(error: Error): string {
  if (error instanceof RuleFailure) return pythonErrors[error.kind]
  return error instanceof SyntaxError ? 'SyntaxError' : 'TypeError'
}
