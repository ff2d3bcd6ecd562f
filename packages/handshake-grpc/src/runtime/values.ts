import type { Params, Value } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { narrowInteger } from '@backplane/core/json'
import { type DescField, type DescMessage, type JsonValue, type Registry, ScalarType } from '@bufbuild/protobuf'
import { isWrapperDesc } from '@bufbuild/protobuf/wkt'

/** Names that protobuf's JSON mapping treats as a whole: their fields do not show. */
const whole = /^google\.protobuf\.(Timestamp|Duration|FieldMask|Empty|Struct|ListValue|Value)$/
const anyName = 'google.protobuf.Any'

const wide: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.SINT64,
  ScalarType.SFIXED64,
  ScalarType.UINT64,
  ScalarType.FIXED64,
])
const isFloat = (scalar: ScalarType) => scalar === ScalarType.DOUBLE || scalar === ScalarType.FLOAT
const isInteger = (scalar: ScalarType) =>
  !isFloat(scalar) && ![ScalarType.BOOL, ScalarType.STRING, ScalarType.BYTES].includes(scalar)

/**
 * Makes a message in protobuf's JSON mapping of a function's parameters: 64-bit integers are numbers, `bigint`s or
 * text, `NaN` and the infinities numbers or their words, bytes are base64, what is undefined is left out.
 *
 * @throws BP_VALUE_INVALID for an integer that its place cannot hold
 */
export function messageJson(message: DescMessage, value: Value | undefined, registry: Registry): JsonValue {
  if (isWrapperDesc(message)) return scalarJson(message.fields[0]?.scalar as ScalarType, value)
  if (whole.test(message.typeName) || !isObject(value)) return plainJson(value)
  if (message.typeName === anyName) return anyJson(value, registry)
  const fields = fieldsOf(message)
  return mapped(value, (member, key) => {
    const field = fields.get(key)
    return field ? fieldJson(field, member, registry) : plainJson(member)
  })
}

function anyJson(value: Params, registry: Registry): JsonValue {
  const message = typeOfAny(value, registry)
  if (!message) return plainJson(value)
  const { '@type': type, ...rest } = value
  if (!isWhole(message)) return { '@type': type as string, ...(messageJson(message, rest, registry) as object) }
  return { '@type': type as string, ...rest, value: messageJson(message, rest.value, registry) }
}

function fieldJson(field: DescField, value: Value | undefined, registry: Registry): JsonValue {
  const one = (member: Value | undefined): JsonValue => {
    if (field.scalar !== undefined) return scalarJson(field.scalar, member)
    return field.message ? messageJson(field.message, member, registry) : plainJson(member)
  }
  if (field.fieldKind === 'list' && Array.isArray(value)) return value.map(one)
  return field.fieldKind === 'map' && isObject(value) ? mapped(value, one) : one(value)
}

function scalarJson(scalar: ScalarType, value: Value | undefined): JsonValue {
  if (typeof value === 'bigint') {
    if (isInteger(scalar)) return String(value)
    if (isFloat(scalar)) return scalarJson(scalar, Number(value))
  }
  return isFloat(scalar) && typeof value === 'number' && !Number.isFinite(value) ? String(value) : plainJson(value)
}

function plainJson(value: Value | undefined): JsonValue {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'bigint') {
    // Numbers of google.protobuf.Value are floats.
    if (BigInt(Number(value)) === value) return Number(value)
    const reason = `only a 64-bit integer field holds the integer ${value}`
    throw contractError('BP_VALUE_INVALID', { details: { path: 'that field', reason } })
  }
  if (Array.isArray(value)) return value.map(plainJson)
  return isObject(value) ? mapped(value, plainJson) : ((value ?? null) as JsonValue)
}

function mapped(value: Params, each: (member: Value | undefined, key: string) => JsonValue): JsonValue {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(entries.map(([key, member]) => [key, each(member, key)]))
}

/**
 * Makes a value of a message in protobuf's JSON mapping, which it takes over: 64-bit integers become numbers, `bigint`
 * beyond 2^53 - 1, and `NaN` and the infinities numbers; all else stays.
 */
export function messageValue(message: DescMessage, json: JsonValue, registry: Registry): Value {
  if (isWrapperDesc(message)) return numberValue(message.fields[0]?.scalar as ScalarType, json)
  if (!isObject(json) || whole.test(message.typeName)) return json as Value
  const object = json as Record<string, Value>
  if (message.typeName === anyName) {
    const inner = typeOfAny(object, registry)
    if (!inner) return object
    if (!isWhole(inner)) return messageValue(inner, object as JsonValue, registry)
    object.value = messageValue(inner, object.value as JsonValue, registry)
    return object
  }
  for (const field of numericFields(message)) {
    const value = object[field.jsonName]
    if (value !== undefined) object[field.jsonName] = fieldValue(field, value as JsonValue, registry)
  }
  return object
}

function fieldValue(field: DescField, json: JsonValue, registry: Registry): Value {
  const one = (member: JsonValue): Value => {
    if (field.scalar !== undefined) return numberValue(field.scalar, member)
    return field.message ? messageValue(field.message, member, registry) : (member as Value)
  }
  if (field.fieldKind === 'list') return (json as JsonValue[]).map(one)
  if (field.fieldKind !== 'map') return one(json)
  const entries = Object.entries(json as Record<string, JsonValue>)
  return Object.fromEntries(entries.map(([key, member]) => [key, one(member)]))
}

function numberValue(scalar: ScalarType, json: JsonValue): Value {
  if (typeof json !== 'string') return json as Value
  if (wide.has(scalar)) return narrowInteger(BigInt(json))
  return isFloat(scalar) ? Number(json) : json
}

/** Whether a value is an object with members, rather than a list or bytes. */
export function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

/** Whether an `Any` holds it as `value`, beside its type. */
function isWhole(message: DescMessage): boolean {
  return isWrapperDesc(message) || whole.test(message.typeName) || message.typeName === anyName
}

function typeOfAny(value: Params, registry: Registry): DescMessage | undefined {
  const type = value['@type']
  return typeof type === 'string' ? registry.getMessage(type.slice(type.lastIndexOf('/') + 1)) : undefined
}

const fieldMaps = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>()

/** Fields by each of their names in JSON: as in the .proto, and in lower camel case. */
function fieldsOf(message: DescMessage): ReadonlyMap<string, DescField> {
  let fields = fieldMaps.get(message)
  if (!fields) {
    fields = new Map(message.fields.flatMap((field) => [field.name, field.jsonName].map((name) => [name, field])))
    fieldMaps.set(message, fields)
  }
  return fields
}

const numeric = new WeakMap<DescMessage, readonly DescField[]>()

/** Fields in which there may be a number that JSON writes as text. */
function numericFields(message: DescMessage): readonly DescField[] {
  let fields = numeric.get(message)
  if (!fields) {
    fields = message.fields.filter((field) => mayHold(field, new Set()))
    numeric.set(message, fields)
  }
  return fields
}

function mayHold(field: DescField, seen: Set<DescMessage>): boolean {
  if (field.scalar !== undefined) return wide.has(field.scalar) || isFloat(field.scalar)
  const { message } = field
  if (!message || seen.has(message)) return false
  seen.add(message)
  return message.typeName === anyName || message.fields.some((each) => mayHold(each, seen))
}
