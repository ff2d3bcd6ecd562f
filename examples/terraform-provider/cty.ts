/**
 * Terraform's values on the wire: MessagePack in the form of the `cty` library, or JSON.
 *
 * An attribute whose value is not known before apply is MessagePack's extension type 0 (12 with hints about the value,
 * which this reader drops). A number that fits no double exactly comes as decimal text; here it becomes a double.
 * The type `dynamic` is left out.
 */
import { decode, ExtensionCodec, encode } from '@msgpack/msgpack'
import type { DynamicValue, DynamicValue__Output } from './generated/tfplugin6/DynamicValue.ts'

/** A type as `cty` writes it in JSON. */
export type CtyType =
  | 'string'
  | 'number'
  | 'bool'
  | readonly ['list' | 'set' | 'map', CtyType]
  | readonly ['tuple', readonly CtyType[]]
  | readonly ['object', Readonly<Record<string, CtyType>>]

class Unknown {
  toJSON(): never {
    throw new TypeError('A value that is not known yet was written as if it were')
  }
}

export type { Unknown }

/** Stands for a value that is known only after apply. */
export const unknown = new Unknown()

export type CtyValue =
  | string
  | number
  | boolean
  | null
  | Unknown
  | readonly CtyValue[]
  | { readonly [key: string]: CtyValue }

const extensionCodec = new ExtensionCodec()
extensionCodec.register({
  type: 0,
  encode: (value) => (value === unknown ? Uint8Array.of(0) : null),
  decode: () => unknown,
})
extensionCodec.register({ type: 12, encode: () => null, decode: () => unknown })

/** Writes a value of a type. */
export function toDynamic(value: unknown, type: CtyType): DynamicValue {
  return { msgpack: Buffer.from(encode(conform(value, type), { extensionCodec })) }
}

/** Reads a value of a type; one that was not sent is null. */
export function fromDynamic(value: DynamicValue__Output | null, type: CtyType): CtyValue {
  if (value?.msgpack.length) return conform(decode(value.msgpack, { extensionCodec }), type)
  return value?.json.length ? conform(JSON.parse(value.json.toString()), type) : null
}

/** Gives a value the shape of its type: an object has each of its attributes, and no other. */
function conform(value: unknown, type: CtyType): CtyValue {
  if (value === undefined || value === null) return null
  if (value === unknown) return unknown
  if (typeof type === 'string') return type === 'number' ? Number(value) : (value as CtyValue)
  const entries = Object.entries(value)
  switch (type[0]) {
    case 'object': {
      const given = new Map(entries)
      return Object.fromEntries(Object.entries(type[1]).map(([name, of]) => [name, conform(given.get(name), of)]))
    }
    case 'map':
      return Object.fromEntries(entries.map(([key, item]) => [key, conform(item, type[1])]))
    case 'tuple':
      return type[1].map((of, index) => conform(entries[index]?.[1], of))
    default:
      return entries.map(([, item]) => conform(item, type[1]))
  }
}
