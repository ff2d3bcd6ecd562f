import { LiteralSet, LiteralTuple } from './literal.ts'
import { formatFloat } from './number.ts'
import { isTextList, isTextObject, type TextValue } from './value.ts'

/** The Python class that a JSON value has upstream, as its error texts print it: `<class 'str'>`. */
export function pythonClass(value: unknown): string {
  return `<class '${className(value)}'>`
}

/** The name of the Python class that a JSON value has. */
export function className(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'str'
    case 'boolean':
      return 'bool'
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float'
    case 'object':
      return value === null ? 'NoneType' : Array.isArray(value) ? 'list' : 'dict'
    default:
      return 'NoneType'
  }
}

/** Python's `str(value)` of a JSON value, as it stands inside upstream's error texts. */
export function pythonStr(value: unknown): string {
  return typeof value === 'string' ? value : pythonRepr(value)
}

/** Python's `repr(value)` of a JSON value. */
export function pythonRepr(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return reprText(value)
    case 'boolean':
      return value ? 'True' : 'False'
    case 'number':
      return Number.isInteger(value) ? String(BigInt(value)) : formatFloat(value)
    case 'bigint':
      return String(value)
    case 'object':
      break
    default:
      return 'None'
  }
  if (value === null) return 'None'
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`
  return `{${Object.entries(value)
    .map(([key, member]) => `${reprText(key)}: ${pythonRepr(member)}`)
    .join(', ')}}`
}

/** The name of the Python class of what was read from text. */
export function textClass(value: TextValue): string {
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float'
  if (isTextObject(value)) return 'dict'
  return value instanceof LiteralTuple ? 'tuple' : value instanceof LiteralSet ? 'set' : className(value)
}

/** Python's `str(value)` of what was read from text. */
export function textStr(value: TextValue): string {
  return typeof value === 'string' ? value : textRepr(value)
}

/** Python's `repr(value)` of what was read from text. */
function textRepr(value: TextValue): string {
  if (typeof value === 'number') return formatFloat(value)
  if (isTextObject(value))
    return `{${[...value].map(([key, member]) => `${textRepr(key)}: ${textRepr(member)}`).join(', ')}}`
  if (!isTextList(value)) return pythonRepr(value)
  const members = value.map(textRepr).join(', ')
  if (value instanceof LiteralTuple) return `(${members}${value.length === 1 ? ',' : ''})`
  return value instanceof LiteralSet ? `{${members}}` : `[${members}]`
}

/** Python quotes with `'` unless the text holds one and no `"`; what is not printable is escaped. */
function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let out = quote
  for (const char of text) {
    const point = char.codePointAt(0) as number
    if (char === quote || char === '\\') out += `\\${char}`
    else if (char === '\n') out += '\\n'
    else if (char === '\r') out += '\\r'
    else if (char === '\t') out += '\\t'
    else if (char !== ' ' && /[\p{C}\p{Z}]/u.test(char)) out += escapePoint(point)
    else out += char
  }
  return out + quote
}

function escapePoint(point: number): string {
  if (point < 0x100) return `\\x${point.toString(16).padStart(2, '0')}`
  if (point < 0x10000) return `\\u${point.toString(16).padStart(4, '0')}`
  return `\\U${point.toString(16).padStart(8, '0')}`
}
