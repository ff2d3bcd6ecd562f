import { handshakeError } from '../errors.ts'

/**
 * Writes a protobuf message field by field. It knows what the built-in messages of go-plugin need and no more: they
 * are five tiny types, and a general library would add more to a plugin's cold start than everything else here.
 */
export class ProtoWriter {
  #bytes: (number | Uint8Array)[] = []

  /** A varint field of up to 53 bits; the default, 0, is left out as proto3 does. */
  uint(field: number, value: number): this {
    if (value === 0) return this
    this.#varint(field * 8)
    this.#varint(value)
    return this
  }

  bool(field: number, value: boolean): this {
    return this.uint(field, value ? 1 : 0)
  }

  string(field: number, value: string): this {
    return value === '' ? this : this.bytes(field, Buffer.from(value, 'utf8'))
  }

  /** A length-delimited field; written even when empty, since an embedded message may be. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + 2)
    this.#varint(value.length)
    this.#bytes.push(value)
    return this
  }

  message(field: number, value: ProtoWriter): this {
    return this.bytes(field, value.finish())
  }

  finish(): Buffer {
    return Buffer.concat(this.#bytes.map((part) => (typeof part === 'number' ? Buffer.of(part) : part)))
  }

  #varint(value: number): void {
    let rest = value
    while (rest > 127) {
      this.#bytes.push((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    this.#bytes.push(rest)
  }
}

/** One field as it stands on the wire: a number for varints, bytes for everything else. */
export interface ProtoField {
  readonly field: number
  readonly value: number | Buffer
}

/**
 * Reads a protobuf message into its fields, unknown ones included. Varints above 53 bits lose precision: the built-in
 * messages have none.
 *
 * @throws BP_HANDSHAKE_WIRE when the bytes are cut short or not protobuf
 */
export function readProto(bytes: Uint8Array): ProtoField[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields: ProtoField[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      const byte = buffer[at++]
      if (byte === undefined) throw cut()
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
    throw handshakeError('BP_HANDSHAKE_WIRE', { details: { reason: 'a varint has more than ten bytes' } })
  }
  const take = (length: number): Buffer => {
    if (at + length > buffer.length) throw cut()
    at += length
    return buffer.subarray(at - length, at)
  }
  while (at < buffer.length) {
    const key = varint()
    const field = Math.floor(key / 8)
    const type = key % 8
    if (type === 0) fields.push({ field, value: varint() })
    else if (type === 1) fields.push({ field, value: take(8) })
    else if (type === 2) fields.push({ field, value: take(varint()) })
    else if (type === 5) fields.push({ field, value: take(4) })
    else throw handshakeError('BP_HANDSHAKE_WIRE', { details: { reason: `wire type ${type} is not supported` } })
  }
  return fields
}

function cut() {
  return handshakeError('BP_HANDSHAKE_WIRE', { details: { reason: 'the message is cut short' } })
}
