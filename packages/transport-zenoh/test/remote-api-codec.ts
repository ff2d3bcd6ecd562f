/**
 * Zenoh's serialization, as far as the remote API needs it: little-endian integers, LEB128 lengths, optionals after a
 * bool.
 */

/** Writes the fields of one frame. */
export class Writer {
  readonly #parts: Buffer[] = []

  u8(value: number): this {
    return this.raw(Buffer.from([value]))
  }

  u16(value: number): this {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16LE(value)
    return this.raw(bytes)
  }

  u32(value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    return this.raw(bytes)
  }

  bool(value: boolean): this {
    return this.u8(value ? 1 : 0)
  }

  bytes(value: Uint8Array): this {
    let rest = value.length
    const length: number[] = []
    do {
      length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
      rest >>>= 7
    } while (rest > 0)
    return this.raw(Buffer.from(length)).raw(value)
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value))
  }

  /** A bool, and the value where there is one. */
  optional<T>(value: T | undefined, write: (value: T) => void): this {
    this.bool(value !== undefined)
    if (value !== undefined) write(value)
    return this
  }

  raw(value: Uint8Array): this {
    this.#parts.push(Buffer.from(value))
    return this
  }

  done(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/** Reads the fields of one frame. */
export class Reader {
  readonly #frame: Buffer
  #at = 0

  constructor(frame: Buffer) {
    this.#frame = frame
  }

  u8(): number {
    return this.#frame.readUInt8(this.#move(1))
  }

  u16(): number {
    return this.#frame.readUInt16LE(this.#move(2))
  }

  u32(): number {
    return this.#frame.readUInt32LE(this.#move(4))
  }

  bool(): boolean {
    return this.u8() !== 0
  }

  bytes(): Buffer {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8()
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    const from = this.#move(length)
    return this.#frame.subarray(from, from + length)
  }

  text(): string {
    return this.bytes().toString()
  }

  optional<T>(read: () => T): T | undefined {
    return this.bool() ? read() : undefined
  }

  encoding(): readonly [number, string] {
    return [this.u16(), this.text()]
  }

  #move(by: number): number {
    const from = this.#at
    this.#at += by
    return from
  }
}

/** Messages of a client, by the first byte of a frame. */
export const fromClient = {
  declareSubscriber: 2,
  undeclareSubscriber: 3,
  declareQueryable: 4,
  undeclareQueryable: 5,
  declareToken: 8,
  undeclareToken: 9,
  declareTokenSubscriber: 10,
  undeclareTokenSubscriber: 11,
  timestamp: 13,
  put: 14,
  get: 18,
  tokenGet: 20,
  replyOk: 21,
  replyError: 23,
  final: 24,
  ping: 25,
} as const

/** Messages of a router. */
export const fromRouter = { pong: 0, ok: 1, error: 2, timestamp: 3, sample: 5, query: 6, reply: 7, final: 8 } as const
/** A sequence id follows the first byte. */
export const hasSequence = 0x80
