import { RuleFailure } from './failure.ts'
import { type Operand, toNumber } from './operand.ts'

type RuleFunction = (...operands: readonly Operand[]) => Operand

function argument(operand: Operand | undefined): bigint | number {
  if (operand === undefined) throw new RuleFailure('type', 'an argument is missing')
  return toNumber(operand)
}

/** A function of floats: no number out of numbers, and infinity out of finite ones, are errors in Python. */
const float = (compute: (...values: readonly [number, number]) => number, arity: 1 | 2 = 1): RuleFunction => {
  return (...operands) => {
    const values = operands.slice(0, arity).map((operand) => Number(argument(operand)))
    if (values.length < arity) throw new RuleFailure('type', 'an argument is missing')
    const result = compute(values[0] as number, values[1] ?? 0)
    if (Number.isNaN(result) && !values.some(Number.isNaN)) throw new RuleFailure('range', 'math domain error')
    if (!Number.isFinite(result) && values.every(Number.isFinite)) throw new RuleFailure('range', 'math range error')
    return result
  }
}

const whole = (compute: (value: number) => number): RuleFunction => {
  return (operand) => {
    const value = argument(operand)
    if (typeof value === 'bigint') return value
    if (!Number.isFinite(value)) throw new RuleFailure('range', 'no integer comes of it')
    return BigInt(compute(value))
  }
}

/** Python rounds halves to the even neighbour. */
export function roundHalfEven(value: number): number {
  if (!Number.isFinite(value)) throw new RuleFailure('range', 'no integer comes of it')
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

function modulo(left: number, right: number): number {
  return left % right
}

function greatestDivisor(left: Operand | undefined, right: Operand | undefined): bigint {
  const [a, b] = [argument(left), argument(right)]
  if (typeof a === 'number' || typeof b === 'number') throw new RuleFailure('type', 'integers are needed here')
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y > 0n) [x, y] = [y, x % y]
  return x
}

function isClose(left: Operand | undefined, right: Operand | undefined): boolean {
  const [a, b] = [Number(argument(left)), Number(argument(right))]
  return a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b))
}

/** The functions of Python's `math` module that an expression may call. */
export const mathFunctions: readonly (readonly [name: string, run: RuleFunction])[] = [
  ['floor', whole(Math.floor)],
  ['ceil', whole(Math.ceil)],
  ['trunc', whole(Math.trunc)],
  ['sqrt', float(Math.sqrt)],
  ['exp', float(Math.exp)],
  ['expm1', float(Math.expm1)],
  ['log', (operand, base) => (base === undefined ? logarithm(operand) : ratio(logarithm(operand), logarithm(base)))],
  ['log2', float(Math.log2)],
  ['log10', float(Math.log10)],
  ['log1p', float(Math.log1p)],
  ['sin', float(Math.sin)],
  ['cos', float(Math.cos)],
  ['tan', float(Math.tan)],
  ['asin', float(Math.asin)],
  ['acos', float(Math.acos)],
  ['atan', float(Math.atan)],
  ['atan2', float(Math.atan2, 2)],
  ['sinh', float(Math.sinh)],
  ['cosh', float(Math.cosh)],
  ['tanh', float(Math.tanh)],
  ['fabs', float(Math.abs)],
  ['pow', float((value, exponent) => value ** exponent, 2)],
  ['fmod', float(modulo, 2)],
  ['hypot', float(Math.hypot, 2)],
  ['copysign', float((value, sign) => Math.abs(value) * (sign < 0 || Object.is(sign, -0) ? -1 : 1), 2)],
  ['degrees', float((value) => (value * 180) / Math.PI)],
  ['radians', float((value) => (value * Math.PI) / 180)],
  ['gcd', greatestDivisor],
  ['isclose', isClose],
  ['isnan', (operand) => Number.isNaN(argument(operand))],
  ['isinf', (operand) => Math.abs(Number(argument(operand))) === Infinity],
  ['isfinite', (operand) => Number.isFinite(Number(argument(operand)))],
]

function logarithm(operand: Operand | undefined): number {
  const value = Number(argument(operand))
  if (value <= 0) throw new RuleFailure('range', 'math domain error')
  return Math.log(value)
}

function ratio(left: number, right: number): number {
  if (right === 0) throw new RuleFailure('range', 'division by zero')
  return left / right
}
