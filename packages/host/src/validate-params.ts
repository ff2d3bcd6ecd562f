import {
  type Call,
  type CallTarget,
  coreError,
  type Interceptor,
  type JsonSchema,
  messageOf,
  type Value,
} from '@backplane/core'
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { hostError } from './errors.ts'

/** How many issues one error names. */
const mostIssues = 10

/**
 * Checks the parameters of every call against the function's own schema (JSON Schema 2020-12), before the function sees them:
 * its descriptor's `accepts`, or `parameters` where it has none.
 *
 * Rejects with `BP_PARAMS_INVALID`, which names each path that is wrong, and with `BP_SCHEMA_INVALID` for a schema that
 * cannot be used. Functions without a schema take anything. Formats are not checked. Leave it out where plugins check for
 * themselves. The validator is loaded at the first call, and each schema compiled once.
 *
 * `null` is taken for a parameter whose default is `null`, whatever its type says: Device Connect advertises optional
 * parameters so.
 */
export function validateParams(): Interceptor {
  const checks = new WeakMap<JsonSchema, ValidateFunction>()
  let compiler: Promise<Ajv2020> | undefined

  async function checkFirst(schema: JsonSchema, call: Call, target: CallTarget, next: Next): Promise<Value> {
    compiler ??= makeCompiler()
    checks.set(schema, compile(await compiler, schema, target))
    return checked(checks.get(schema) as ValidateFunction, call, target, next)
  }

  return (call, target, next) => {
    const schema = target.descriptor.accepts ?? target.descriptor.parameters
    if (schema === undefined) return next()
    const check = checks.get(schema)
    return check ? checked(check, call, target, next) : checkFirst(schema, call, target, next)
  }
}

type Next = () => Promise<Value>

function checked(check: ValidateFunction, call: Call, target: CallTarget, next: Next): Promise<Value> {
  if (check(call.params)) return next()
  const list = (check.errors ?? []).slice(0, mostIssues).map(issue)
  const issues = list.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('; ')
  const details = { name: target.descriptor.name, issues, list }
  return Promise.reject(coreError('BP_PARAMS_INVALID', { details }))
}

async function makeCompiler(): Promise<Ajv2020> {
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  return new Ajv2020({
    allErrors: true,
    strict: false,
    validateFormats: false,
    validateSchema: false,
    // Schemas of different plugins may carry the same $id.
    addUsedSchema: false,
    logger: false,
  })
}

function compile(ajv: Ajv2020, schema: JsonSchema, target: CallTarget): ValidateFunction {
  const adapted = adapt(schema)
  try {
    return ajv.compile(adapted)
  } catch (cause) {
    const details = { name: target.descriptor.name, reason: messageOf(cause) }
    throw hostError('BP_SCHEMA_INVALID', { details, cause })
  } finally {
    // The compiler would keep it for ever; plugins come and go.
    ajv.removeSchema(adapted)
  }
}

/** Drops `$schema`, which may name a draft that the compiler does not know, and lets `null` stand for a `null` default. */
function adapt({ $schema: _, ...schema }: JsonSchema): object {
  const { properties } = schema
  if (typeof properties !== 'object' || properties === null) return schema
  const entries = Object.entries(properties).map(([name, property]) => [name, nullable(property)])
  return { ...schema, properties: Object.fromEntries(entries) }
}

function nullable(property: unknown): unknown {
  if (typeof property !== 'object' || property === null || !('default' in property) || property.default !== null)
    return property
  if ('type' in property && !('enum' in property))
    return { ...property, type: [...new Set([property.type, 'null'].flat())] }
  return { anyOf: [property, { type: 'null' }] }
}

function issue({ instancePath, message = 'is not valid', params }: ErrorObject): { path: string; message: string } {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')
  const detail = 'additionalProperty' in params ? ` ('${params.additionalProperty}')` : ''
  const allowed = 'allowedValues' in params ? `: ${(params.allowedValues as unknown[]).join(', ')}` : ''
  return { path, message: `${message}${detail}${allowed}` }
}
