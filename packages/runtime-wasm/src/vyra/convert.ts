import { narrowInteger, parseJson, stringifyJson } from '@backplane/core/json'
import { wasmError } from '../errors.ts'
import type { VyraArgument } from './metadata.ts'

/** How arguments are taken. */
export interface Conversion {
  readonly function: string
  /** Refuses what does not fit its type, instead of wrapping, cutting and filling it. */
  readonly strict: boolean
}

/**
 * Turns a value into a number of WebAssembly, as VYRA's runtime does: what is missing is 0, text with a whole number
 * counts, fractions are cut off, true is 1, and integers wrap to their width. Throws `BP_WASM_ARGUMENT`.
 */
export function toNumber(value: unknown, { name, type }: VyraArgument, how: Conversion): number | bigint {
  const refuse = (reason: string) =>
    wasmError('BP_WASM_ARGUMENT', { details: { function: how.function, name, type, reason } })
  if (type === 'f32' || type === 'f64') return toFloat(value, how.strict, refuse)
  const whole = toInteger(value, how.strict, refuse)
  const width = type === 'i64' ? 64 : 32
  const wrapped = BigInt.asIntN(width, whole)
  // A u32 of a strict caller fits as well.
  if (how.strict && wrapped !== whole && BigInt.asUintN(width, whole) !== whole)
    throw refuse(`it does not fit ${width} bits`)
  return type === 'i64' ? wrapped : Number(wrapped)
}

function toInteger(value: unknown, strict: boolean, refuse: (reason: string) => Error): bigint {
  if (typeof value === 'bigint') return value
  if (strict) {
    if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
    throw refuse('it must be a whole number')
  }
  if (value === undefined) return 0n
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw refuse(`${value} is no whole number`)
    return BigInt(Math.trunc(value))
  }
  // Python's int(): blanks around it and underscores within are taken, a point is not.
  if (typeof value === 'string' && /^\s*[+-]?\d+(_\d+)*\s*$/.test(value)) {
    const digits = value.trim().replaceAll('_', '')
    return digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits.replace('+', ''))
  }
  throw refuse(value === null ? 'null is no number' : `${typeof value} that is no whole number`)
}

function toFloat(value: unknown, strict: boolean, refuse: (reason: string) => Error): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  if (strict) throw refuse('it must be a number')
  if (value === undefined) return 0
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value)
  throw refuse(value === null ? 'null is no number' : `${typeof value} that is no number`)
}

/** A result as a value: i64 as a number where that is exact, else as a `bigint`. */
export function fromNumber(value: unknown): unknown {
  return typeof value === 'bigint' ? narrowInteger(value) : value
}

/**
 * Writes data that crosses into a thread or a guest: JSON, with every digit of an integer; bytes and what is not finite
 * are marked, `{"@bytes": "AQ=="}` and `{"@number": "NaN"}`.
 */
export function pack(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(packText(value))
}

/** The same as text. */
export function packText(value: unknown): string {
  return JSON.stringify(value, replacer) ?? 'null'
}

/** Reads what {@link pack} wrote. */
export function unpack(bytes: Uint8Array | string): unknown {
  const text = typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)
  return text === '' ? undefined : restore(parseJson(text))
}

// A Buffer would be an object of its own by the time that its value arrives.
function replacer(this: Record<string, unknown>, key: string): unknown {
  return mark(this[key])
}

const marked = /^@+(bytes|number)$/
// TypeScript does not know of it yet.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }

function mark(item: unknown): unknown {
  if (typeof item === 'bigint') return rawJSON(stringifyJson(item))
  if (typeof item === 'number') return markNumber(item)
  if (item instanceof Uint8Array) return { '@bytes': Buffer.from(item).toString('base64') }
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
  const keys = Object.keys(item)
  // What looks like a mark gets another sign in front, which is taken off again.
  if (keys.length === 1 && marked.test(keys[0] as string)) {
    return { [`@${keys[0]}`]: (item as Record<string, unknown>)[keys[0] as string] }
  }
  return item
}

function markNumber(number: number): unknown {
  if (!Number.isFinite(number)) return { '@number': String(number) }
  // Neither -0 nor a float beyond 2^53 may come back as an integer.
  return Number.isInteger(number) && (number === 0 || !Number.isSafeInteger(number))
    ? rawJSON(stringifyJson(number))
    : number
}

function restore(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(restore)
  const entries = Object.entries(value)
  if (entries.length === 1) {
    const [key, inner] = entries[0] as [string, unknown]
    if (key === '@bytes') return new Uint8Array(Buffer.from(String(inner), 'base64'))
    if (key === '@number') return Number(inner)
    if (marked.test(key)) return { [key.slice(1)]: restore(inner) }
  }
  const made: Record<string, unknown> = {}
  for (const [key, inner] of entries) {
    const item = restore(inner)
    if (key === '__proto__')
      Object.defineProperty(made, key, { value: item, enumerable: true, configurable: true, writable: true })
    else made[key] = item
  }
  return made
}
