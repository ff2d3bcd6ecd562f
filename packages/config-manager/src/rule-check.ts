import { type Item, own } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { FindingCode } from './finding-forms.ts'
import type { Findings } from './findings.ts'
import type { Policy } from './policy.ts'
import { parseFloatText, parseInteger } from './python/number.ts'
import { RuleFailure } from './rule/failure.ts'
import type { Operand } from './rule/operand.ts'
import { judgeByBinding, judgeBySubstitution, type RuleOutcome } from './rule/rule.ts'
import { parseExpression } from './rule/syntax.ts'

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
  if (typeof subject.value !== 'string') return failed(subject, 'TypeError', 'a rule needs text')
  const outcome = judge(rule, subject.value, subject)
  if ('error' in outcome) return failed(subject, pythonError(outcome.error), outcome.error.message)
  if (!outcome.accepted) subject.findings.add(refusal, { ...subject.where, expected: rule })
  return outcome.accepted
}

function judge(rule: string, value: string, subject: RuleSubject): RuleOutcome {
  if (subject.policy.rules === 'substituted') return judgeBySubstitution(rule, value)
  try {
    return judgeByBinding(parseExpression(rule), operandOf(own(subject.item, 'type'), value), value)
  } catch (error) {
    return { error: error as Error }
  }
}

/** The value as the rule computes with it: a number or truth where the item's type says so, else text. */
function operandOf(type: unknown, value: string): Operand {
  if (type === 'integer') return parseInteger(value) ?? value
  if (type === 'float') return parseFloatText(value) ?? value
  return type === 'boolean' ? value.toLowerCase() === 'true' : value
}

function failed(subject: RuleSubject, fledgeClass: string, detail: string): false {
  subject.findings.add('rule-unusable', { ...subject.where, fledgeClass, accidental: true, detail })
  return false
}

function pythonError(error: Error): string {
  if (error instanceof RuleFailure) return { name: 'NameError', range: 'ValueError', type: 'TypeError' }[error.kind]
  return error instanceof SyntaxError ? 'SyntaxError' : 'TypeError'
}
