import { evaluate } from './evaluate.ts'
import type { Operand } from './operand.ts'
import { type Expression, parseExpression } from './syntax.ts'

/** What came of a rule: whether the value is accepted, or why the rule could not be computed. */
export type RuleOutcome = { readonly accepted: boolean } | { readonly error: Error }

/**
 * Judges a value by a rule whose text has the value put in wherever it says `value`, as upstream does before it runs the
 * text as Python. Here the text is parsed and computed, never run. For `strict-fledge` only: a value can change what the
 * rule means.
 */
export function judgeBySubstitution(rule: string, value: string): RuleOutcome {
  return judged(() => evaluate(parseLine(rule.replaceAll('value', () => value)), { resolve: () => undefined }))
}

/** Python ends an expression at a line break, unless a bracket is open; before and after it line breaks do no harm. */
function parseLine(text: string): Expression {
  const line = text.replace(/^(?:[ \t\f]*\n)*[ \t\f]*|[ \t\f\r\n]+$/g, '')
  if (/[\r\n]/.test(line) && !/[([]/.test(line)) throw new SyntaxError('a line break within the expression')
  return parseExpression(line)
}

/** Judges a value by a rule in which `value` is a variable; inside quotes `value` stands for the value's text, as in upstream's rules. */
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
