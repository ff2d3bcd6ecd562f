import { type Item, own } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { Findings } from './findings.ts'
import type { Policy } from './policy.ts'
import { pythonStr } from './python/names.ts'
import { formatFloat, parseFloatText, parseInteger } from './python/number.ts'
import { codePoints } from './python/text.ts'

/** A limit or value that could not be read as a number; upstream fails over it with this class. */
export class UnreadableNumber extends Error {
  readonly fault: string

  constructor(fault: string) {
    super('not a number')
    this.name = 'UnreadableNumber'
    this.fault = fault
  }
}

type NumberType = 'integer' | 'float'

/** Reads a number as `int()` or `float()` would. */
export function readNumber(value: unknown, type: NumberType): bigint | number {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return type === 'float' ? Number(value) : BigInt(typeof value === 'number' ? Math.trunc(value) : value)
  }
  if (typeof value !== 'string') throw new UnreadableNumber('TypeError')
  const number = type === 'integer' ? parseInteger(value) : parseFloatText(value)
  if (number === undefined) throw new UnreadableNumber('ValueError')
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
    if (readLimit(low, type, policy) <= number && number <= readLimit(high, type, policy)) return true
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
export function checkLength(item: Item, value: string, where: FindingFacts, findings: Findings): boolean {
  const limit = own(item, 'length')
  if (limit === undefined || BigInt(codePoints(value)) <= (readNumber(limit, 'integer') as bigint)) return true
  findings.add('value-length', { ...where, limit: pythonStr(limit) })
  return false
}

/** Checks one element of a list or kvlist against the item's limits; upstream raises ValueError here instead of TypeError. */
export function checkElementLimits(
  item: Item,
  type: 'string' | NumberType,
  value: unknown,
  where: FindingFacts,
  findings: Findings,
  policy: Policy,
): boolean {
  if (type === 'string' && typeof value !== 'string') return true
  const at = { ...where, fledgeClass: 'ValueError' }
  try {
    return type === 'string'
      ? checkLength(item, value as string, at, findings)
      : checkRange(item, type, value, at, findings, policy)
  } catch (error) {
    if (!(error instanceof UnreadableNumber)) throw error
    findings.add('list-element', { ...at, detail: type })
    return false
  }
}

function numberText(number: bigint | number): string {
  return typeof number === 'bigint' ? String(number) : formatFloat(number)
}
