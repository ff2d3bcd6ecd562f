/**
 * What CPython's `str.strip()` takes for white space, as character codes; `String.trim` differs (it knows U+FEFF, and
 * not U+001C to U+001F or U+0085).
 */
const spaces: ReadonlySet<number> = new Set([
  0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003,
  0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
])

/** Removes white space at both ends as CPython does. */
export function strip(text: string): string {
  return stripWhere(text, (code) => spaces.has(code))
}

function stripWhere(text: string, isSpace: (code: number) => boolean): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/**
 * Removes white space as CPython's number parsers do: they leave U+001C to U+001F in place, which `str.strip()` takes.
 */
export function stripNumber(text: string): string {
  return stripWhere(text, (code) => spaces.has(code) && !(code >= 0x1c && code <= 0x1f))
}

/** Length in code points, as CPython counts it. */
export function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

const decimalDigit = /\p{Nd}/u

/**
 * Rewrites the decimal digits of every script as ASCII, since CPython's number parsers take them all. Unicode lays each
 * script's ten digits out in one run, so a digit's value is its distance from the start of its run, modulo ten.
 */
export function asciiDigits(text: string): string {
  let out = ''
  for (const char of text) {
    out += char > '\x7f' && decimalDigit.test(char) ? String(digitValue(char.codePointAt(0) as number)) : char
  }
  return out
}

function digitValue(point: number): number {
  let start = point
  while (decimalDigit.test(String.fromCodePoint(start - 1))) start--
  return (point - start) % 10
}
