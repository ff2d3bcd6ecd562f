import { formatFloat } from './number.ts'

/**
 * A value read from JSON or Python literal text without losing what JavaScript's own numbers lose: integers are
 * `bigint`, so `number` always is a float; objects are `Map`s, so that order and odd keys survive.
 */
export type TextValue = string | bigint | number | boolean | null | readonly TextValue[] | TextObject

/** An object read from text, in the order of its keys; a repeated key keeps its first place and its last value. */
export type TextObject = ReadonlyMap<TextValue, TextValue>

/** Tells whether a value is an object read from text. */
export function isTextObject(value: TextValue): value is TextObject {
  return value instanceof Map
}

/** Tells whether a value is a list read from text. */
export function isTextList(value: TextValue): value is readonly TextValue[] {
  return Array.isArray(value)
}

/** `json.dumps(value)`: separators `", "` and `": "`, everything but ASCII escaped, `NaN` and `Infinity` as words. */
export function dumpText(value: TextValue, separators: readonly [string, string] = [', ', ': ']): string {
  if (typeof value === 'string') return quoteAscii(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? formatFloat(value) : nonFinite(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isTextList(value)) return `[${value.map((member) => dumpText(member, separators)).join(separators[0])}]`
  return `{${[...value].map(([key, member]) => dumpText(keyText(key)) + separators[1] + dumpText(member, separators)).join(separators[0])}}`
}

function nonFinite(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

function keyText(key: TextValue): string {
  return typeof key === 'string' ? key : dumpText(key)
}

function quoteAscii(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * A text that two values share exactly when Python takes them for equal: `1`, `1.0` and `True` are, and the order of
 * an object's keys does not count.
 */
export function equalityKey(value: TextValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'number') return Number.isInteger(value) ? String(BigInt(value)) : formatFloat(value)
  if (value === null || typeof value === 'bigint') return String(value)
  if (isTextList(value)) return `[${value.map(equalityKey).join(',')}]`
  const members = [...value].map(([key, member]) => `${equalityKey(key)}:${equalityKey(member)}`)
  return `{${members.sort().join(',')}}`
}
