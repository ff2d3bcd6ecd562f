import { evaluate } from './evaluate.ts'
import type { Operand } from './operand.ts'
import { type Expression, parseExpression } from './syntax.ts'

/**
 * Tells whether an item applies, by its `validity` expression over the values of its siblings (texts, by item name).
 * As in the Fledge GUI only a result of exactly `false` says no: an expression that cannot be read, or that names what is
 * not there, says yes.
 */
export function isApplicable(validity: string, values: (item: string) => string | undefined): boolean {
  try {
    return evaluate(parse(validity), { resolve: values, align }) !== false
  } catch {
    return true
  }
}

/** Reads a `validity` expression, or throws a `SyntaxError` that says what is wrong with it. */
function parse(validity: string): Expression {
  return parseExpression(validity)
}

/** Sibling values are texts: beside a number or a boolean a text is taken as one, as JavaScript's comparison does. */
function align(left: Operand, right: Operand): readonly [Operand, Operand] {
  if (typeof left === 'string' && typeof right !== 'string') return [coerce(left, right), right]
  if (typeof right === 'string' && typeof left !== 'string') return [left, coerce(right, left)]
  return [left, right]
}

function coerce(text: string, beside: Operand): Operand {
  if (typeof beside === 'boolean')
    return text.toLowerCase() === 'true' ? true : text.toLowerCase() === 'false' ? false : text
  const number = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isNaN(number) ? text : number
}
