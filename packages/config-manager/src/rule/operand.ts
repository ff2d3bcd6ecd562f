import { pythonRepr } from '../python/names.ts'
import { formatFloat } from '../python/number.ts'
import { equalityKey, isTextList, isTextObject, type TextValue } from '../python/value.ts'
import { RuleFailure } from './failure.ts'
import type { SequenceKind } from './syntax.ts'

/** What an expression computes with: `bigint` is an integer of any size, `number` always a float. */
export type Operand = string | bigint | number | boolean | null | Sequence | Dictionary | TypeName

/** A list, tuple or set. */
export class Sequence {
  readonly kind: SequenceKind
  readonly members: readonly Operand[]
  /** How much it holds, members of members included. */
  readonly size: number

  constructor(kind: SequenceKind, members: readonly Operand[]) {
    this.kind = kind
    this.members = kind === 'set' ? distinct(members) : members
    this.size = assertSize(this.members.reduce<number>((sum, member) => sum + sizeOf(member), 1))
  }
}

/** A dictionary, in the order of its keys; a repeated key keeps its first place and its last value. */
export class Dictionary {
  readonly entries: ReadonlyMap<string, readonly [key: Operand, value: Operand]>
  readonly size: number

  constructor(entries: Iterable<readonly [key: Operand, value: Operand]>) {
    const table = new Map<string, readonly [Operand, Operand]>()
    let size = 1
    for (const [key, value] of entries) {
      const hash = hashOf(key)
      table.set(hash, [table.get(hash)?.[0] ?? key, value])
      size += sizeOf(key) + sizeOf(value)
    }
    this.entries = table
    this.size = assertSize(size)
  }

  get(key: Operand): Operand | undefined {
    return this.entries.get(hashOf(key))?.[1]
  }

  get keys(): Operand[] {
    return [...this.entries.values()].map(([key]) => key)
  }

  get values(): Operand[] {
    return [...this.entries.values()].map(([, value]) => value)
  }
}

/** A type, as `isinstance` and `type` know it. */
export class TypeName {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** No value may hold more than this many characters and members. */
const maxSize = 4_194_304

/** Gives the size back, or throws where it is too large: an expression must not be able to fill its host's memory. */
export function assertSize(size: number): number {
  if (size > maxSize) throw new RuleFailure('range', 'the value grows too large')
  return size
}

/** How much an operand holds, in characters and members. */
export function sizeOf(operand: Operand): number {
  if (typeof operand === 'string') return operand.length + 1
  return operand instanceof Sequence || operand instanceof Dictionary ? operand.size : 1
}

/** Reads JSON's or a literal's values as an expression sees them. */
export function operandOf(value: TextValue): Operand {
  if (isTextList(value)) return new Sequence('list', value.map(operandOf))
  if (!isTextObject(value)) return value as Operand
  return new Dictionary([...value].map(([key, member]) => [operandOf(key), operandOf(member)] as const))
}

/** A text that two operands share exactly when they are one key to Python. Throws for what cannot be a key. */
function hashOf(operand: Operand): string {
  if (operand instanceof TypeName) return `type ${operand.name}`
  if (operand instanceof Sequence && operand.kind === 'tuple') return `(${operand.members.map(hashOf).join(',')})`
  if (operand instanceof Sequence || operand instanceof Dictionary)
    throw new RuleFailure('type', `a ${typeOf(operand)} cannot be a key`)
  return equalityKey(operand)
}

function distinct(members: readonly Operand[]): Operand[] {
  const kept = new Map<string, Operand>()
  for (const member of members) {
    const hash = hashOf(member)
    if (!kept.has(hash)) kept.set(hash, member)
  }
  return [...kept.values()]
}

/** The name of an operand's type in Python. */
export function typeOf(operand: Operand): string {
  if (operand instanceof Sequence) return operand.kind
  if (operand instanceof Dictionary) return 'dict'
  if (operand instanceof TypeName) return 'type'
  if (operand === null) return 'NoneType'
  return { string: 'str', bigint: 'int', number: 'float', boolean: 'bool' }[typeof operand as 'string']
}

/** The members that going through an operand gives: characters of a text, keys of a dictionary. */
export function membersOf(operand: Operand): readonly Operand[] {
  if (typeof operand === 'string') return [...operand]
  if (operand instanceof Sequence) return operand.members
  if (operand instanceof Dictionary) return operand.keys
  throw new RuleFailure('type', `a ${typeOf(operand)} has no members`)
}

/** A number, with booleans as the integers they are in Python. */
export function toNumber(operand: Operand): bigint | number {
  if (typeof operand === 'bigint' || typeof operand === 'number') return operand
  if (typeof operand === 'boolean') return operand ? 1n : 0n
  throw new RuleFailure('type', `a number is needed here, not a ${typeOf(operand)}`)
}

/** A number without a fraction, small enough to count with. */
export function toIndex(operand: Operand): number {
  const number = toNumber(operand)
  if (typeof number === 'number') throw new RuleFailure('type', 'an integer is needed here, not a float')
  return Number(number)
}

/** Text, or a failure that says so. */
export function toText(operand: Operand | undefined): string {
  if (typeof operand === 'string') return operand
  throw new RuleFailure('type', 'text is needed here')
}

/** Python's truth of a value. */
export function isTrue(operand: Operand): boolean {
  if (operand instanceof Sequence) return operand.members.length > 0
  if (operand instanceof Dictionary) return operand.entries.size > 0
  return Boolean(operand) || Number.isNaN(operand)
}

/** Python's `==`: numbers by value, never equal to text; a list is never equal to a tuple. */
export function isEqual(left: Operand, right: Operand): boolean {
  if (left instanceof Sequence && right instanceof Sequence) return isSameSequence(left, right)
  if (left instanceof Dictionary && right instanceof Dictionary) {
    if (left.entries.size !== right.entries.size) return false
    return [...left.entries].every(([hash, [, value]]) => {
      const other = right.entries.get(hash)
      return other !== undefined && isEqual(value, other[1])
    })
  }
  if (left instanceof TypeName && right instanceof TypeName) return left.name === right.name
  if (isNumeric(left) && isNumeric(right))
    return Number(left) === Number(right) && !(toNumber(left) < toNumber(right)) && !(toNumber(left) > toNumber(right))
  return left === right
}

function isSameSequence(left: Sequence, right: Sequence): boolean {
  if (left.kind !== right.kind || left.members.length !== right.members.length) return false
  if (left.kind !== 'set')
    return left.members.every((member, index) => isEqual(member, right.members[index] as Operand))
  const hashes = new Set(left.members.map(hashOf))
  return right.members.every((member) => hashes.has(hashOf(member)))
}

/**
 * Python's `<`: among numbers, among texts (by code point), among lists and among tuples; anything else is an error.
 */
export function isLess(left: Operand, right: Operand): boolean {
  if (typeof left === 'string' && typeof right === 'string') return comparePoints(left, right) < 0
  if (left instanceof Sequence && right instanceof Sequence && left.kind === right.kind && left.kind !== 'set') {
    const [a, b] = [left.members, right.members]
    const at = a.findIndex((member, index) => index >= b.length || !isEqual(member, b[index] as Operand))
    if (at === -1) return a.length < b.length
    return at < b.length && isLess(a[at] as Operand, b[at] as Operand)
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

function isNumeric(operand: Operand): operand is bigint | number | boolean {
  return typeof operand === 'bigint' || typeof operand === 'number' || typeof operand === 'boolean'
}

/** Python's `repr`. */
export function reprOf(operand: Operand): string {
  if (typeof operand === 'number') return formatFloat(operand)
  if (operand instanceof TypeName) return `<class '${operand.name}'>`
  if (operand instanceof Dictionary)
    return `{${[...operand.entries.values()].map(([key, value]) => `${reprOf(key)}: ${reprOf(value)}`).join(', ')}}`
  if (!(operand instanceof Sequence)) return pythonRepr(operand)
  const members = operand.members.map(reprOf).join(', ')
  if (operand.kind === 'tuple') return `(${members}${operand.members.length === 1 ? ',' : ''})`
  return operand.kind === 'set' ? `{${members}}` : `[${members}]`
}
