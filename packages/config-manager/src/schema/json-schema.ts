import type { JsonSchema } from '@backplane/core'
import { narrowInteger } from '@backplane/core/json'
import { type Item, type ItemDefinitions, own } from '../definition.ts'
import { readNumber, UnreadableNumber } from '../limits.ts'
import { typedValue } from '../typed.ts'

const formats: Readonly<Record<string, JsonSchema>> = {
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  float: { type: 'number' },
  string: { type: 'string' },
  northTask: { type: 'string' },
  ACL: { type: 'string' },
  password: { type: 'string', format: 'password', writeOnly: true },
  IPv4: { type: 'string', format: 'ipv4' },
  IPv6: { type: 'string', format: 'ipv6' },
  URL: { type: 'string', format: 'uri' },
  'X509 certificate': { type: 'string', contentMediaType: 'application/x-pem-file' },
  script: { type: 'string', contentMediaType: 'text/x-python' },
  code: { type: 'string', contentMediaType: 'text/plain' },
  bucket: { type: 'object' },
}

/**
 * Gives the JSON Schema (2020-12) of a category's values, typed as plugins see them: for forms, editors and checks before a
 * change is sent. The manager's own checks stay the judge; `rule` and `validity` have no place in a schema and stand in
 * `x-fledge-rule` and `x-fledge-validity`.
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
    ...valueSchema(item),
    ...text('title', own(item, 'displayName')),
    ...text('description', own(item, 'description')),
    ...(own(item, 'type') === 'password' ? {} : { default: typedValue({ ...item, value: own(item, 'default') }) }),
    ...(own(item, 'readonly') === 'true' ? { readOnly: true } : {}),
    ...(own(item, 'deprecated') === 'true' ? { deprecated: true } : {}),
    ...text('x-fledge-rule', own(item, 'rule')),
    ...text('x-fledge-validity', own(item, 'validity')),
  }
}

function valueSchema(item: Item): JsonSchema {
  const type = String(own(item, 'type'))
  switch (type) {
    case 'enumeration':
      return { enum: own(item, 'options') }
    case 'JSON':
      return (own(item, 'schema') as JsonSchema | undefined) ?? {}
    case 'list':
      return {
        type: 'array',
        items: elementSchema(item),
        ...size('maxItems', item),
        ...(own(item, 'items') === 'enumeration' ? {} : { uniqueItems: true }),
      }
    case 'kvlist':
      return { type: 'object', additionalProperties: elementSchema(item), ...size('maxProperties', item) }
    default:
      return { ...formats[type], ...limits(item, type) }
  }
}

function elementSchema(item: Item): JsonSchema {
  const type = String(own(item, 'items'))
  if (type === 'enumeration') return { enum: own(item, 'options') }
  if (type !== 'object') return { ...formats[type], ...limits(item, type) }
  const properties = Object.entries((own(item, 'properties') ?? {}) as { readonly [name: string]: Item })
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map(([name, property]) => [name, itemSchema(property)])),
  }
}

function limits(item: Item, type: string): JsonSchema {
  if (type === 'string')
    return {
      ...limit('maxLength', own(item, 'length')),
      ...(own(item, 'mandatory') === 'true' ? { minLength: 1 } : {}),
    }
  if (type !== 'integer' && type !== 'float') return {}
  return { ...limit('minimum', own(item, 'minimum'), type), ...limit('maximum', own(item, 'maximum'), type) }
}

function size(keyword: string, item: Item): JsonSchema {
  const found = limit(keyword, own(item, 'listSize'))
  return Number(found[keyword]) >= 0 ? found : {}
}

/** A blank or unreadable limit is none. */
function limit(keyword: string, value: unknown, type: 'integer' | 'float' = 'float'): JsonSchema {
  if (value === undefined) return {}
  try {
    const float = readNumber(value, 'float') as number
    if (!Number.isFinite(float)) return {}
    const isWhole = type === 'integer' && Number.isInteger(float)
    return { [keyword]: isWhole ? narrowInteger(readNumber(value, type) as bigint) : float }
  } catch (error) {
    if (error instanceof UnreadableNumber) return {}
    throw error
  }
}

function text(keyword: string, value: unknown): JsonSchema {
  return typeof value === 'string' && value !== '' ? { [keyword]: value } : {}
}
