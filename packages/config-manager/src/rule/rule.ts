import { evaluate } from './evaluate.ts'
import type { Operand } from './operand.ts'
import { type Expression, parseExpression } from './syntax.ts'

/** What came of a rule: whether the value is accepted, or why the rule could not be computed. */
export type RuleOutcome = { readonly accepted: boolean } | { readonly error: Error }

/** The longest rule: reading and computing it stays a matter of milliseconds. */
const maxRuleLength = 4_096

/** The longest text of a rule with a value put into it. */
const maxTextLength = 1_048_576

/** Reads a rule, or throws a `SyntaxError` that says what is wrong with it. */
export function parseRule(rule: string): Expression {
  checkLength(rule)
  return parseExpression(rule, 'python')
}

function checkLength(rule: string): void {
  if (rule.length > maxRuleLength) throw new SyntaxError(`it is longer than ${maxRuleLength} characters`)
}

/**
 * Judges a value by a rule whose text has the value put in wherever it says `value`, as upstream does before it runs
 * the text as Python. Here the text is parsed and computed, never run. For `strict-fledge` only: a value can change
 * what the rule means.
 */
export function judgeBySubstitution(rule: string, value: string): RuleOutcome {
  return judged(() => {
    checkLength(rule)
    const times = rule.split('value').length - 1
    if (rule.length + times * value.length > maxTextLength)
      throw new SyntaxError(`with this value in it, it is longer than ${maxTextLength} characters`)
    const text = rule.replaceAll('value', () => value)
    return evaluate(parseExpression(text, 'python'), { resolve: () => undefined })
  })
}

/**
 * Judges a value by a rule in which `value` is a variable; inside quotes `value` stands for the value's text, as in
 * upstream's rules.
 */
export function judgeByBinding(rule: Expression, value: Operand, text: string): RuleOutcome {
  return judged(() =>
    evaluate(rule, {
      resolve: (name) => (name === 'value' ? value : undefined),
      text: (literal) => literal.replaceAll('value', () => text),
    }),
  )
}

/** Upstream accepts whatever is not exactly `False`. */
function judged(compute: () => Operand): RuleOutcome {
  try {
    return { accepted: compute() !== false }
  } catch (error) {
    return { error: error as Error }
  }
}
