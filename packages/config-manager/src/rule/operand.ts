import { RuleFailure } from './failure.ts'

/** What an expression computes with: `bigint` is an integer of any size, `number` always a float. */
export type Operand = string | bigint | number | boolean | null | readonly Operand[]

/** No intermediate result may grow beyond this many bits or characters: an expression must not be able to stall its host. */
const maxSize = 65_536

/** A number, with booleans as the integers they are in Python. */
export function toNumber(operand: Operand): bigint | number {
  if (typeof operand === 'bigint' || typeof operand === 'number') return operand
  if (typeof operand === 'boolean') return operand ? 1n : 0n
  throw new RuleFailure('type', 'a number is needed here')
}

/** Python's truth of a value. */
export function isTrue(operand: Operand): boolean {
  if (typeof operand === 'string' || Array.isArray(operand)) return operand.length > 0
  return Boolean(operand)
}

/** Python's `==`: numbers by value, never equal to text. */
export function isEqual(left: Operand, right: Operand): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((member, index) => isEqual(member, right[index] as Operand))
  }
  if (isNumeric(left) && isNumeric(right))
    return Number(left) === Number(right) && !(toNumber(left) < toNumber(right)) && !(toNumber(left) > toNumber(right))
  return left === right
}

/** Python's `<`: among numbers, among texts (by code point) and among lists; anything else is an error. */
export function isLess(left: Operand, right: Operand): boolean {
  if (typeof left === 'string' && typeof right === 'string') return comparePoints(left, right) < 0
  if (Array.isArray(left) && Array.isArray(right)) {
    const at = left.findIndex((member, index) => index >= right.length || !isEqual(member, right[index] as Operand))
    if (at === -1) return left.length < right.length
    return at < right.length && isLess(left[at] as Operand, right[at] as Operand)
  }
  return toNumber(left) < toNumber(right)
}

function comparePoints(left: string, right: string): number {
  const a = [...left]
  const b = [...right]
  for (let index = 0; index < a.length && index < b.length; index++) {
    const difference = (a[index]?.codePointAt(0) as number) - (b[index]?.codePointAt(0) as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function isNumeric(operand: Operand): boolean {
  return typeof operand === 'bigint' || typeof operand === 'number' || typeof operand === 'boolean'
}

/** Applies an arithmetic sign as Python does: `/` gives floats, `//` and `%` round towards minus infinity. */
export function calculate(sign: string, left: Operand, right: Operand): Operand {
  if (sign === '+' && typeof left === 'string' && typeof right === 'string') {
    assertSize(left.length + right.length)
    return left + right
  }
  if (sign === '+' && Array.isArray(left) && Array.isArray(right)) return [...left, ...right]
  const a = toNumber(left)
  const b = toNumber(right)
  if (typeof a === 'bigint' && typeof b === 'bigint') return integers(sign, a, b)
  return floats(sign, Number(a), Number(b))
}

function integers(sign: string, a: bigint, b: bigint): Operand {
  if (sign === '+') return a + b
  if (sign === '-') return a - b
  if (sign === '*') {
    assertSize(bits(a) + bits(b))
    return a * b
  }
  if (sign === '**') return b < 0n ? Number(a) ** Number(b) : power(a, b)
  if (b === 0n) throw new RuleFailure('range', 'division by zero')
  if (sign === '/') return Number(a) / Number(b)
  const remainder = a % b
  const wraps = remainder !== 0n && remainder < 0n !== b < 0n
  return sign === '%' ? (wraps ? remainder + b : remainder) : a / b - (wraps ? 1n : 0n)
}

function power(base: bigint, exponent: bigint): bigint {
  assertSize(bits(base) * Number(exponent))
  return base ** exponent
}

function floats(sign: string, a: number, b: number): number {
  if (sign === '+') return a + b
  if (sign === '-') return a - b
  if (sign === '*') return a * b
  if (sign === '**') return a ** b
  if (b === 0) throw new RuleFailure('range', 'division by zero')
  if (sign === '/') return a / b
  const remainder = a % b
  const modulo = remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder
  return sign === '%' ? modulo : Math.floor((a - modulo) / b + 0.5)
}

function bits(value: bigint): number {
  return value.toString(16).length * 4
}

function assertSize(size: number): void {
  if (size > maxSize) throw new RuleFailure('range', 'the value grows too large')
}
