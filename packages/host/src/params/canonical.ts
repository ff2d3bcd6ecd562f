import type { Budget } from './budget.ts'

/** The one text of a JSON value: equal values have equal texts, whatever the order of their keys. */
export function canonical(value: unknown, budget: Budget): string {
  budget.spend(2)
  if (typeof value === 'string') {
    budget.spend(value.length / 8)
    return JSON.stringify(value)
  }
  if (typeof value === 'number' && Number.isInteger(value)) return String(BigInt(value))
  if (typeof value !== 'object' || value === null) return String(value)
  if (ArrayBuffer.isView(value)) {
    budget.spend(value.byteLength / 16)
    return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}`
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, budget)).join()}]`
  budget.keys(value, 2)
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${canonical(key, budget)}:${canonical((value as Record<string, unknown>)[key], budget)}`)
  return `{${entries.join()}}`
}

/** The first two places of a list that hold equal values, the later one first. */
export function duplicates(list: readonly unknown[], budget: Budget): { i: number; j: number } | undefined {
  const places = new Map<string, number>()
  for (let i = 0; i < list.length; i++) {
    const text = canonical(list[i], budget)
    const j = places.get(text)
    if (j !== undefined) return { i, j }
    places.set(text, i)
  }
  return undefined
}

/** How many code points a text has: what JSON Schema calls its length. */
export function lengthOf(text: string, budget: Budget): number {
  budget.spend(text.length / 16)
  let length = text.length
  // A pair of surrogates is one code point.
  for (const _ of text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)) length--
  return length
}
