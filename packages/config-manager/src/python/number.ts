import { asciiDigits, stripNumber } from './text.ts'

/** More digits than this and CPython's `int()` refuses (`sys.set_int_max_str_digits`). */
const maxDigits = 4300

const integerText = /^([+-]?)(\d+(?:_\d+)*)$/
const floatText = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i
const floatWord = /^([+-]?)(?:(inf|infinity)|nan)$/i

/** CPython's `int(text)`: `undefined` where it raises ValueError. */
export function parseInteger(text: string): bigint | undefined {
  if (/^\d{1,15}$/.test(text)) return BigInt(text)
  const match = integerText.exec(asciiDigits(stripNumber(text)))
  if (!match) return undefined
  const digits = (match[2] as string).replaceAll('_', '')
  if (digits.length > maxDigits) return undefined
  const magnitude = BigInt(digits)
  return match[1] === '-' ? -magnitude : magnitude
}

/** CPython's `float(text)`: `undefined` where it raises ValueError. */
export function parseFloatText(text: string): number | undefined {
  const plain = asciiDigits(stripNumber(text))
  const word = floatWord.exec(plain)
  if (word) return word[2] ? (word[1] === '-' ? -Infinity : Infinity) : Number.NaN
  return floatText.test(plain) ? Number(plain.replaceAll('_', '')) : undefined
}

/**
 * CPython's `repr(float)`: the shortest digits that round-trip, fixed notation for exponents from -4 to 15, at least
 * one decimal, and exponents of at least two digits.
 */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (value === Infinity) return 'inf'
  if (value === -Infinity) return '-inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa, power] = Math.abs(value).toExponential().split('e') as [string, string]
  const exponent = Number(power)
  const digits = mantissa.replace('.', '')
  if (exponent < -4 || exponent >= 16) {
    const padded = String(Math.abs(exponent)).padStart(2, '0')
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${padded}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}
