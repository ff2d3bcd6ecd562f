import { type JsonSchema, messageOf, type Params, type Value } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { lenientReplacer, parseJson } from '@backplane/core/json'

/**
 * A schema of any library that speaks Standard Schema (https://standardschema.dev, v1): zod, valibot, arktype and
 * others.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    /** The JSON Schema conversion of the same specification, where the library has it. */
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
      readonly output: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
    }
  }
}

/** What a {@link StandardSchema} says of a value. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/** One thing wrong with a value. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Either form in which an author may write a schema. */
export type AnySchema = JsonSchema | StandardSchema

/** What a function receives: a Standard Schema's output, or the TypeScript reading of a JSON Schema. */
export type Received<S> = S extends StandardSchema<infer _, infer Output> ? Output : FromJsonSchema<S, Params>

/** What a caller or an emitter gives: a Standard Schema's input, or the TypeScript reading of a JSON Schema. */
export type Given<S> = S extends StandardSchema<infer Input, infer _> ? Input : FromJsonSchema<S, Params>

/**
 * The TypeScript reading of a JSON Schema literal: types, properties, items, enum, const, anyOf and oneOf. Anything
 * else reads as `Else`. Properties that are not required may be missing, whatever their `default` says.
 */
export type FromJsonSchema<S, Else = Value> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer V)[] }
    ? V
    : S extends { readonly anyOf: readonly (infer U)[] } | { readonly oneOf: readonly (infer U)[] }
      ? U extends unknown
        ? FromJsonSchema<U>
        : never
      : S extends { readonly type: readonly (infer T)[] }
        ? T extends unknown
          ? FromJsonSchema<Omit<S, 'type'> & { readonly type: T }>
          : never
        : S extends { readonly type: infer T }
          ? T extends 'string'
            ? string
            : T extends 'number' | 'integer'
              ? number
              : T extends 'boolean'
                ? boolean
                : T extends 'null'
                  ? null
                  : T extends 'array'
                    ? readonly (S extends { readonly items: infer I } ? FromJsonSchema<I> : Value)[]
                    : T extends 'object'
                      ? FromProperties<S>
                      : Else
          : Else

type FromProperties<S> = S extends { readonly properties: infer P }
  ? Flat<
      { readonly [K in keyof P as K extends RequiredOf<S> ? K : never]: FromJsonSchema<P[K]> } & {
        readonly [K in keyof P as K extends RequiredOf<S> ? never : K]?: FromJsonSchema<P[K]>
      }
    >
  : Params

type RequiredOf<S> = S extends { readonly required: readonly (infer R)[] } ? R : never
type Flat<T> = { [K in keyof T]: T[K] }

/** Whether a schema is a {@link StandardSchema}; some libraries' schemas are functions. */
export function isStandardSchema(schema: unknown): schema is StandardSchema {
  return (
    ((typeof schema === 'object' && schema !== null) || typeof schema === 'function') &&
    '~standard' in schema &&
    typeof (schema['~standard'] as { validate?: unknown } | null)?.validate === 'function'
  )
}

/**
 * Gives a schema as JSON Schema, for advertising. A Standard Schema that has no conversion, or cannot convert this, is
 * advertised as an open object: its own validation still holds.
 */
export function advertised(schema: AnySchema, direction: 'input' | 'output'): JsonSchema {
  if (!isStandardSchema(schema)) return plain(schema)
  const { jsonSchema } = schema['~standard']
  if (!jsonSchema) return { type: 'object' }
  try {
    return plain(jsonSchema[direction]({ target: 'draft-2020-12' }))
  } catch {
    return { type: 'object' }
  }
}

/** Drops what is not data: descriptors cross threads and wires. */
function plain(schema: object): JsonSchema {
  return parseJson(JSON.stringify(schema, lenientReplacer)) as JsonSchema
}

/** Checks parameters by a Standard Schema and gives its output; throws `BP_PARAMS_INVALID` naming each path. */
export async function validated(schema: StandardSchema, name: string, params: Params): Promise<unknown> {
  let result: StandardResult<unknown>
  try {
    result = await schema['~standard'].validate(params)
  } catch (cause) {
    throw contractError('BP_PARAMS_INVALID', { details: { name, issues: messageOf(cause) }, cause })
  }
  if (!result.issues) return result.value
  const issues = result.issues.map(({ message, path }) => `${pathText(path)}${message}`).join('; ')
  throw contractError('BP_PARAMS_INVALID', { details: { name, issues } })
}

function pathText(path: StandardIssue['path']): string {
  if (!path || path.length === 0) return ''
  return `/${path.map((part) => String(typeof part === 'object' ? part.key : part)).join('/')}: `
}
