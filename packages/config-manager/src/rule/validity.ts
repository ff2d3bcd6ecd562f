import { evaluate } from './evaluate.ts'
import type { Operand } from './operand.ts'
import { type Expression, parseExpression } from './syntax.ts'

/** JavaScript's names for what Python writes with a capital letter. */
const names: ReadonlyMap<string, Operand> = new Map<string, Operand>([
  ['true', true],
  ['false', false],
  ['null', null],
])

/** The longest `validity` expression. */
const maxValidityLength = 4_096

/** Reads a `validity` expression, or throws a `SyntaxError` that says what is wrong with it. */
export function parseValidity(validity: string): Expression {
  if (validity.length > maxValidityLength) throw new SyntaxError(`it is longer than ${maxValidityLength} characters`)
  return parseExpression(validity, 'validity')
}

/**
 * Tells whether an item applies, by its `validity` expression over the values of its siblings (texts, by item name).
 * As in the Fledge GUI only a result of exactly `false` says no: an expression that cannot be read, or that names what
 * is not there, says yes.
 */
export function isApplicable(validity: string, values: (item: string) => string | undefined): boolean {
  try {
    const resolve = (name: string) => values(name) ?? names.get(name)
    return evaluate(parseValidity(validity), { resolve, align }) !== false
  } catch {
    return true
  }
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
