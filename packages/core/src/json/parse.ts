import { contractError } from '../contract-errors.ts'
import type { Json } from '../contracts/values.ts'
import { maxDepth, maxDigits, narrowInteger } from './numbers.ts'

/** As the reviver of `JSON.parse`; `source` is the text of a number, boolean, string or `null`. */
export type JsonReviver = (
  this: unknown,
  key: string,
  value: unknown,
  context?: { readonly source?: string },
) => unknown

/**
 * Where an integer beyond the safe range may stand: 16 digits that follow what can precede a number. Written out, since
 * `\d{16}` is twice as slow, and this is asked of every text.
 */
const wideInteger = new RegExp(`[:[,\\s-]${'\\d'.repeat(16)}|^${'\\d'.repeat(16)}`)

/**
 * Reads JSON text. Integers beyond the safe range are `bigint`, with every digit; `NaN`, `Infinity` and `-Infinity`,
 * which Python's `json` writes by default, are these numbers, as is what no double holds (`1e400`). Of two members with
 * one name the last counts; `__proto__` is a name like any other.
 *
 * Throws `SyntaxError` for what is no JSON; `BP_VALUE_INVALID` for nesting over 256 levels and for integers of more
 * than 4,300 digits. A `reviver` is given each value as `JSON.parse` read it, and decides on integers itself.
 */
export function parseJson(text: string, reviver?: JsonReviver): Json {
  if (reviver === undefined && !wideInteger.test(text)) {
    let value: Json
    try {
      value = JSON.parse(text)
    } catch (error) {
      return parseWords(text, error)
    }
    if (mayBeDeep(text)) checkDepth(value, 0)
    return value
  }
  try {
    checkDepth(JSON.parse(text), 0)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return parseWords(text, error, reviver)
  }
  return JSON.parse(text, reviver ?? exact)
}

function exact(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  // An engine without source texts has no more to give than the double.
  const source = context?.source
  if (source === undefined || !/^-?\d+$/.test(source)) return value
  if (source.length > maxDigits) {
    const reason = `an integer of ${source.length} digits; ${maxDigits} is the most`
    throw contractError('BP_VALUE_INVALID', { details: { path: '/', reason } })
  }
  return narrowInteger(BigInt(source))
}

/** Reads JSON that holds Python's words; `error` says what is wrong where it holds none. */
function parseWords(text: string, error: unknown, reviver: JsonReviver = exact): Json {
  // A number that the text does not hold stands for NaN; what overflows stands for the infinities.
  let nan = '0e-9'
  while (text.includes(nan)) nan += '9'
  const plain = withoutWords(text, nan)
  if (plain === text) throw error
  checkDepth(JSON.parse(plain), 0)
  return JSON.parse(plain, function (
    this: unknown,
    key: string,
    value: unknown,
    context?: { readonly source?: string },
  ) {
    return context?.source === nan ? Number.NaN : reviver.call(this, key, value, context)
  } as JsonReviver)
}

/** Replaces Python's words outside of strings. */
function withoutWords(text: string, nan: string): string {
  const token = /"|(?:Infinity|NaN)(?!\d)/g
  let out = ''
  let from = 0
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === '"') {
      token.lastIndex = endOfString(text, match.index + 1)
      continue
    }
    // After these no number can begin: `1NaN` and `-NaN` are no JSON in Python either.
    const wrong = match[0] === 'NaN' ? /[\w.+-]$/ : /[\w.+]$|[\w.+-]-$/
    if (wrong.test(text.slice(Math.max(0, match.index - 2), match.index))) return text
    out += `${text.slice(from, match.index)}${match[0] === 'NaN' ? nan : '1e999'}`
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

/** Whether there are brackets enough for it to be nested too deep. */
function mayBeDeep(text: string): boolean {
  if (text.length <= 2 * maxDepth) return false
  let brackets = 0
  for (const bracket of ['[', '{']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (++brackets > maxDepth) return true
    }
  }
  return false
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth >= maxDepth) {
    const reason = `it is nested deeper than ${maxDepth} levels`
    throw contractError('BP_VALUE_INVALID', { details: { path: '/', reason } })
  }
  if (Array.isArray(value)) for (const item of value) checkDepth(item, depth + 1)
  else for (const key in value) checkDepth((value as Record<string, unknown>)[key], depth + 1)
}
