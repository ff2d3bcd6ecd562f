import { type Call, type CallTarget, type Interceptor, type JsonSchema, messageOf, type Value } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { hostError } from './errors.ts'
import type { Check, Compiler, Issue } from './params/compiler.ts'
import { Turns } from './params/turns.ts'

/** What {@link validateParams} makes. */
export type ParamsCheck = Interceptor & {
  /** Compiles the schema of a function before its first call. Rejects with `BP_SCHEMA_INVALID`. */
  prepare(target: CallTarget): Promise<void>
}

/** How many issues one error names. */
const mostIssues = 10

/**
 * Checks the parameters of every call against the function's own schema (JSON Schema 2020-12), before the function sees
 * them: its descriptor's `accepts`, or `parameters` where it has none.
 *
 * Rejects with `BP_PARAMS_INVALID`, which names each path that is wrong, with `BP_PARAMS_TOO_COSTLY` where the check
 * takes more than its budget, and with `BP_SCHEMA_INVALID` for a schema that cannot be used ({@link tellOfSchemas} says
 * so at load). Functions without a schema take anything. Formats are not checked. Leave it out where plugins check for
 * themselves.
 *
 * Schemas and parameters are chosen by others, so what they cost the host's thread is bounded: a check costs at most
 * some 10 ms, and all checks of one turn of the event loop no more than that together; a call that is given up
 * meanwhile is not checked. Patterns are matched in linear time (look-around and back-references are refused at load),
 * schemas of more than 500 parts are refused.
 *
 * A `bigint` is an integer, and limits, `multipleOf`, `enum`, `const` and `uniqueItems` hold to its last digit. `NaN`
 * and the infinities are numbers and no integers; `NaN` is within no limit.
 *
 * `null` is taken for a parameter whose default is `null`, whatever its type says: Device Connect advertises optional
 * parameters so.
 */
export function validateParams(): ParamsCheck {
  const checks = new WeakMap<JsonSchema, Check | Promise<Check>>()
  const turns = new Turns()
  let compiler: Promise<Compiler> | undefined
  let compiling: Promise<unknown> = Promise.resolve()

  function loaded(): Promise<Compiler> {
    compiler ??= import('./params/compiler.ts')
      .then((module) => module.Compiler.load())
      .catch((error) => {
        // A moment without descriptors must not count for ever.
        compiler = undefined
        throw error
      })
    return compiler
  }

  /** Compiles one schema a turn, so that a plugin with many holds nobody up. */
  async function compile(schema: JsonSchema, target: CallTarget): Promise<Check> {
    const made = compiling.then(async () => {
      const ready = await loaded()
      await new Promise((resolve) => setImmediate(resolve))
      return ready.compile(adapt(schema))
    })
    compiling = made.catch(() => {})
    try {
      const check = await made
      checks.set(schema, check)
      return check
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EMFILE') checks.delete(schema)
      const { details: { reason = messageOf(cause) } = {} } = cause as { details?: { reason?: unknown } }
      const details = { name: target.descriptor.name, reason }
      throw hostError('BP_SCHEMA_INVALID', { details, cause })
    }
  }

  function checkOf(schema: JsonSchema, target: CallTarget): Check | Promise<Check> {
    const known = checks.get(schema)
    if (known) return known
    const making = compile(schema, target)
    checks.set(schema, making)
    return making
  }

  function checked(check: Check, call: Call, target: CallTarget, next: Next): Promise<Value> {
    if (turns.full) return later(check, call, target, next)
    const verdict = check(call.params)
    turns.spend(check.spent)
    return verdict === undefined ? next() : Promise.reject(refusal(verdict, target))
  }

  function later(check: Check, call: Call, target: CallTarget, next: Next): Promise<Value> {
    return new Promise((resolve, reject) => {
      turns.wait(() => {
        // Its deadline has passed, or its caller has gone: nobody waits for what a check would say.
        if (call.signal.aborted) reject(call.signal.reason)
        else resolve(checked(check, call, target, next))
      })
    })
  }

  const intercept: Interceptor = (call, target, next) => {
    const schema = schemaOf(target)
    if (schema === undefined) return next()
    const check = checkOf(schema, target)
    return typeof check === 'function'
      ? checked(check, call, target, next)
      : check.then((made) => checked(made, call, target, next))
  }
  return Object.assign(intercept, {
    async prepare(target: CallTarget) {
      const schema = schemaOf(target)
      if (schema !== undefined) await checkOf(schema, target)
    },
  })
}

function schemaOf({ descriptor: { accepts, parameters } }: CallTarget): JsonSchema | undefined {
  return accepts ?? parameters
}

type Next = () => Promise<Value>

function refusal(verdict: readonly Issue[] | 'too costly', { descriptor: { name } }: CallTarget) {
  if (verdict === 'too costly') return hostError('BP_PARAMS_TOO_COSTLY', { details: { name } })
  const list = verdict.slice(0, mostIssues).map(issue)
  const issues = list.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('; ')
  return contractError('BP_PARAMS_INVALID', { details: { name, issues, list } })
}

/** Lets `null` stand for a `null` default. */
function adapt(schema: JsonSchema): JsonSchema {
  const { properties } = schema
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) return schema
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

function issue({ instancePath, message = 'is not valid', params }: Issue): { path: string; message: string } {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')
  const detail = 'additionalProperty' in params ? ` ('${params.additionalProperty}')` : ''
  const allowed = 'allowedValues' in params ? `: ${(params.allowedValues as unknown[]).join(', ')}` : ''
  return { path, message: `${message}${detail}${allowed}` }
}
