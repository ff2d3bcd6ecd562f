import { contractError } from '../contract-errors.ts'
import type { Value } from '../contracts/values.ts'
import { maxDepth, narrowInteger } from '../json/numbers.ts'

/** Copies what functions and events may carry, so that nothing is shared by reference. Throws `BP_VALUE_INVALID`. */
export function copyValue<T extends Value | undefined>(value: T): T {
  return copy(value, []) as T
}

function copy(value: unknown, path: readonly (string | number)[]): Value | undefined {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return narrowInteger(value)
  if (typeof value !== 'object') throw invalid(path, `it is a ${typeof value}`)
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (path.length >= maxDepth) throw invalid(path, `it is nested deeper than ${maxDepth} levels, or contains itself`)
  // As JSON does: what is missing from a list is null, what is missing from an object is not there.
  if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, index]) ?? null)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype)
    throw invalid(path, `it is an instance of ${value.constructor?.name || 'a class'}, not plain data`)
  const copied: { [key: string]: Value } = {}
  for (const [key, item] of Object.entries(value)) {
    const own = copy(item, [...path, key])
    // Defined, not assigned: `__proto__` is a name like any other here.
    if (own !== undefined)
      Object.defineProperty(copied, key, { value: own, enumerable: true, writable: true, configurable: true })
  }
  return copied
}

function invalid(path: readonly (string | number)[], reason: string) {
  const where = path.length > 8 ? [...path.slice(0, 8), '...'] : path
  return contractError('BP_VALUE_INVALID', { details: { path: `/${where.join('/')}`, reason } })
}
