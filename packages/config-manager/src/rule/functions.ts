import { parseFloatText, parseInteger } from '../python/number.ts'
import { codePoints } from '../python/text.ts'
import { calculate } from './arithmetic.ts'
import { RuleFailure } from './failure.ts'
import { mathFunctions, roundHalfEven } from './math.ts'
import {
  Dictionary,
  isLess,
  isTrue,
  membersOf,
  type Operand,
  reprOf,
  Sequence,
  TypeName,
  toIndex,
  toNumber,
  typeOf,
} from './operand.ts'

type RuleFunction = (...operands: readonly Operand[]) => Operand

function given(operand: Operand | undefined): Operand {
  if (operand === undefined) throw new RuleFailure('type', 'an argument is missing')
  return operand
}

function length(operand: Operand): bigint {
  if (typeof operand === 'string') return BigInt(codePoints(operand))
  if (operand instanceof Dictionary) return BigInt(operand.entries.size)
  return BigInt(membersOf(operand).length)
}

function extreme(operands: readonly Operand[], better: (left: Operand, right: Operand) => boolean): Operand {
  const members = operands.length === 1 ? membersOf(given(operands[0])) : operands
  const [first, ...rest] = members
  if (first === undefined) throw new RuleFailure('range', 'nothing to choose from')
  return rest.reduce((best, member) => (better(member, best) ? member : best), first)
}

function sorted(operand: Operand): Operand {
  const order = (left: Operand, right: Operand) => (isLess(left, right) ? -1 : isLess(right, left) ? 1 : 0)
  return new Sequence('list', [...membersOf(operand)].sort(order))
}

function round(operand: Operand, digits?: Operand): Operand {
  const value = toNumber(operand)
  const places = digits === undefined || digits === null ? undefined : toIndex(digits)
  if (places === undefined) return typeof value === 'bigint' ? value : BigInt(roundHalfEven(value))
  if (places < 0) throw new RuleFailure('type', 'only decimals can be rounded to')
  if (typeof value === 'bigint' || places > 22 || !Number.isFinite(value)) return value
  return roundedTo(value, places)
}

/** `toFixed` rounds exactly, but a tie away from zero, where Python takes the even neighbour. */
function roundedTo(value: number, places: number): number {
  const digits = value.toFixed(places + 30).slice(-30)
  const isTie = /^50+$/.test(digits)
  return isTie ? roundHalfEven(value * 10 ** places) / 10 ** places : Number(value.toFixed(places))
}

function toInteger(operand: Operand = 0n): Operand {
  if (typeof operand !== 'string') {
    const value = toNumber(operand)
    return typeof value === 'bigint' ? value : BigInt(Math.trunc(value))
  }
  const value = parseInteger(operand)
  if (value === undefined) throw new RuleFailure('range', 'not an integer')
  return value
}

function toFloat(operand: Operand = 0): Operand {
  if (typeof operand !== 'string') return Number(toNumber(operand))
  const value = parseFloatText(operand)
  if (value === undefined) throw new RuleFailure('range', 'not a float')
  return value
}

function toText(operand: Operand = ''): string {
  return typeof operand === 'string' ? operand : reprOf(operand)
}

function isInstance(operand: Operand, types: Operand): boolean {
  const wanted = types instanceof Sequence && types.kind === 'tuple' ? types.members : [types]
  return wanted.some((type) => {
    if (!(type instanceof TypeName)) throw new RuleFailure('type', 'isinstance needs a type, or a tuple of types')
    return type.name === typeOf(operand) || (type.name === 'int' && typeof operand === 'boolean')
  })
}

function toDictionary(operand?: Operand): Operand {
  if (operand === undefined) return new Dictionary([])
  if (operand instanceof Dictionary) return operand
  throw new RuleFailure('type', `a ${typeOf(operand)} is no dictionary`)
}

const listed = (kind: Sequence['kind']) => (operand?: Operand) =>
  new Sequence(kind, operand === undefined ? [] : membersOf(operand))

/** Python's own functions that an expression may call. */
const builtIns: readonly (readonly [name: string, run: RuleFunction])[] = [
  ['len', (operand) => length(given(operand))],
  [
    'abs',
    (operand) => {
      const value = toNumber(given(operand))
      return value < 0 ? -value : value
    },
  ],
  ['min', (...operands) => extreme(operands, isLess)],
  ['max', (...operands) => extreme(operands, (left, right) => isLess(right, left))],
  [
    'sum',
    (operand, start = 0n) => membersOf(given(operand)).reduce((sum, member) => calculate('+', sum, member), start),
  ],
  ['all', (operand) => membersOf(given(operand)).every(isTrue)],
  ['any', (operand) => membersOf(given(operand)).some(isTrue)],
  ['sorted', (operand) => sorted(given(operand))],
  ['round', (operand, digits) => round(given(operand), digits)],
  ['int', toInteger],
  ['float', toFloat],
  ['str', toText],
  ['bool', (operand = false) => isTrue(operand)],
  ['list', listed('list')],
  ['tuple', listed('tuple')],
  ['set', listed('set')],
  ['dict', toDictionary],
  ['isinstance', (operand, types) => isInstance(given(operand), given(types))],
  ['type', (operand) => new TypeName(typeOf(given(operand)))],
]

/** The functions that an expression may call: Python's own few and its `math` module's; nothing else has a name. */
export const ruleFunctions: ReadonlyMap<string, RuleFunction> = new Map([...builtIns, ...mathFunctions])

/** The constants that an expression may name. */
export const ruleConstants: ReadonlyMap<string, Operand> = new Map<string, Operand>([
  ['True', true],
  ['False', false],
  ['None', null],
  ['pi', Math.PI],
  ['e', Math.E],
  ['tau', 2 * Math.PI],
  ['inf', Infinity],
  ['nan', Number.NaN],
  ...['int', 'float', 'str', 'bool', 'list', 'tuple', 'set', 'dict'].map((name): [string, Operand] => [
    name,
    new TypeName(name),
  ]),
])
