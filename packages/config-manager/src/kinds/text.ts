import { stringifyJson } from '@backplane/core/json'
import { fault, refuse } from '../assignment.ts'
import { checkText } from '../define-parts.ts'
import { own } from '../definition.ts'
import { checkLength } from '../limits.ts'
import { strip } from '../python/text.ts'
import type { ItemKind } from './kind.ts'
import { limitKeyword } from './schema-limits.ts'
import { verdict } from './verdict.ts'

/** A text without a form of its own: upstream takes whatever is there. */
export const freeText: ItemKind = {
  accepts: () => 'accepted',
  canonical: (value) => value,
  typed: (text) => text,
  text: textOf,
  bound: (text) => text,
  define: (draft, property, value) => property === 'permissions' || checkText(draft, property, value),
  givenAsObject: (assignment) => refuse(assignment, 'value-text'),
  filled: (assignment) => {
    const { value } = assignment
    if (typeof value !== 'string') return fault(assignment, 'value-text', 'AttributeError')
    return strip(value) !== '' || refuse(assignment, 'value-blank')
  },
  option: () => true,
  limits: () => true,
  elements: () => true,
  matches: () => true,
  schema: () => ({ type: 'string' }),
  widget: undefined,
}

/** `northTask`: a text, and nothing else. */
export const taskKind: ItemKind = {
  ...freeText,
  accepts: (value) => verdict(typeof value === 'string'),
  widget: 'northTask',
}

/** `string`: a text of a greatest length. */
export const stringKind: ItemKind = {
  ...taskKind,
  limits: ({ item, value, where, findings }) => checkLength(item, value as string, where, findings),
  schema: (item) => ({
    type: 'string',
    ...limitKeyword('maxLength', own(item, 'length')),
    ...(own(item, 'mandatory') === 'true' ? { minLength: 1 } : {}),
  }),
  widget: undefined,
}

/** `ACL`: the name of an access control list. */
export const aclKind: ItemKind = { ...freeText, widget: 'acl' }

/** `X509 certificate`: a certificate in PEM form. */
export const certificateKind: ItemKind = {
  ...freeText,
  schema: () => ({ type: 'string', contentMediaType: 'application/x-pem-file' }),
  widget: 'code',
}

/** `code`: source code that stays text. */
export const codeKind: ItemKind = {
  ...freeText,
  schema: () => ({ type: 'string', contentMediaType: 'text/plain' }),
  widget: 'code',
}

/** `password`: a text that is kept apart from configuration. */
export const passwordKind: ItemKind = {
  ...freeText,
  schema: () => ({ type: 'string', format: 'password', writeOnly: true }),
  widget: 'password',
}

/**
 * Gives the text of a typed value; what has none (functions, `undefined`) passes as it is, for the checks to refuse.
 */
export function textOf(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return typeof value === 'object' && value !== null ? jsonText(value) : value
}

/** The JSON text of an object, or `undefined` where it has none: it contains itself, or what is no plain data. */
function jsonText(value: object): string | undefined {
  try {
    return stringifyJson(value)
  } catch {
    return undefined
  }
}
