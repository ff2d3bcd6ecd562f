import { stringifyJson } from '@backplane/core/json'
import { isNumber, isSameJson } from './equal.ts'
import { codePoints } from './python/text.ts'

/** Where a value departs from a schema, and how. */
export interface SchemaViolation {
  readonly path: string
  readonly reason: string
}

type Schema = { readonly [keyword: string]: unknown }

/**
 * Checks a value by the part of JSON Schema that forms use: `type`, `enum`, `const`, `properties`, `required`,
 * `additionalProperties`, `items`, sizes and limits, `allOf`, `anyOf`, `oneOf`, `not`. Other keywords are notes, as the
 * specification says of what an implementation does not know; `pattern` is left out, because a schema comes from a
 * plugin and a pattern can stall its host.
 */
export function schemaViolations(schema: unknown, value: unknown, path = ''): SchemaViolation[] {
  if (schema === false) return [{ path, reason: 'nothing is allowed here' }]
  if (typeof schema !== 'object' || schema === null) return []
  const rules = schema as Schema
  return [
    ...kindViolations(rules, value, path),
    ...sizeViolations(rules, value, path),
    ...memberViolations(rules, value, path),
    ...branchViolations(rules, value, path),
  ]
}

function kindViolations(schema: Schema, value: unknown, path: string): SchemaViolation[] {
  const found: SchemaViolation[] = []
  const types = Array.isArray(schema.type) ? schema.type : schema.type === undefined ? undefined : [schema.type]
  if (types && !types.some((type) => isOfType(type, value)))
    found.push({ path, reason: `must be ${types.join(' or ')}` })
  if (Array.isArray(schema.enum) && !schema.enum.some((option) => isSameJson(option, value))) {
    found.push({ path, reason: `must be one of ${stringifyJson(schema.enum)}` })
  }
  if ('const' in schema && !isSameJson(schema.const, value))
    found.push({ path, reason: `must be ${stringifyJson(schema.const)}` })
  return found
}

function isOfType(type: unknown, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return typeof value === 'bigint' || Number.isInteger(value)
  if (type === 'number') return isNumber(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}

const sizes: readonly (readonly [
  string,
  (value: unknown) => number | bigint | undefined,
  (size: number | bigint, limit: number | bigint) => boolean,
])[] = [
  ['minimum', numberOf, (size, limit) => size >= limit],
  ['maximum', numberOf, (size, limit) => size <= limit],
  ['exclusiveMinimum', numberOf, (size, limit) => size > limit],
  ['exclusiveMaximum', numberOf, (size, limit) => size < limit],
  ['minLength', lengthOf, (size, limit) => size >= limit],
  ['maxLength', lengthOf, (size, limit) => size <= limit],
  ['minItems', countOf, (size, limit) => size >= limit],
  ['maxItems', countOf, (size, limit) => size <= limit],
]

function numberOf(value: unknown): number | bigint | undefined {
  return isNumber(value) ? value : undefined
}

function lengthOf(value: unknown): number | undefined {
  return typeof value === 'string' ? codePoints(value) : undefined
}

function countOf(value: unknown): number | undefined {
  return Array.isArray(value) ? value.length : undefined
}

function sizeViolations(schema: Schema, value: unknown, path: string): SchemaViolation[] {
  return sizes.flatMap(([keyword, measure, holds]) => {
    const limit = schema[keyword]
    const size = measure(value)
    return !isNumber(limit) || size === undefined || holds(size, limit)
      ? []
      : [{ path, reason: `breaks ${keyword} ${limit}` }]
  })
}

function memberViolations(schema: Schema, value: unknown, path: string): SchemaViolation[] {
  if (Array.isArray(value))
    return value.flatMap((member, index) => schemaViolations(schema.items, member, `${path}/${index}`))
  if (typeof value !== 'object' || value === null) return []
  const properties = (schema.properties ?? {}) as Schema
  const missing = Array.isArray(schema.required)
    ? schema.required.filter((name) => !Object.hasOwn(value, String(name)))
    : []
  const members = Object.entries(value).flatMap(([name, member]) =>
    schemaViolations(
      Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties,
      member,
      `${path}/${name}`,
    ),
  )
  return [...missing.map((name) => ({ path, reason: `needs ${name}` })), ...members]
}

function branchViolations(schema: Schema, value: unknown, path: string): SchemaViolation[] {
  const found: SchemaViolation[] = []
  const fitting = (branches: readonly unknown[]) =>
    branches.filter((branch) => schemaViolations(branch, value, path).length === 0).length
  if (Array.isArray(schema.allOf))
    found.push(...schema.allOf.flatMap((branch) => schemaViolations(branch, value, path)))
  if (Array.isArray(schema.anyOf) && fitting(schema.anyOf) === 0) found.push({ path, reason: 'fits none of anyOf' })
  if (Array.isArray(schema.oneOf) && fitting(schema.oneOf) !== 1)
    found.push({ path, reason: 'must fit exactly one of oneOf' })
  if (schema.not !== undefined && fitting([schema.not]) === 1) found.push({ path, reason: 'must not fit `not`' })
  return found
}
