import { parseJsonText } from './python/json.ts'
import { parseLiteralText } from './python/literal.ts'
import { equalityKey, isTextList, isTextObject, type TextValue } from './python/value.ts'

/** Compares two JSON values: members of objects in any order, numbers by their worth, `NaN` as itself. */
export function isSameJson(left: unknown, right: unknown): boolean {
  return isSame(left, right, (a, b) => a === b || Object.is(a, b) || isSameNumber(a, b))
}

/** Compares as Python's `==` does: `1`, `1.0` and `True` are equal. */
export function isSamePython(left: unknown, right: unknown): boolean {
  return isSame(left, right, (a, b) => a === b || isSameNumber(truthAsNumber(a), truthAsNumber(b)))
}

type Members = { readonly [key: string]: unknown }

function isSame(left: unknown, right: unknown, isSameLeaf: (left: unknown, right: unknown) => boolean): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
    return isSameLeaf(left, right)
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every(
    (key) => Object.hasOwn(right, key) && isSame((left as Members)[key], (right as Members)[key], isSameLeaf),
  )
}

/** Integers of any size and floats are compared exactly. */
function isSameNumber(left: unknown, right: unknown): boolean {
  return isNumber(left) && isNumber(right) && left <= right && left >= right
}

/** Tells whether it is an integer of any size, or a float. */
export function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function truthAsNumber(value: unknown): unknown {
  return typeof value === 'boolean' ? Number(value) : value
}

/**
 * Compares a stored text with an object in JSON as upstream does: both as ordered dictionaries, if the text is a Python
 * literal from which one can be made.
 */
export function isSameOrdered(stored: string, json: string): boolean {
  const left = orderedPairs(parseLiteralText(stored)?.value)
  const right = orderedPairs(parseJsonText(json)?.value)
  if (!left || !right || left.length !== right.length) return false
  return left.every((pair, index) => equalityKey(pair) === equalityKey(right[index] as readonly TextValue[]))
}

/** What `collections.OrderedDict(value)` holds: from a dictionary, or from a list of pairs. */
function orderedPairs(value: TextValue | undefined): readonly (readonly TextValue[])[] | undefined {
  if (value === undefined) return undefined
  if (isTextObject(value)) return [...value]
  const members = value === '' ? [] : isTextList(value) ? value.map(pairOf) : undefined
  return members?.every((member) => member !== undefined) ? members : undefined
}

function pairOf(member: TextValue): readonly TextValue[] | undefined {
  const parts = typeof member === 'string' ? [...member] : isTextList(member) ? [...member] : undefined
  return parts?.length === 2 ? parts : undefined
}
