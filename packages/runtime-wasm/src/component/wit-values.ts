import { narrowInteger } from '@backplane/core/json'
import { wasmError } from '../errors.ts'
import { type WitField, type WitType, wholeNumbers } from './wit-types.ts'

/** Why a value does not fit, and where. */
type Refuse = (path: string, type: WitType, reason: string) => Error

/** A WIT name as the generated bindings have it: lower camel case. */
export function camelCase(name: string): string {
  const [first = '', ...rest] = name.split('-').map((word) => word.toLowerCase())
  return first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

/**
 * Turns JSON parameters into what the bindings take, in order. Throws `BP_WASM_ARGUMENT` with the path of what does not
 * fit.
 */
export function toArguments(given: unknown, fields: readonly WitField[], name: string): unknown[] {
  const params = (given ?? {}) as Record<string, unknown>
  const refuse: Refuse = (path, type, reason) =>
    wasmError('BP_WASM_ARGUMENT', { details: { function: name, name: path, type: type.kind, reason } })
  return fields.map((field) => toWit(own(params, field.name), field.type, field.name, refuse))
}

/** Turns a host's result into what the bindings take. Throws `BP_WASM_HOST_FAILED`. */
export function toResult(value: unknown, type: WitType, name: string): unknown {
  return toWit(value, type, 'its result', (path, { kind }, reason) =>
    wasmError('BP_WASM_HOST_FAILED', { details: { name, reason: `${path} (${kind}): ${reason}` } }),
  )
}

function toWit(value: unknown, type: WitType, path: string, refuse: Refuse): unknown {
  const no = (reason: string) => refuse(path, type, reason)
  if (type.kind in wholeNumbers) {
    const [least, most] = wholeNumbers[type.kind as keyof typeof wholeNumbers]
    if (typeof value !== 'number' || !Number.isInteger(value)) throw no('it must be a whole number')
    if (value < least || value > most) throw no(`it must be from ${least} to ${most}`)
    return value
  }
  switch (type.kind) {
    case 'u64':
    case 's64':
      return toBigInt(value, type.kind === 'u64', no)
    case 'f32':
    case 'f64':
      if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
      // The proto3 JSON rule for what JSON has no numbers for.
      if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
      throw no('it must be a number')
    case 'bool':
      if (typeof value !== 'boolean') throw no('it must be true or false')
      return value
    case 'char':
      if (typeof value !== 'string' || [...value].length !== 1 || !value.isWellFormed())
        throw no('it must be one character')
      return value
    case 'string':
      if (typeof value !== 'string') throw no('it must be text')
      return value
    case 'list':
      return type.item.kind === 'u8' ? toBytes(value, no) : toList(value, type.item, path, refuse)
    case 'option':
      if (type.item.kind !== 'option')
        return value === undefined || value === null ? undefined : toWit(value, type.item, path, refuse)
      // The bindings tag an option whose value may itself be undefined.
      if (value === undefined || value === null) return { tag: 'none' }
      if (!isObject(value) || value.tag !== 'some') throw no("it must be null or { tag: 'some', val }")
      return { tag: 'some', val: toWit(own(value, 'val'), type.item, `${path}.val`, refuse) }
    case 'tuple':
      if (!Array.isArray(value) || value.length !== type.items.length)
        throw no(`it must be a list of ${type.items.length}`)
      return type.items.map((item, index) => toWit(value[index], item, `${path}[${index}]`, refuse))
    case 'record':
      return toRecord(value, type.fields, path, no, refuse)
    case 'variant':
      return toCase(value, type.cases, path, no, refuse)
    case 'result':
      return toCase(value, bothOf(type), path, no, refuse)
    case 'enum':
      if (typeof value !== 'string' || !type.names.includes(value))
        throw no(`it must be one of ${type.names.join(', ')}`)
      return value
    case 'flags':
      if (!Array.isArray(value) || value.some((name) => !type.names.includes(name)))
        throw no(`it must be a list of ${type.names.join(', ')}`)
      return Object.fromEntries(type.names.map((name) => [camelCase(name), value.includes(name)]))
    default:
      throw no('it has no form in JSON')
  }
}

type No = (reason: string) => Error

function toBigInt(value: unknown, unsigned: boolean, no: No): bigint {
  const fits =
    typeof value === 'bigint' ||
    Number.isSafeInteger(value) ||
    (typeof value === 'string' && /^-?\d{1,20}$/.test(value))
  if (!fits) throw no('it must be a whole number, a bigint or text where it is wider than 53 bits')
  const whole = BigInt(value as string)
  if ((unsigned ? BigInt.asUintN(64, whole) : BigInt.asIntN(64, whole)) !== whole) throw no('it does not fit 64 bits')
  return whole
}

function toBytes(value: unknown, no: No): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    return Uint8Array.from(value)
  if (typeof value === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) return Buffer.from(value, 'base64')
  throw no('it must be bytes, or base64')
}

const arrays: Partial<Record<WitType['kind'], { from(list: unknown[]): unknown }>> = {
  s8: Int8Array as never,
  u16: Uint16Array as never,
  s16: Int16Array as never,
  u32: Uint32Array as never,
  s32: Int32Array as never,
  u64: BigUint64Array as never,
  s64: BigInt64Array as never,
  f32: Float32Array as never,
  f64: Float64Array as never,
}

function toList(value: unknown, item: WitType, path: string, refuse: Refuse): unknown {
  if (!Array.isArray(value)) throw refuse(path, item, 'it must be a list')
  const list = value.map((each, index) => toWit(each, item, `${path}[${index}]`, refuse))
  return arrays[item.kind]?.from(list) ?? list
}

function toRecord(value: unknown, fields: readonly WitField[], path: string, no: No, refuse: Refuse): unknown {
  if (!isObject(value)) throw no('it must be an object')
  const odd = Object.keys(value).find((key) => !fields.some((field) => field.name === key))
  if (odd !== undefined) throw no(`it has no field '${odd}'`)
  return Object.fromEntries(
    fields.map(({ name, type }) => [camelCase(name), toWit(own(value, name), type, `${path}.${name}`, refuse)]),
  )
}

type Cases = readonly { readonly name: string; readonly type: WitType | undefined }[]

function toCase(value: unknown, cases: Cases, path: string, no: No, refuse: Refuse): unknown {
  // A case without a value may be named alone.
  const tag = isObject(value) ? value.tag : value
  const found = cases.find(({ name }) => name === tag)
  if (!found) throw no(`its tag must be one of ${cases.map(({ name }) => name).join(', ')}`)
  if (!found.type) return { tag }
  const val = isObject(value) ? own(value, 'val') : undefined
  return { tag, val: toWit(val, found.type, `${path}.val`, refuse) }
}

/** Turns what the bindings give into JSON and bytes. */
export function fromWit(value: unknown, type: WitType): unknown {
  switch (type.kind) {
    case 'u64':
    case 's64':
      return narrowInteger(BigInt(value as bigint))
    case 'list':
      if (type.item.kind === 'u8') return value
      return Array.from(value as unknown[], (each) => fromWit(each, type.item))
    case 'option':
      if (type.item.kind !== 'option') return value === undefined ? null : fromWit(value, type.item)
      return (value as { tag: string }).tag === 'none' ? null : fromCase(value, [{ name: 'some', type: type.item }])
    case 'tuple':
      return type.items.map((item, index) => fromWit((value as unknown[])[index], item))
    case 'record':
      return Object.fromEntries(
        type.fields.map((field) => [
          field.name,
          fromWit((value as Record<string, unknown>)[camelCase(field.name)], field.type),
        ]),
      )
    case 'variant':
      return fromCase(value, type.cases)
    case 'result':
      return fromCase(value, bothOf(type))
    case 'flags':
      return type.names.filter((name) => (value as Record<string, boolean>)[camelCase(name)])
    default:
      return value
  }
}

function fromCase(value: unknown, cases: Cases): unknown {
  const { tag, val } = value as { tag: string; val: unknown }
  const type = cases.find(({ name }) => name === tag)?.type
  return type ? { tag, val: fromWit(val, type) } : { tag }
}

function bothOf({ ok, err }: { readonly ok: WitType | undefined; readonly err: WitType | undefined }): Cases {
  return [
    { name: 'ok', type: ok },
    { name: 'err', type: err },
  ]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function own(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
