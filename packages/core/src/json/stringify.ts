import { contractError } from '../contract-errors.ts'
import { base64 } from './base64.ts'
import { maxDepth, maxDigits, numberText } from './numbers.ts'

/** How {@link stringifyJson} writes what JSON has no form for. */
export interface StringifyOptions {
  /** Gives the JSON text of bytes. @default a string of base64 */
  readonly bytes?: (bytes: Uint8Array) => string
  /**
   * What stands for `NaN` and the infinities: their words, as Python's `json` writes and reads them, or `null`, for
   * readers that take nothing but strict JSON.
   * @default 'words'
   */
  readonly nonFinite?: 'words' | 'null'
  /** How many blanks each level is set in, on lines of its own. @default 0, all in one line */
  readonly space?: number
}

/**
 * Gives a value as JSON text: a `bigint` as its digits, `NaN`, `Infinity` and `-Infinity` as these words, bytes as
 * base64 text. What is missing is left out of objects, and `null` in lists.
 *
 * Throws `BP_VALUE_INVALID`, with the path, for what JSON has no form for: functions, symbols, class instances,
 * nesting over 256 levels, cycles, integers of more than 4,300 digits.
 */
export function stringifyJson(value: unknown, options: StringifyOptions = {}): string {
  return isPlain(value, 0) ? JSON.stringify(value, null, options.space) : write(value, '', 0, options)
}

/** Whether `JSON.stringify` writes it as it is. The usual case, so it allocates nothing. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return isPlainNumber(value)
  if (typeof value !== 'object' || depth >= maxDepth) return false
  if (Array.isArray(value)) {
    for (const item of value) if (item !== undefined && !isPlain(item, depth + 1)) return false
    return true
  }
  if (!isPlainObject(value)) return false
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (item !== undefined && !isPlain(item, depth + 1)) return false
  }
  return true
}

function isPlainNumber(value: number): boolean {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER && (value !== 0 || 1 / value > 0)
}

function write(value: unknown, path: string, depth: number, options: StringifyOptions): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'number':
      return Number.isFinite(value) || options.nonFinite !== 'null' ? numberText(value) : 'null'
    case 'bigint':
      return integerText(value, path)
    case 'undefined':
      return 'null'
    case 'object':
      break
    default:
      throw invalid(path, `JSON has no form for ${typeof value}`)
  }
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return options.bytes ? options.bytes(value) : `"${base64(value)}"`
  if (depth >= maxDepth) throw invalid(path, `it is nested deeper than ${maxDepth} levels, or contains itself`)
  if (Array.isArray(value))
    return enclosed(
      '[]',
      Array.from(value, (item, index) => write(item, `${path}/${index}`, depth + 1, options)),
      depth,
      options,
    )
  if (!isPlainObject(value)) throw invalid(path, `it is an instance of ${nameOf(value)}, not plain data`)
  const gap = options.space ? ' ' : ''
  const members = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${JSON.stringify(key)}:${gap}${write(item, `${path}/${key}`, depth + 1, options)}`)
  return enclosed('{}', members, depth, options)
}

function enclosed(
  brackets: string,
  members: readonly string[],
  depth: number,
  { space = 0 }: StringifyOptions,
): string {
  const [open, close] = brackets
  if (space === 0 || members.length === 0) return `${open}${members.join(',')}${close}`
  const line = (level: number) => `\n${' '.repeat(space * level)}`
  return `${open}${line(depth + 1)}${members.join(`,${line(depth + 1)}`)}${line(depth)}${close}`
}

function integerText(value: bigint, path: string): string {
  const text = String(value)
  if (text.length <= maxDigits) return text
  throw invalid(path, `an integer of ${text.length} digits; ${maxDigits} is the most`)
}

/** An object literal's likeness, of this realm or another: its prototype has none itself. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

function nameOf(value: object): string {
  return value.constructor?.name || 'a class'
}

function invalid(path: string, reason: string) {
  const steps = path.split('/')
  const where = steps.length > 9 ? `${steps.slice(0, 9).join('/')}/...` : path
  return contractError('BP_VALUE_INVALID', { details: { path: where || '/', reason } })
}
