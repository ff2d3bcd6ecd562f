import { contractError } from '../contract-errors.ts'
import type { Value } from '../contracts/values.ts'
import { maxDepth, narrowInteger } from '../json/numbers.ts'

/**
 * Checks that a value can be carried (JSON, `bigint` and `Uint8Array`) and gives a copy that shares nothing with it;
 * nothing counts as `null`, a `bigint` within the safe range as a `number`. Throws `BP_VALUE_INVALID` with its path.
 *
 * The copy matters on both sides: in process nobody may change what another holds, and a thread clones the whole memory
 * behind a view (Node's `Buffer` pool, with what others left in it).
 */
export function carried<T extends Value>(value: T): T
export function carried(value: unknown): Value
export function carried(value: unknown): Value {
  return value === undefined ? null : copy(value, [])
}

type Path = (string | number)[]

function copy(value: unknown, path: Path): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return value
    case 'bigint':
      return narrowInteger(value)
    case 'object':
      break
    default:
      throw invalid(path, `it is a ${typeof value}`)
  }
  if (value === null) return null
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (path.length > maxDepth) throw invalid(path, `it is nested deeper than ${maxDepth} levels, or contains itself`)
  if (Array.isArray(value)) return copyList(value, path)
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object of another realm (a vm context) has another Object.prototype, whose own prototype is null all the same.
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
    throw invalid(path, `it is an instance of ${value.constructor?.name || 'a class'}, not plain data`)
  }
  return copyObject(value as Record<string, unknown>, path)
}

function copyList(list: readonly unknown[], path: Path): Value[] {
  const copies: Value[] = []
  for (let index = 0; index < list.length; index++) {
    path.push(index)
    // JSON's rule: a list keeps its length.
    copies.push(list[index] === undefined ? null : copy(list[index], path))
    path.pop()
  }
  return copies
}

function copyObject(object: Record<string, unknown>, path: Path): Value {
  const copies: Record<string, Value> = {}
  for (const key of Object.keys(object)) {
    const value = object[key]
    if (value === undefined) continue
    path.push(key)
    const copied = copy(value, path)
    path.pop()
    // Assigning that name would change what the copy inherits from.
    if (key === '__proto__')
      Object.defineProperty(copies, key, { value: copied, enumerable: true, writable: true, configurable: true })
    else copies[key] = copied
  }
  return copies
}

function invalid(path: readonly (string | number)[], reason: string) {
  const where = path.length > 8 ? [...path.slice(0, 8), '...'] : path
  return contractError('BP_VALUE_INVALID', { details: { path: `/${where.join('/')}`, reason } })
}
