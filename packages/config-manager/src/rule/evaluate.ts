import { RuleFailure } from './failure.ts'
import { ruleConstants, ruleFunctions } from './functions.ts'
import { calculate, isEqual, isLess, isTrue, type Operand, toNumber } from './operand.ts'
import type { Comparison, Expression } from './syntax.ts'

/** What a name stands for, how text literals are read, and how two operands compare: all in which the dialects differ. */
export interface Scope {
  readonly resolve: (name: string) => Operand | undefined
  readonly text?: (literal: string) => string
  readonly align?: (left: Operand, right: Operand) => readonly [Operand, Operand]
}

/** Computes an expression. Throws {@link RuleFailure} for a name that nobody knows and for operands that do not fit. */
export function evaluate(expression: Expression, scope: Scope): Operand {
  switch (expression.kind) {
    case 'literal':
      return typeof expression.value === 'string' && scope.text ? scope.text(expression.value) : expression.value
    case 'name':
      return named(expression.name, scope)
    case 'list':
      return expression.members.map((member) => evaluate(member, scope))
    case 'not':
      return !isTrue(evaluate(expression.of, scope))
    case 'plus':
      return toNumber(evaluate(expression.of, scope))
    case 'minus':
      return -toNumber(evaluate(expression.of, scope))
    case 'and': {
      const left = evaluate(expression.left, scope)
      return isTrue(left) ? evaluate(expression.right, scope) : left
    }
    case 'or': {
      const left = evaluate(expression.left, scope)
      return isTrue(left) ? left : evaluate(expression.right, scope)
    }
    case 'arithmetic':
      return calculate(expression.sign, evaluate(expression.left, scope), evaluate(expression.right, scope))
    case 'compare':
      return compareChain(expression.first, expression.rest, scope)
    case 'call':
      return call(expression.name, expression.arguments, scope)
  }
}

function named(name: string, scope: Scope): Operand {
  const bound = scope.resolve(name)
  if (bound !== undefined) return bound
  const constant = ruleConstants.get(name)
  if (constant === undefined) throw new RuleFailure('name', `nothing is called ${name}`)
  return constant
}

function call(name: string, parameters: readonly Expression[], scope: Scope): Operand {
  const run = ruleFunctions.get(name)
  if (!run) throw new RuleFailure('name', `no function is called ${name}`)
  if (parameters.length === 0) throw new RuleFailure('type', `${name} needs an argument`)
  return run(...parameters.map((parameter) => evaluate(parameter, scope)))
}

function compareChain(first: Expression, rest: readonly Comparison[], scope: Scope): boolean {
  let left = evaluate(first, scope)
  for (const link of rest) {
    const right = evaluate(link.right, scope)
    if (!compare(link.sign, left, right, scope)) return false
    left = right
  }
  return true
}

function compare(sign: string, left: Operand, right: Operand, scope: Scope): boolean {
  if (sign === 'in') return contains(right, left)
  if (sign === 'not in') return !contains(right, left)
  const [a, b] = scope.align ? scope.align(left, right) : [left, right]
  switch (sign) {
    case '==':
      return isEqual(a, b)
    case '!=':
      return !isEqual(a, b)
    case '<':
      return isLess(a, b)
    case '>':
      return isLess(b, a)
    case '<=':
      return isLess(a, b) || isEqual(a, b)
    default:
      return isLess(b, a) || isEqual(a, b)
  }
}

function contains(container: Operand, member: Operand): boolean {
  if (typeof container === 'string') {
    if (typeof member !== 'string') throw new RuleFailure('type', 'only text can be in a text')
    return container.includes(member)
  }
  if (!Array.isArray(container)) throw new RuleFailure('type', '`in` needs a list or a text on its right')
  return container.some((candidate) => isEqual(candidate, member))
}
