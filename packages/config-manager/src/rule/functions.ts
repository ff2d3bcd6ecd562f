import { formatFloat, parseFloatText, parseInteger } from '../python/number.ts'
import { codePoints } from '../python/text.ts'
import { RuleFailure } from './failure.ts'
import { isLess, type Operand, toNumber } from './operand.ts'

type RuleFunction = (...operands: readonly Operand[]) => Operand

const float = (compute: (value: number) => number): RuleFunction => {
  return (operand) => {
    const result = compute(Number(toNumber(operand as Operand)))
    if (Number.isNaN(result) && !Number.isNaN(Number(toNumber(operand as Operand))))
      throw new RuleFailure('range', 'math domain error')
    return result
  }
}

const whole = (compute: (value: number) => number): RuleFunction => {
  return (operand) => {
    const value = toNumber(operand as Operand)
    return typeof value === 'bigint' ? value : BigInt(compute(value))
  }
}

function extreme(operands: readonly Operand[], better: (left: Operand, right: Operand) => boolean): Operand {
  const members = operands.length === 1 && Array.isArray(operands[0]) ? (operands[0] as readonly Operand[]) : operands
  if (members.length === 0) throw new RuleFailure('type', 'nothing to choose from')
  return members.reduce((best, member) => (better(member, best) ? member : best))
}

/** Python rounds halves to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

function round(operand: Operand, digits?: Operand): Operand {
  const value = toNumber(operand)
  if (typeof value === 'bigint') return value
  if (digits === undefined) return BigInt(roundHalfEven(value))
  return Number(value.toFixed(Number(toNumber(digits))))
}

function toInteger(operand: Operand): Operand {
  if (typeof operand !== 'string') return whole(Math.trunc)(operand)
  const value = parseInteger(operand)
  if (value === undefined) throw new RuleFailure('range', 'not an integer')
  return value
}

function toFloat(operand: Operand): Operand {
  if (typeof operand !== 'string') return Number(toNumber(operand))
  const value = parseFloatText(operand)
  if (value === undefined) throw new RuleFailure('range', 'not a float')
  return value
}

function toText(operand: Operand): string {
  if (typeof operand === 'number') return formatFloat(operand)
  if (typeof operand === 'boolean') return operand ? 'True' : 'False'
  return String(operand)
}

/** The functions that an expression may call: Python's own few and its `math` module's; nothing else has a name. */
export const ruleFunctions: ReadonlyMap<string, RuleFunction> = new Map<string, RuleFunction>([
  [
    'len',
    (operand) => BigInt(typeof operand === 'string' ? codePoints(operand) : (operand as readonly Operand[]).length),
  ],
  [
    'abs',
    (operand) => {
      const value = toNumber(operand as Operand)
      return value < 0 ? -value : value
    },
  ],
  ['min', (...operands) => extreme(operands, isLess)],
  ['max', (...operands) => extreme(operands, (left, right) => isLess(right, left))],
  ['round', (operand, digits) => round(operand as Operand, digits)],
  ['int', (operand) => toInteger(operand as Operand)],
  ['float', (operand) => toFloat(operand as Operand)],
  ['str', (operand) => toText(operand as Operand)],
  ['floor', whole(Math.floor)],
  ['ceil', whole(Math.ceil)],
  ['trunc', whole(Math.trunc)],
  ['sqrt', float(Math.sqrt)],
  ['exp', float(Math.exp)],
  ['log', float(Math.log)],
  ['log2', float(Math.log2)],
  ['log10', float(Math.log10)],
  ['sin', float(Math.sin)],
  ['cos', float(Math.cos)],
  ['tan', float(Math.tan)],
  ['fabs', float(Math.abs)],
  ['degrees', float((value) => (value * 180) / Math.PI)],
  ['radians', float((value) => (value * Math.PI) / 180)],
  ['isnan', (operand) => Number.isNaN(toNumber(operand as Operand))],
  ['isinf', (operand) => Math.abs(Number(toNumber(operand as Operand))) === Infinity],
  ['isfinite', (operand) => Number.isFinite(Number(toNumber(operand as Operand)))],
])

/** The constants that an expression may name. */
export const ruleConstants: ReadonlyMap<string, Operand> = new Map<string, Operand>([
  ['True', true],
  ['False', false],
  ['None', null],
  ['true', true],
  ['false', false],
  ['null', null],
  ['pi', Math.PI],
  ['e', Math.E],
  ['tau', 2 * Math.PI],
  ['inf', Infinity],
  ['nan', Number.NaN],
])
