import { Buffer } from 'node:buffer'
import { coreError, type Json } from '@backplane/core'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })
const tooDeep = 200

/**
 * Gives a value as Device Connect's JSON: `Uint8Array` as base64 text, keys without a value left out.
 *
 * Throws `BP_VALUE_INVALID`, with the path, for what JSON has no form for: `NaN` and infinities (Python would send tokens
 * that no other parser takes), functions, class instances, cycles.
 */
export function encodeJson(value: unknown): string {
  return JSON.stringify(fits(value, 0) ? value : carriable(value, '', 0))
}

/** {@link encodeJson}, as UTF-8. */
export function encodeBytes(value: unknown): Uint8Array {
  return Buffer.from(encodeJson(value))
}

/**
 * Reads JSON bytes. `NaN`, `Infinity` and `-Infinity`, which Python's `json` writes by default, are read as `null`,
 * since values here are finite. Throws `SyntaxError` or `TypeError` for what is no JSON at all. `reviver` is as in
 * `JSON.parse`.
 */
export function decodeJson(bytes: Uint8Array, reviver?: (key: string, value: unknown) => unknown): Json {
  const text = strictUtf8.decode(bytes)
  try {
    return JSON.parse(text, reviver)
  } catch (error) {
    const plain = withoutNonFinite(text)
    if (plain === text) throw error
    return JSON.parse(plain, reviver)
  }
}

/** Whether it is a JSON object. */
export function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether `JSON.stringify` carries it as it is. The usual case, so it allocates nothing. */
function fits(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth > tooDeep) return false
  if (Array.isArray(value)) return value.every((item) => fits(item, depth + 1))
  if (!isPlain(value)) return false
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (item !== undefined && !fits(item, depth + 1)) return false
  }
  return true
}

/** A copy that JSON can carry; throws for the first thing that it cannot. */
function carriable(value: unknown, path: string, depth: number): unknown {
  if (fits(value, depth)) return value
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  }
  if (value === undefined && depth === 0) return null
  if (typeof value === 'number') throw unfit(path, `${value} is not a finite number`)
  if (typeof value !== 'object' || value === null) throw unfit(path, `JSON has no form for ${typeof value}`)
  if (depth > tooDeep) throw unfit(path.slice(0, 60), `it is nested more than ${tooDeep} deep, or holds itself`)
  if (Array.isArray(value)) return value.map((item, index) => carriable(item, `${path}/${index}`, depth + 1))
  if (!isPlain(value)) throw unfit(path, `a ${value.constructor?.name ?? 'class instance'} is not a plain object`)
  const copy = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => [key, carriable(item, `${path}/${key}`, depth + 1)])
  return Object.fromEntries(copy)
}

/** An object literal's likeness, of this realm or another. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

function unfit(path: string, reason: string) {
  return coreError('BP_VALUE_INVALID', { details: { path: path || '/', reason } })
}

/** Replaces Python's tokens outside strings by `null`. */
function withoutNonFinite(text: string): string {
  const token = /"|-?Infinity|NaN/g
  let out = ''
  let from = 0
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === '"') {
      token.lastIndex = endOfString(text, match.index + 1)
      continue
    }
    out += `${text.slice(from, match.index)}null`
    from = token.lastIndex
  }
  return out + text.slice(from)
}

function endOfString(text: string, from: number): number {
  for (let at = from; ; ) {
    const end = text.indexOf('"', at)
    if (end < 0) return text.length
    let back = end
    while (back > from && text[back - 1] === '\\') back--
    if ((end - back) % 2 === 0) return end + 1
    at = end + 1
  }
}
