import type { JsonSchema } from '@backplane/core'
import { checkListOptions, checkListValue } from '../assign-lists.ts'
import { checkList } from '../define-lists.ts'
import { type Item, own } from '../definition.ts'
import { textElements, unwrapList } from '../lists.ts'
import { parseJsonText } from '../python/json.ts'
import { type Operand, operandOf } from '../rule/operand.ts'
import { jsonOf } from './json.ts'
import type { ItemKind, TypedValue } from './kind.ts'
import { limitKeyword } from './schema-limits.ts'
import { freeText } from './text.ts'

type KindOf = (type: unknown) => ItemKind

/** `list`: elements of one type. */
export function listKind(kindOf: KindOf): ItemKind {
  return {
    ...elementsKind(kindOf),
    schema: (item, itemSchema) => ({
      type: 'array',
      items: elementSchema(item, kindOf, itemSchema),
      ...size('maxItems', item),
      ...(own(item, 'items') === 'enumeration' ? {} : { uniqueItems: true }),
    }),
  }
}

/** `kvlist`: elements of one type, each with a key. */
export function keyedListKind(kindOf: KindOf): ItemKind {
  return {
    ...elementsKind(kindOf),
    schema: (item, itemSchema) => ({
      type: 'object',
      additionalProperties: elementSchema(item, kindOf, itemSchema),
      ...size('maxProperties', item),
    }),
  }
}

function elementsKind(kindOf: KindOf): ItemKind {
  return {
    ...freeText,
    typed: (text, item) => typedElements(text, item, kindOf),
    bound: boundElements,
    define: checkList,
    limits: checkListValue,
    elements: checkListOptions,
  }
}

/** Numbers are kept as text, which their type reads; other elements are as JSON has them. */
function typedElements(text: string, item: Item, kindOf: KindOf): TypedValue {
  const elements = jsonOf(unwrapList(item, text) as string)
  const type = own(item, 'items')
  if (typeof elements !== 'object' || elements === null || (type !== 'integer' && type !== 'float')) return elements
  const { typed } = kindOf(type)
  const number = (element: unknown) => (typeof element === 'string' ? typed(element, item) : element)
  if (Array.isArray(elements)) return elements.map(number)
  return Object.fromEntries(Object.entries(elements).map(([key, element]) => [key, number(element)]))
}

/** The elements of a list of numbers are kept as text, however they were given: a rule sees them so. */
function boundElements(given: string, item: Item): Operand {
  const text = unwrapList(item, given) as string
  const list = parseJsonText(text)?.value
  const isScalar = own(item, 'items') !== 'object'
  return list === undefined ? text : operandOf(isScalar ? textElements(list) : list)
}

function elementSchema(item: Item, kindOf: KindOf, itemSchema: (member: Item) => JsonSchema): JsonSchema {
  const type = own(item, 'items')
  if (type !== 'object') return kindOf(type).schema(item, itemSchema)
  const properties = Object.entries((own(item, 'properties') ?? {}) as { readonly [name: string]: Item })
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map(([name, property]) => [name, itemSchema(property)])),
  }
}

function size(keyword: string, item: Item): JsonSchema {
  const found = limitKeyword(keyword, own(item, 'listSize'))
  return Number(found[keyword]) >= 0 ? found : {}
}
