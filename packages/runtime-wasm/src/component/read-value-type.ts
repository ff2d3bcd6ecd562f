import { wasmError } from '../errors.ts'
import type { ByteReader } from '../module/bytes.ts'
import type { WitField, WitType } from './wit-types.ts'

/** Types that one byte stands for. */
export const primitives: Readonly<Record<number, WitType>> = {
  127: { kind: 'bool' },
  126: { kind: 's8' },
  125: { kind: 'u8' },
  124: { kind: 's16' },
  123: { kind: 'u16' },
  122: { kind: 's32' },
  121: { kind: 'u32' },
  120: { kind: 's64' },
  119: { kind: 'u64' },
  118: { kind: 'f32' },
  117: { kind: 'f64' },
  116: { kind: 'char' },
  115: { kind: 'string' },
  100: { kind: 'refused', what: 'an error context' },
}

/** A resource that has no name yet. */
export const aResource = { kind: 'refused', what: 'a resource' } as const satisfies WitType

/** Reads what a type is made of, by the index spaces of the reader. */
interface TypeReaders {
  /** A type, written out or by its index. */
  value(): WitType
  /** The resource that a handle is of, by its index. */
  resource(): WitType
}

/**
 * Reads the definition of a type of values, behind its `code`. Throws `BP_WASM_FEATURE` at what is newer than this
 * reader.
 */
export function readValueType(code: number, body: ByteReader, { value, resource }: TypeReaders): WitType {
  const primitive = primitives[code]
  if (primitive) return primitive
  const optional = () => (body.byte() === 1 ? value() : undefined)
  const names = () => {
    const all: string[] = []
    each(body, () => all.push(body.name()))
    return all
  }
  if (code === 0x72) {
    const fields: WitField[] = []
    each(body, () => fields.push({ name: body.name(), type: value() }))
    return { kind: 'record', fields }
  }
  if (code === 0x71) {
    const cases: { name: string; type: WitType | undefined }[] = []
    each(body, () => {
      cases.push({ name: body.name(), type: optional() })
      body.byte()
    })
    return { kind: 'variant', cases }
  }
  if (code === 0x6f) {
    const items: WitType[] = []
    each(body, () => items.push(value()))
    return { kind: 'tuple', items }
  }
  if (code === 0x70) return { kind: 'list', item: value() }
  if (code === 0x6b) return { kind: 'option', item: value() }
  if (code === 0x6a) return { kind: 'result', ok: optional(), err: optional() }
  if (code === 0x6e) return { kind: 'flags', names: names() }
  if (code === 0x6d) return { kind: 'enum', names: names() }
  if (code === 0x69 || code === 0x68) return resource()
  if (code === 0x66 || code === 0x65) {
    optional()
    return { kind: 'refused', what: code === 0x66 ? 'a stream' : 'a future' }
  }
  throw refuse(`the type 0x${code.toString(16)}`)
}

/** Reads a vector: its length, and then each of it. */
export function each(body: ByteReader, read: () => void): void {
  for (let left = body.u32(); left > 0; left--) read()
}

/** `BP_WASM_FEATURE` about a component. */
export function refuse(feature: string) {
  return wasmError('BP_WASM_FEATURE', { details: { what: 'The component', feature } })
}
