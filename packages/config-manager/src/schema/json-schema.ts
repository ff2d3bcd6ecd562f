import type { JsonSchema } from '@backplane/core'
import { type Item, type ItemDefinitions, own } from '../definition.ts'
import { kindOf } from '../kinds/item-kinds.ts'
import { typedValue } from '../typed.ts'

/**
 * Gives the JSON Schema (2020-12) of a category's values, typed as plugins see them: for forms, editors and checks
 * before a change is sent. The manager's own checks stay the judge; `rule` and `validity` have no place in a schema and
 * stand in `x-fledge-rule` and `x-fledge-validity`.
 *
 * @param items - definitions, or what `ConfigManager.items` gives
 */
export function jsonSchemaOf(items: ItemDefinitions | { readonly [item: string]: Item }): JsonSchema {
  const entries = Object.entries(items as { readonly [item: string]: Item })
  const required = entries
    .filter(([, item]) => own(item, 'mandatory') === 'true' && own(item, 'validity') === undefined)
    .map(([name]) => name)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, item]) => [name, itemSchema(item)])),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  }
}

/** Gives the JSON Schema of one item's value. */
export function itemSchema(item: Item): JsonSchema {
  return {
    ...kindOf(own(item, 'type')).schema(item, itemSchema),
    ...text('title', own(item, 'displayName')),
    ...text('description', own(item, 'description')),
    ...(own(item, 'type') === 'password' ? {} : { default: typedValue({ ...item, value: own(item, 'default') }) }),
    ...(own(item, 'readonly') === 'true' ? { readOnly: true } : {}),
    ...(own(item, 'deprecated') === 'true' ? { deprecated: true } : {}),
    ...text('x-fledge-rule', own(item, 'rule')),
    ...text('x-fledge-validity', own(item, 'validity')),
  }
}

function text(keyword: string, value: unknown): JsonSchema {
  return typeof value === 'string' && value !== '' ? { [keyword]: value } : {}
}
