import { calculate, inverted } from './arithmetic.ts'
import { RuleFailure } from './failure.ts'
import { ruleConstants, ruleFunctions } from './functions.ts'
import { callMethod } from './methods.ts'
import { Dictionary, isEqual, isLess, isTrue, type Operand, Sequence, sizeOf, toNumber, typeOf } from './operand.ts'
import { elementOf, sliceOf } from './subscript.ts'
import type { Expression, Operation, PartStep } from './syntax.ts'

/**
 * What a name stands for, how text literals are read, and how two operands compare: all in which the dialects differ.
 */
export interface Scope {
  readonly resolve: (name: string) => Operand | undefined
  readonly text?: (literal: string) => string
  readonly align?: (left: Operand, right: Operand) => readonly [Operand, Operand]
}

/** One evaluation may look at this many characters and members, so that it takes milliseconds. */
const maxWork = 10_000_000

/**
 * Computes an expression. Throws {@link RuleFailure} for a name that nobody knows, for operands that do not fit, and
 * for one that takes too much work.
 */
export function evaluate(expression: Expression, scope: Scope): Operand {
  return new Evaluation(scope).of(expression)
}

/** Functions that do more with each member than look at it, and how much. */
const costly: ReadonlyMap<string, number> = new Map([
  ['sorted', 40],
  ['set', 10],
  ['list', 10],
  ['tuple', 10],
  ['min', 10],
  ['max', 10],
  ['sum', 10],
])

class Evaluation {
  readonly #scope: Scope
  #work = 0

  constructor(scope: Scope) {
    this.#scope = scope
  }

  of(expression: Expression): Operand {
    switch (expression.kind) {
      case 'literal':
        return this.#literal(expression.value)
      case 'name':
        return this.#named(expression.name)
      case 'list':
      case 'tuple':
      case 'set':
        return this.#spent(new Sequence(expression.kind, this.#all(expression.members)))
      case 'dictionary':
        return this.#spent(
          new Dictionary(expression.entries.map(([key, value]) => [this.of(key), this.of(value)] as const)),
        )
      case 'not':
        return !isTrue(this.of(expression.of))
      case 'plus':
        return toNumber(this.of(expression.of))
      case 'minus':
        return -toNumber(this.of(expression.of))
      case 'invert':
        return inverted(this.of(expression.of))
      case 'and':
      case 'or':
        return this.#logical(expression.kind, expression.members)
      case 'choose':
        return this.of(isTrue(this.of(expression.test)) ? expression.then : expression.otherwise)
      case 'arithmetic':
        return this.#arithmetic(expression.first, expression.rest)
      case 'compare':
        return this.#compareChain(expression.first, expression.rest)
      case 'call':
        return this.#call(expression.name, expression.arguments)
      case 'part':
        return expression.steps.reduce(
          (operand, step) => this.#spent(this.#step(operand, step)),
          this.of(expression.of),
        )
    }
  }

  #spend(operands: readonly Operand[]): void {
    for (const operand of operands) this.#work += sizeOf(operand)
    if (this.#work > maxWork) throw new RuleFailure('range', 'computing it takes too much work')
  }

  #spent<T extends Operand>(...operands: readonly [T, ...Operand[]]): T {
    this.#spend(operands)
    return operands[0]
  }

  #all(members: readonly Expression[]): Operand[] {
    return members.map((member) => this.#spent(this.of(member)))
  }

  #literal(value: string | bigint | number): Operand {
    const { text } = this.#scope
    return this.#spent(typeof value === 'string' && text ? text(value) : value)
  }

  #named(name: string): Operand {
    const bound = this.#scope.resolve(name)
    const known = bound === undefined ? ruleConstants.get(name) : bound
    if (known === undefined) throw new RuleFailure('name', `nothing is called ${name}`)
    return known
  }

  #logical(kind: 'and' | 'or', members: readonly Expression[]): Operand {
    let last: Operand = null
    for (const member of members) {
      last = this.#spent(this.of(member))
      if (isTrue(last) === (kind === 'or')) return last
    }
    return last
  }

  #arithmetic(first: Expression, rest: readonly Operation[]): Operand {
    let left = this.of(first)
    for (const { sign, right } of rest) left = this.#spent(calculate(sign, left, this.of(right)))
    return left
  }

  #call(name: string, parameters: readonly Expression[]): Operand {
    const run = ruleFunctions.get(name)
    if (!run) throw new RuleFailure('name', `no function is called ${name}`)
    const given = this.#all(parameters)
    for (let times = costly.get(name) ?? 0; times > 0; times--) this.#spend(given)
    return this.#spent(run(...given))
  }

  #step(operand: Operand, step: PartStep): Operand {
    if (step.kind === 'method') return callMethod(operand, step.name, this.#all([...step.arguments]))
    if (step.kind === 'element') return elementOf(operand, this.of(step.at))
    return sliceOf(
      operand,
      step.bounds.map((bound) => bound && this.of(bound)),
    )
  }

  #compareChain(first: Expression, rest: readonly Operation[]): boolean {
    let left = this.of(first)
    for (const link of rest) {
      const right = this.of(link.right)
      this.#spent(left, right)
      if (!this.#compare(link.sign, left, right)) return false
      left = right
    }
    return true
  }

  #compare(sign: string, left: Operand, right: Operand): boolean {
    switch (sign) {
      case 'in':
        return contains(right, left)
      case 'not in':
        return !contains(right, left)
      case 'is':
        return isSame(left, right)
      case 'is not':
        return !isSame(left, right)
    }
    const [a, b] = this.#scope.align?.(left, right) ?? [left, right]
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
}

function contains(container: Operand, member: Operand): boolean {
  if (typeof container === 'string') {
    if (typeof member !== 'string') throw new RuleFailure('type', 'only text can be in a text')
    return container.includes(member)
  }
  if (container instanceof Dictionary) return container.get(member) !== undefined
  if (container instanceof Sequence) return container.members.some((candidate) => isEqual(candidate, member))
  throw new RuleFailure('type', `nothing can be in a ${typeOf(container)}`)
}

/** Python's `is`: whether two are one object, which for what holds others only its own self is. */
function isSame(left: Operand, right: Operand): boolean {
  if (typeof left === 'object' && left !== null) return left === right
  return typeOf(left) === typeOf(right) && left === right
}
