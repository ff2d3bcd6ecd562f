import { RuleFailure } from './failure.ts'
import { assertSize, type Operand, Sequence, sizeOf, toNumber, typeOf } from './operand.ts'

/** No integer may grow beyond this many bits: multiplying larger ones would hold the host. */
const maxBits = 32_768

/** Applies an arithmetic sign as Python does: `/` gives floats, `//` and `%` round towards minus infinity. */
export function calculate(sign: string, left: Operand, right: Operand): Operand {
  if (sign === '+' && typeof left === 'string' && typeof right === 'string') {
    assertSize(left.length + right.length)
    return left + right
  }
  if (sign === '+' && left instanceof Sequence && right instanceof Sequence && left.kind === right.kind)
    return new Sequence(left.kind, [...left.members, ...right.members])
  if (sign === '*' && isRepeatable(left) && typeof right === 'bigint') return repeated(left, right)
  if (sign === '*' && isRepeatable(right) && typeof left === 'bigint') return repeated(right, left)
  if (sign === '%' && typeof left === 'string') throw new RuleFailure('type', 'text cannot be formatted by %')
  const a = toNumber(left)
  const b = toNumber(right)
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    const isLogical = typeof left === 'boolean' && typeof right === 'boolean' && '&|^'.includes(sign)
    return isLogical ? integers(sign, a, b) === 1n : integers(sign, a, b)
  }
  return floats(sign, Number(a), Number(b))
}

/** Turns every bit of an integer over. */
export function inverted(operand: Operand): bigint {
  const number = toNumber(operand)
  if (typeof number === 'bigint') return -number - 1n
  throw new RuleFailure('type', `a ${typeOf(operand)} has no bits`)
}

function isRepeatable(operand: Operand): operand is string | Sequence {
  return typeof operand === 'string' || (operand instanceof Sequence && operand.kind !== 'set')
}

function repeated(operand: string | Sequence, times: bigint): Operand {
  const count = Math.max(0, Number(times))
  assertSize(sizeOf(operand) * count)
  if (typeof operand === 'string') return operand.repeat(count)
  return new Sequence(operand.kind, Array.from({ length: count }, () => operand.members).flat())
}

function integers(sign: string, a: bigint, b: bigint): Operand {
  switch (sign) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      assertBits(bits(a) + bits(b))
      return a * b
    case '**':
      return b < 0n ? inverse(a, b) : power(a, b)
    case '&':
      return a & b
    case '|':
      return a | b
    case '^':
      return a ^ b
    case '<<':
    case '>>':
      return shifted(sign, a, b)
    default:
      return divided(sign, a, b)
  }
}

function divided(sign: string, a: bigint, b: bigint): Operand {
  if (b === 0n) throw new RuleFailure('zero', 'division by zero')
  if (sign === '/') return Number(a) / Number(b)
  const remainder = a % b
  const wraps = remainder !== 0n && remainder < 0n !== b < 0n
  return sign === '%' ? (wraps ? remainder + b : remainder) : a / b - (wraps ? 1n : 0n)
}

function inverse(a: bigint, b: bigint): number {
  if (a === 0n) throw new RuleFailure('range', 'zero cannot be raised to a negative power')
  return Number(a) ** Number(b)
}

function power(base: bigint, exponent: bigint): bigint {
  assertBits(bits(base) * Number(exponent))
  return base ** exponent
}

function shifted(sign: string, a: bigint, count: bigint): bigint {
  if (count < 0n) throw new RuleFailure('range', 'negative shift count')
  if (sign === '>>') return count > maxBits ? (a < 0n ? -1n : 0n) : a >> count
  if (a !== 0n) assertBits(bits(a) + Number(count))
  return a === 0n ? 0n : a << count
}

function floats(sign: string, a: number, b: number): number {
  switch (sign) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '**':
      return floatPower(a, b)
    case '/':
    case '//':
    case '%':
      return floatDivided(sign, a, b)
    default:
      throw new RuleFailure('type', `floats have no ${sign}`)
  }
}

function floatPower(a: number, b: number): number {
  if (a === 0 && b < 0) throw new RuleFailure('range', 'zero cannot be raised to a negative power')
  if (a === 1 || b === 0) return 1
  const result = a ** b
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b))
    throw new RuleFailure('range', 'the result is no number, or too large')
  return result
}

function floatDivided(sign: string, a: number, b: number): number {
  if (b === 0) throw new RuleFailure('zero', 'division by zero')
  if (sign === '/') return a / b
  const remainder = a % b
  const modulo = remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder
  return sign === '%' ? modulo : Math.floor((a - modulo) / b + 0.5)
}

function bits(value: bigint): number {
  return value.toString(16).length * 4
}

function assertBits(count: number): void {
  if (count > maxBits) throw new RuleFailure('range', 'the value grows too large')
}
