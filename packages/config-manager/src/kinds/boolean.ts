import { className } from '../python/names.ts'
import type { ItemKind } from './kind.ts'
import { freeText } from './text.ts'
import { verdict } from './verdict.ts'

/** `boolean`: `true` or `false`, kept in small letters. */
export const booleanKind: ItemKind = {
  ...freeText,
  accepts: (value) =>
    typeof value === 'string'
      ? verdict(/^(?:true|false)$/.test(value.toLowerCase()))
      : { fault: 'AttributeError', says: `'${className(value)}' object has no attribute 'lower'` },
  canonical: (value) => (typeof value === 'string' ? value.toLowerCase() : value),
  typed: (text) => (text === 'true' ? true : text === 'false' ? false : text),
  bound: (text) => text.toLowerCase() === 'true',
  schema: () => ({ type: 'boolean' }),
}
