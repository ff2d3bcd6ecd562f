import { coreError } from '@backplane/core'

/** Copies that were made here: whole and never to change, so they need no other copy. */
const made = new WeakSet<object>()

/**
 * Gives a copy of JSON values that nobody can change, nested ones included. What is kept and given out is such a copy:
 * anyone who holds one cannot change configuration by it. Throws `BP_INVALID_ARGUMENT` for what contains itself.
 */
export function frozenCopy<T>(value: T): T {
  return copy(value, new Set()) as T
}

function copy(value: unknown, within: Set<object>): unknown {
  if (typeof value !== 'object' || value === null || made.has(value)) return value
  if (within.has(value))
    throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'configuration', reason: 'it contains itself' } })
  within.add(value)
  const copied = Array.isArray(value)
    ? value.map((member) => copy(member, within))
    : Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member, within)]))
  within.delete(value)
  made.add(copied)
  return Object.freeze(copied)
}
