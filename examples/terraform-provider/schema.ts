/** What a provider, a resource, a data source or a function looks like to the configuration language. */
import type { CtyType } from './cty.ts'
import type { Function as FunctionMessage } from './generated/tfplugin6/Function.ts'
import type { Schema as SchemaMessage } from './generated/tfplugin6/Schema.ts'

/** One attribute: `required` or `optional` in the configuration, or `computed` by the provider. */
export interface Attribute {
  readonly type: CtyType
  readonly description: string
  readonly required?: boolean
  readonly optional?: boolean
  readonly computed?: boolean
  readonly sensitive?: boolean
}

export interface Schema {
  /** Goes up when the state of older versions must be upgraded. @default 0 */
  readonly version?: number
  readonly description: string
  readonly attributes: Readonly<Record<string, Attribute>>
}

export interface Signature {
  readonly summary: string
  readonly description: string
  readonly parameters: readonly { readonly name: string; readonly type: CtyType; readonly description: string }[]
  readonly returns: CtyType
}

/** The type of a value that has the attributes of a schema. */
export function typeOf({ attributes }: Schema): CtyType {
  return ['object', Object.fromEntries(Object.entries(attributes).map(([name, { type }]) => [name, type]))]
}

export function schemaMessage({ version = 0, description, attributes }: Schema): SchemaMessage {
  const listed = Object.entries(attributes).map(([name, attribute]) => ({
    ...attribute,
    name,
    type: json(attribute.type),
  }))
  return { version, block: { version, description, attributes: listed } }
}

export function functionMessage({ summary, description, parameters, returns }: Signature): FunctionMessage {
  const listed = parameters.map((parameter) => ({ ...parameter, type: json(parameter.type) }))
  return { summary, description, parameters: listed, return: { type: json(returns) } }
}

function json(type: CtyType): Buffer {
  return Buffer.from(JSON.stringify(type))
}
