import type { JsonSchema } from '@backplane/core'
import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'

const wellKnown: Readonly<Record<string, JsonSchema>> = {
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
  'google.protobuf.Duration': { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]{1,9})?s$' },
  'google.protobuf.FieldMask': { type: 'string' },
  'google.protobuf.Empty': { type: 'object', maxProperties: 0 },
  'google.protobuf.Struct': { type: 'object' },
  'google.protobuf.ListValue': { type: 'array' },
  'google.protobuf.Value': {},
  'google.protobuf.Any': {
    type: 'object',
    properties: { '@type': { type: 'string' } },
    required: ['@type'],
  },
}

/** What a schema is for. */
export type SchemaUse = 'parameters' | 'result'

/** What the schemas of one message share. */
interface Making {
  readonly definitions: Map<string, JsonSchema>
  /** Messages that are being described. */
  readonly open: Set<string>
  readonly use: SchemaUse
}

const wrapper = /^google\.protobuf\.(Double|Float|Int64|UInt64|Int32|UInt32|Bool|String|Bytes)Value$/

/**
 * Makes the JSON Schema of a message, in the JSON mapping of protobuf: names in lower camel case, bytes as base64, enum
 * values by name. Numbers are numbers, whatever their width; in parameters the texts of protobuf's JSON stand for them
 * too.
 */
export function schemaOf(message: DescMessage, use: SchemaUse): JsonSchema {
  const known = knownSchema(message, use)
  if (known) return known
  const definitions = new Map<string, JsonSchema>()
  const open = new Set<string>([message.typeName])
  const body = objectSchema(message, { definitions, open, use })
  // A message that holds itself is referred to; the root then stands among the definitions too.
  if (definitions.has(message.typeName)) definitions.set(message.typeName, body)
  return definitions.size === 0 ? body : { ...body, $defs: Object.fromEntries(definitions) }
}

function objectSchema(message: DescMessage, making: Making): JsonSchema {
  const properties: Record<string, JsonSchema> = {}
  const required: string[] = []
  for (const field of message.fields) {
    properties[field.jsonName] = fieldSchema(field, making)
    // Only proto2 can require a field.
    if (field.presence === 3) required.push(field.jsonName)
  }
  return { type: 'object', properties, ...(required.length > 0 && { required }) }
}

function fieldSchema(field: DescField, making: Making): JsonSchema {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarSchema(field.scalar, making.use)
    case 'enum':
      return enumSchema(field.enum)
    case 'message':
      return messageSchema(field.message, making)
    case 'list':
      return {
        type: 'array',
        items:
          field.listKind === 'scalar'
            ? scalarSchema(field.scalar, making.use)
            : field.listKind === 'enum'
              ? enumSchema(field.enum)
              : messageSchema(field.message, making),
      }
    case 'map':
      return {
        type: 'object',
        additionalProperties:
          field.mapKind === 'scalar'
            ? scalarSchema(field.scalar, making.use)
            : field.mapKind === 'enum'
              ? enumSchema(field.enum)
              : messageSchema(field.message, making),
      }
  }
}

function messageSchema(message: DescMessage, making: Making): JsonSchema {
  const { definitions, open, use } = making
  const known = knownSchema(message, use)
  if (known) return known
  const reference = { $ref: `#/$defs/${message.typeName}` }
  if (definitions.has(message.typeName)) return reference
  if (open.has(message.typeName)) {
    definitions.set(message.typeName, {})
    return reference
  }
  open.add(message.typeName)
  definitions.set(message.typeName, {})
  definitions.set(message.typeName, objectSchema(message, making))
  open.delete(message.typeName)
  return reference
}

function knownSchema(message: DescMessage, use: SchemaUse): JsonSchema | undefined {
  if (wrapper.test(message.typeName)) {
    const value = message.fields[0]
    return value?.fieldKind === 'scalar' ? { anyOf: [scalarSchema(value.scalar, use), { type: 'null' }] } : undefined
  }
  return wellKnown[message.typeName]
}

function enumSchema(description: DescEnum): JsonSchema {
  if (description.typeName === 'google.protobuf.NullValue') return { type: 'null' }
  return { type: 'string', enum: description.values.map(({ name }) => name) }
}

function scalarSchema(scalar: ScalarType, use: SchemaUse): JsonSchema {
  switch (scalar) {
    case ScalarType.BOOL:
      return { type: 'boolean' }
    case ScalarType.STRING:
      return { type: 'string' }
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' }
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      if (use === 'result') return { type: 'number' }
      return { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] }
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 }
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return wideSchema('uint64', '^[0-9]+$', use)
    default:
      return wideSchema('int64', '^-?[0-9]+$', use)
  }
}

function wideSchema(format: string, pattern: string, use: SchemaUse): JsonSchema {
  return use === 'result' ? { type: 'integer', format } : { type: ['integer', 'string'], pattern, format }
}
