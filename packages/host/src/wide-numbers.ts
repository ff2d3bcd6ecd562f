/** Deeper values are nobody's: every boundary refuses them. */
const maxDepth = 256

/**
 * Gives a value as a validator that knows finite doubles alone can judge it, the value itself where it is one already: a
 * `bigint` as the nearest double, an infinity as the greatest, `NaN` as a fraction. Limits beyond 2^53 hold to that precision.
 */
export function asDoubles(value: unknown): unknown {
  return holdsWide(value, 0) ? doubles(value) : value
}

function holdsWide(value: unknown, depth: number): boolean {
  if (typeof value === 'bigint') return true
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || depth > maxDepth) return false
  if (Array.isArray(value)) return value.some((item) => holdsWide(item, depth + 1))
  for (const key in value) if (holdsWide((value as Record<string, unknown>)[key], depth + 1)) return true
  return false
}

function doubles(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return double(Number(value))
  if (typeof value === 'number') return double(value)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || depth > maxDepth) return value
  if (Array.isArray(value)) return value.map((item) => doubles(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, doubles(item, depth + 1)]))
}

function double(value: number): number {
  if (Number.isNaN(value)) return 0.5
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE)
}
