import { type Item, own } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { Findings } from './findings.ts'
import type { Policy } from './policy.ts'
import { pythonRepr, pythonStr, textClass } from './python/names.ts'
import { formatFloat, parseFloatText, parseInteger } from './python/number.ts'
import { codePoints } from './python/text.ts'
import { isTextList, isTextObject, type TextValue } from './python/value.ts'

/** A limit or value that could not be read as a number; upstream fails over it with this class. */
export class UnreadableNumber extends Error {
  readonly fault: string

  /** @param message - what Python's `int()` or `float()` says */
  constructor(fault: string, message = 'not a number') {
    super(message)
    this.name = 'UnreadableNumber'
    this.fault = fault
  }
}

type NumberType = 'integer' | 'float'

/** Reads a number as `int()` or `float()` would. */
export function readNumber(value: unknown, type: NumberType): bigint | number {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    if (type === 'float') return Number(value)
    if (typeof value === 'number' && !Number.isFinite(value))
      throw Number.isNaN(value)
        ? new UnreadableNumber('ValueError', 'cannot convert float NaN to integer')
        : new UnreadableNumber('OverflowError', 'cannot convert float infinity to integer')
    return BigInt(typeof value === 'number' ? Math.trunc(value) : value)
  }
  if (typeof value !== 'string') throw new UnreadableNumber('TypeError')
  const number = type === 'integer' ? parseInteger(value) : parseFloatText(value)
  if (number === undefined) {
    const says = type === 'integer' ? 'invalid literal for int() with base 10' : 'could not convert string to float'
    throw new UnreadableNumber('ValueError', `${says}: ${pythonRepr(value)}`)
  }
  return number
}

/** Checks a number against `minimum` and `maximum`, both inclusive. Comparisons with `nan` are false, as everywhere. */
export function checkRange(
  item: Item,
  type: NumberType,
  value: unknown,
  where: FindingFacts,
  findings: Findings,
  policy: Policy,
): boolean {
  const low = own(item, 'minimum')
  const high = own(item, 'maximum')
  if (low === undefined && high === undefined) return true
  const number = readNumber(value, type)
  if (low !== undefined && high !== undefined) {
    const [least, most] = [readLimit(low, type, policy), readLimit(high, type, policy)]
    if (least <= number && number <= most) return true
    findings.add('value-range', { ...where, limit: `${pythonStr(low)},${pythonStr(high)}` })
    return false
  }
  const limit = readLimit(low ?? high, type, policy)
  if (low !== undefined ? !(number < limit) : !(number > limit)) return true
  findings.add(low !== undefined ? 'value-below' : 'value-above', { ...where, limit: numberText(limit) })
  return false
}

/** Upstream reads the limit of an integer as an integer, and fails over `10.5`. */
function readLimit(limit: unknown, type: NumberType, policy: Policy): bigint | number {
  if (policy.integerText === 'canonical' && typeof limit === 'string') {
    const number = parseInteger(limit) ?? parseFloatText(limit)
    if (number !== undefined) return number
  }
  return readNumber(limit, type)
}

/** Checks a text against `length`, in code points. */
export function checkLength(item: Item, value: TextValue, where: FindingFacts, findings: Findings): boolean {
  const limit = own(item, 'length')
  const length = lengthOf(value)
  if (limit === undefined || length === undefined) return true
  if (BigInt(length) <= (readNumber(limit, 'integer') as bigint)) return true
  findings.add('value-length', { ...where, limit: pythonStr(limit) })
  return false
}

/** Python's `len`: of a text in code points, of a list in elements; nothing else has one. */
function lengthOf(value: TextValue): number | undefined {
  if (typeof value === 'string') return codePoints(value)
  return isTextList(value) ? value.length : isTextObject(value) ? value.size : undefined
}

/** One element of a list or kvlist and the item whose limits it must keep. */
export interface ElementCheck {
  readonly item: Item
  readonly type: 'string' | NumberType
  readonly value: TextValue
  readonly where: FindingFacts
  readonly findings: Findings
  readonly policy: Policy
}

/**
 * Checks one element of a list or kvlist against the item's limits; upstream raises ValueError here instead of
 * TypeError.
 */
export function checkElementLimits({ item, type, value, where, findings, policy }: ElementCheck): boolean {
  const at = { ...where, fledgeClass: 'ValueError' }
  try {
    if (type !== 'string') return checkRange(item, type, value, at, findings, policy)
    if (lengthOf(value) !== undefined || !Object.hasOwn(item, 'length')) return checkLength(item, value, at, findings)
    return findings.add('list-element', { ...at, fledgeText: lengthFault(value), detail: type })
  } catch (error) {
    if (!(error instanceof UnreadableNumber)) throw error
    const fledgeText = error.fault === 'TypeError' && type !== 'string' ? numberFault(type, value) : undefined
    findings.add('list-element', { ...at, detail: type, ...(fledgeText === undefined ? {} : { fledgeText }) })
    return false
  }
}

/** How Python's `len()` complains. */
function lengthFault(value: TextValue): string {
  return `object of type '${textClass(value)}' has no len()`
}

/** How Python's `int()` and `float()` complain. */
function numberFault(type: NumberType, value: TextValue): string {
  const takes = type === 'integer' ? 'a string, a bytes-like object or a real number' : 'a string or a real number'
  return `${type === 'integer' ? 'int' : 'float'}() argument must be ${takes}, not '${textClass(value)}'`
}

function numberText(number: bigint | number): string {
  return typeof number === 'bigint' ? String(number) : formatFloat(number)
}
