import { coreError, type Value } from '@backplane/core'

/** Deeper nesting is refused: nothing that people write by hand comes near it, and cycles end here. */
const maxDepth = 256

/** Checks that a value can be carried (JSON plus `Uint8Array`); nothing counts as `null`. Throws `BP_VALUE_INVALID` with its path. */
export function carried(value: unknown): Value {
  if (value === undefined) return null
  check(value, [])
  return value as Value
}

function check(value: unknown, path: (string | number)[]): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return
    case 'number':
      if (!Number.isFinite(value)) throw invalid(path, `${value} is not a finite number`)
      return
    case 'object':
      break
    default:
      throw invalid(path, `it is a ${typeof value}`)
  }
  if (value === null || value instanceof Uint8Array) return
  if (path.length > maxDepth) throw invalid(path, `it is nested deeper than ${maxDepth} levels, or contains itself`)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) checkAt(value[index], path, index)
    return
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object of another realm (a vm context) has another Object.prototype, whose own prototype is null all the same.
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
    throw invalid(path, `it is an instance of ${value.constructor?.name || 'a class'}, not plain data`)
  }
  for (const key of Object.keys(value)) checkAt((value as Record<string, unknown>)[key], path, key)
}

function checkAt(value: unknown, path: (string | number)[], key: string | number): void {
  path.push(key)
  check(value, path)
  path.pop()
}

function invalid(path: readonly (string | number)[], reason: string) {
  const where = path.length > 8 ? [...path.slice(0, 8), '...'] : path
  return coreError('BP_VALUE_INVALID', { details: { path: `/${where.join('/')}`, reason } })
}
