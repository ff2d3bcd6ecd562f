/** Deeper nesting is refused: nothing that people write by hand comes near it, and cycles end here. */
export const maxDepth = 256

/** Longer integers are refused in both directions: CPython reads and prints no longer ones either. */
export const maxDigits = 4300

/** An integer as values have it: a `number` within the safe range, a `bigint` beyond. */
export function narrowInteger(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

/**
 * A number's JSON text. Beyond the safe range a `number` is a float and is written as one (`1e20` as
 * `100000000000000000000.0`), so that no reader takes it for an exact integer; so is `-0`, which integers do not have.
 */
export function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return Number.isInteger(value) && !Number.isSafeInteger(value) && !text.includes('e') ? `${text}.0` : text
}

const rawJson: ((text: string) => unknown) | undefined = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON

/**
 * A replacer for `JSON.stringify`, for logs and details of errors, which hold anything and must not fail: a `bigint` as
 * its digits, `NaN` and the infinities as text. Not for values on their way: `stringifyJson` keeps those what they are.
 */
export function lenientReplacer(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return rawJson ? rawJson(String(value)) : String(value)
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
