import { wasmError } from '../errors.ts'

const text = new TextDecoder()

/** Reads a module's bytes, front to back. Throws `BP_WASM_MODULE_INVALID` at what is cut short or out of range. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
    if (end > bytes.length) throw this.invalid('it is cut short')
  }

  get done(): boolean {
    return this.at >= this.end
  }

  byte(): number {
    if (this.at >= this.end) throw this.invalid('it is cut short')
    return this.bytes[this.at++] as number
  }

  /** An unsigned LEB128 of 32 bits. */
  u32(): number {
    const first = this.byte()
    if (first < 0x80) return first
    let value = first & 0x7f
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw this.invalid('a number is out of range')
  }

  /** Passes over a LEB128 of any width. */
  skipLeb(): void {
    for (let count = 0; count < 10; count++) if (this.byte() < 0x80) return
    throw this.invalid('a number is out of range')
  }

  skip(count: number): void {
    this.at += count
    if (this.at > this.end) throw this.invalid('it is cut short')
  }

  name(): string {
    const length = this.u32()
    const from = this.at
    this.skip(length)
    return text.decode(this.bytes.subarray(from, this.at))
  }

  /** A reader of the next `length` bytes, which this one passes over. */
  part(length: number): ByteReader {
    const from = this.at
    this.skip(length)
    return new ByteReader(this.bytes, from, this.at)
  }

  invalid(reason: string) {
    return wasmError('BP_WASM_MODULE_INVALID', { details: { what: 'The file', reason: `${reason} at ${this.at}` } })
  }
}

/** Writes a module's bytes into a buffer that grows. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #at = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#at
  }

  byte(...values: number[]): this {
    this.#reserve(values.length)
    for (const value of values) this.#bytes[this.#at++] = value
    return this
  }

  u32(value: number): this {
    let rest = value
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.byte((rest & 0x7f) | 0x80)
    return this.byte(rest)
  }

  /** A signed LEB128, for constants. */
  i32(value: number): this {
    let rest = value
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.byte(low)
      this.byte(low | 0x80)
    }
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }

  name(value: string): this {
    const bytes = new TextEncoder().encode(value)
    return this.u32(bytes.length).raw(bytes)
  }

  /** What has been written; valid until more is. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at)
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + count))
    grown.set(this.bytes())
    this.#bytes = grown
  }
}
