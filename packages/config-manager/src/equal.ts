/** Compares two JSON values: members of objects in any order, as `json.dumps(sort_keys=True)` would show them. */
export function isSameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && isSameJson((left as Members)[key], (right as Members)[key]))
}

type Members = { readonly [key: string]: unknown }

/** Compares as Python's `==` does: `1`, `1.0` and `True` are equal. */
export function isSamePython(left: unknown, right: unknown): boolean {
  if (typeof left === 'boolean' && typeof right === 'number') return Number(left) === right
  if (typeof left === 'number' && typeof right === 'boolean') return left === Number(right)
  return isSameJson(left, right)
}
