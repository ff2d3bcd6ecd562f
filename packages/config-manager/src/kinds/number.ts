import { narrowInteger } from '@backplane/core/json'
import { own } from '../definition.ts'
import { isNumber } from '../equal.ts'
import { checkRange } from '../limits.ts'
import { className } from '../python/names.ts'
import { formatFloat, parseFloatText, parseInteger } from '../python/number.ts'
import type { ItemKind, Verdict } from './kind.ts'
import { limitKeyword } from './schema-limits.ts'
import { freeText } from './text.ts'
import { verdict } from './verdict.ts'

/** `integer`: of any size. */
export const integerKind: ItemKind = {
  ...freeText,
  accepts: (value, { integerText }) =>
    acceptNumber(value, 'int', (text) =>
      integerText === 'kept' ? parseInteger(text) !== undefined : /^[+-]?[0-9]+$/.test(text) && text.length <= 4300,
    ),
  canonical: (value, { integerText }) =>
    integerText === 'canonical' && typeof value === 'string' ? String(BigInt(value.replace(/^\+/, ''))) : value,
  typed: (text) => {
    const integer = parseInteger(text)
    return integer === undefined ? text : narrowInteger(integer)
  },
  bound: (text) => parseInteger(text) ?? text,
  limits: ({ item, value, where, findings, policy }) => checkRange(item, 'integer', value, where, findings, policy),
  schema: (item) => ({
    type: 'integer',
    ...limitKeyword('minimum', own(item, 'minimum'), 'integer'),
    ...limitKeyword('maximum', own(item, 'maximum'), 'integer'),
  }),
}

/** `float`: kept as Python writes it. */
export const floatKind: ItemKind = {
  ...freeText,
  accepts: (value, { nonFiniteFloats }) =>
    acceptNumber(value, 'float', (text) => {
      const number = parseFloatText(text)
      return number !== undefined && (nonFiniteFloats || Number.isFinite(number))
    }),
  canonical: (value) => formatFloat(typeof value === 'string' ? (parseFloatText(value) as number) : Number(value)),
  typed: (text) => parseFloatText(text) ?? text,
  bound: (text) => parseFloatText(text) ?? text,
  limits: ({ item, value, where, findings, policy }) => checkRange(item, 'float', value, where, findings, policy),
  schema: (item) => ({
    type: 'number',
    ...limitKeyword('minimum', own(item, 'minimum')),
    ...limitKeyword('maximum', own(item, 'maximum')),
  }),
}

/**
 * Numbers and booleans pass for numbers upstream, where `int(7.9)` and `float(True)` are fine; `None` and lists are
 * not.
 */
function acceptNumber(value: unknown, kind: 'int' | 'float', readText: (text: string) => boolean): Verdict {
  if (typeof value === 'string') return verdict(readText(value))
  if (isNumber(value) || typeof value === 'boolean') return 'accepted'
  const takes = kind === 'int' ? 'a string, a bytes-like object or a real number' : 'a string or a real number'
  return { fault: 'TypeError', says: `${kind}() argument must be ${takes}, not '${className(value)}'` }
}
