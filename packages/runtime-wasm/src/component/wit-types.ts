import type { JsonSchema } from '@backplane/core'

/** Whole numbers of WIT and their bounds. */
export const wholeNumbers = {
  u8: [0, 0xff],
  s8: [-0x80, 0x7f],
  u16: [0, 0xffff],
  s16: [-0x8000, 0x7fff],
  u32: [0, 0xffffffff],
  s32: [-0x80000000, 0x7fffffff],
} as const

/** A type of WIT, as plain data. `refused` stands for what has no form in JSON: resources, streams, futures. */
export type WitType =
  | { readonly kind: keyof typeof wholeNumbers | 'u64' | 's64' | 'f32' | 'f64' | 'bool' | 'char' | 'string' }
  | { readonly kind: 'list' | 'option'; readonly item: WitType }
  | { readonly kind: 'tuple'; readonly items: readonly WitType[] }
  | { readonly kind: 'record'; readonly fields: readonly WitField[] }
  | {
      readonly kind: 'variant'
      readonly cases: readonly { readonly name: string; readonly type: WitType | undefined }[]
    }
  | { readonly kind: 'enum' | 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'result'; readonly ok: WitType | undefined; readonly err: WitType | undefined }
  | { readonly kind: 'refused'; readonly what: string }

/** A field of a record, or a parameter. */
export interface WitField {
  readonly name: string
  readonly type: WitType
}

/** A function of a component. */
export interface WitFunction {
  /** Methods and constructors of resources are named as in the binary: `[method]stream.read`. */
  readonly name: string
  readonly params: readonly WitField[]
  readonly result: WitType | undefined
  readonly async: boolean
}

/** Why a function cannot be called with JSON, if it cannot. */
export function refusal({ name, params, result, async }: WitFunction): string | undefined {
  const [, resource] = /^\[[^\]]*\]([^.]*)/.exec(name) ?? []
  if (resource !== undefined) return `a method of the resource '${resource}'`
  if (async) return 'an asynchronous function'
  for (const { type } of params) {
    const found = refusedIn(type)
    if (found !== undefined) return found
  }
  return result && refusedIn(result)
}

function refusedIn(type: WitType): string | undefined {
  if (type.kind === 'refused') return type.what
  for (const part of parts(type)) {
    const found = refusedIn(part)
    if (found !== undefined) return found
  }
  return undefined
}

/** The types that a type is made of. */
export function parts(type: WitType): readonly WitType[] {
  if ('item' in type) return [type.item]
  if ('items' in type) return type.items
  if ('fields' in type) return type.fields.map((field) => field.type)
  if ('cases' in type) return type.cases.flatMap((each) => each.type ?? [])
  if (type.kind === 'result') return [type.ok, type.err].flatMap((each) => each ?? [])
  return []
}

/** What a type's values look like in JSON. */
export function schemaOf(type: WitType): JsonSchema {
  if (type.kind in wholeNumbers) {
    const [minimum, maximum] = wholeNumbers[type.kind as keyof typeof wholeNumbers]
    return { type: 'integer', minimum, maximum }
  }
  switch (type.kind) {
    case 'u64':
    case 's64':
      return { type: ['integer', 'string'] }
    case 'f32':
    case 'f64':
      return { anyOf: [{ type: 'number' }, { enum: ['NaN', 'Infinity', '-Infinity'] }] }
    case 'bool':
      return { type: 'boolean' }
    case 'char':
      return { type: 'string', minLength: 1, maxLength: 1 }
    case 'string':
      return { type: 'string' }
    case 'list':
      if (type.item.kind === 'u8') return { type: 'string', contentEncoding: 'base64' }
      return { type: 'array', items: schemaOf(type.item) }
    case 'option':
      if (type.item.kind === 'option') return { anyOf: [{ type: 'null' }, tagged({ name: 'some', type: type.item })] }
      return { anyOf: [{ type: 'null' }, schemaOf(type.item)] }
    case 'tuple':
      return {
        type: 'array',
        prefixItems: type.items.map(schemaOf),
        minItems: type.items.length,
        maxItems: type.items.length,
      }
    case 'record':
      return objectSchema(type.fields)
    case 'variant':
      return { oneOf: type.cases.map(tagged) }
    case 'enum':
      return { enum: type.names }
    case 'flags':
      return { type: 'array', items: { enum: type.names }, uniqueItems: true }
    case 'result':
      return {
        oneOf: [
          { name: 'ok', type: type.ok },
          { name: 'err', type: type.err },
        ].map(tagged),
      }
    default:
      return {}
  }
}

/** Fields as an object; options may be left out. */
export function objectSchema(fields: readonly WitField[]): JsonSchema {
  const required = fields.filter(({ type }) => type.kind !== 'option').map(({ name }) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(({ name, type }) => [name, schemaOf(type)])),
    ...(required.length > 0 ? { required } : {}),
  }
}

function tagged({ name, type }: { readonly name: string; readonly type: WitType | undefined }): JsonSchema {
  return {
    type: 'object',
    properties: { tag: { const: name }, ...(type ? { val: schemaOf(type) } : {}) },
    required: ['tag', ...(type && type.kind !== 'option' ? ['val'] : [])],
  }
}

/** A type as WIT writes it; what has a name there is written out. */
export function textOf(type: WitType): string {
  const braces = (names: readonly string[]) => `${type.kind} { ${names.join(', ')} }`
  const maybe = (part: WitType | undefined) => (part ? textOf(part) : '_')
  if ('item' in type) return `${type.kind}<${textOf(type.item)}>`
  if ('items' in type) return `tuple<${type.items.map(textOf).join(', ')}>`
  if ('fields' in type) return braces(type.fields.map((field) => `${field.name}: ${textOf(field.type)}`))
  if ('cases' in type) return braces(type.cases.map((each) => each.name + (each.type ? `(${textOf(each.type)})` : '')))
  if ('names' in type) return braces(type.names)
  if (type.kind === 'refused') return type.what
  if (type.kind !== 'result') return type.kind
  return type.ok || type.err ? `result<${maybe(type.ok)}${type.err ? `, ${textOf(type.err)}` : ''}>` : 'result'
}
