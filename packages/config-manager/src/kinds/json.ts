import type { JsonSchema } from '@backplane/core'
import { parseJson } from '@backplane/core/json'
import { fault, refuse } from '../assignment.ts'
import { isPlainItem, own } from '../definition.ts'
import type { ItemDraft } from '../item-draft.ts'
import { parseJsonText } from '../python/json.ts'
import { type Operand, operandOf } from '../rule/operand.ts'
import { checkSchema } from '../schema-check.ts'
import type { ItemKind, TypedValue } from './kind.ts'
import { freeText, textOf } from './text.ts'
import { verdict } from './verdict.ts'

/** `JSON`: JSON text, or an object. */
export const jsonKind: ItemKind = {
  ...freeText,
  accepts: (value) => verdict(typeof value === 'string' ? parseJsonText(value) !== undefined : isPlainItem(value)),
  typed: jsonOf,
  text: (value) => (value === null ? 'null' : textOf(value)),
  bound: jsonOperand,
  define: defineJson,
  givenAsObject: (assignment) => isPlainItem(assignment.value) || refuse(assignment, 'value-text-json'),
  filled: (assignment) => {
    const { value } = assignment
    const size = typeof value === 'string' ? value.length : isPlainItem(value) ? Object.keys(value).length : undefined
    if (size === undefined) return fault(assignment, 'value-text-json', 'TypeError')
    return size > 0 || refuse(assignment, 'value-blank-json')
  },
  matches: checkSchema,
  schema: (item) => (own(item, 'schema') as JsonSchema | undefined) ?? {},
  widget: 'json',
}

/** Gives what JSON text stands for; the text itself where it is none. */
export function jsonOf(text: string): TypedValue {
  try {
    return parseJson(text)
  } catch {
    return text
  }
}

/** Gives what JSON text stands for in a rule; the text itself where it is none. */
export function jsonOperand(text: string): Operand {
  const value = parseJsonText(text)?.value
  return value === undefined ? text : operandOf(value)
}

function defineJson(draft: ItemDraft, property: string, value: unknown): boolean {
  const { context, where, given } = draft
  if (!Object.hasOwn(given, 'schema')) return true
  const schema = own(given, 'schema')
  const at = { ...where, property: 'schema', received: schema }
  // Upstream names the class of whatever property it is at.
  if (!isPlainItem(schema)) return context.findings.add('schema-object', { ...at, received: value })
  if (Object.keys(schema).length === 0) return context.findings.add('schema-empty', at)
  // Upstream's bookkeeping takes every property of a JSON item with a schema for a known one, so unknown ones are kept.
  draft.known.add(context.policy.enforcesAll ? 'schema' : property)
  return true
}
