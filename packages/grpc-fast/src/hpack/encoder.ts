import { DynamicTable } from './dynamic-table.ts'
import { type Header, staticTable } from './static-table.ts'

/** The largest table that is kept, whatever the peer allows. */
const maxTableSize = 4096

/** How many ready-made blocks are kept. */
const maxKept = 256

/** Names whose values no table and no intermediary may remember (RFC 7541, section 7.1.3). */
const secret: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie'])

/**
 * Writes header blocks (RFC 7541). One for each connection. Strings go uncoded: the peers are near, and the fields that
 * come again are one byte each.
 */
export class HpackEncoder {
  readonly #table = new DynamicTable(maxTableSize)
  readonly #kept = new Map<string, { readonly generation: number; readonly block: Buffer }>()
  /** The smallest size since the last block; set when the peer has to be told. */
  #resized: number | undefined
  /** The block that is being written. */
  #out = Buffer.allocUnsafe(512)
  #at = 0

  /** Takes over the table size that the peer allows. */
  setMaxTableSize(size: number): void {
    const wanted = Math.min(size, maxTableSize)
    if (wanted === this.#table.maxSize) return
    this.#resized = Math.min(this.#resized ?? wanted, wanted)
    this.#table.resize(wanted)
  }

  /**
   * Writes one block: the `steady` fields, which the peer is asked to remember, then the others. `key` names the steady
   * fields: a block is made once for each key and used again as long as the table stays as it is.
   */
  encode(key: string, steady: () => readonly Header[], others: readonly Header[]): Buffer {
    const kept = this.#kept.get(key)
    if (kept?.generation === this.#table.generation && this.#resized === undefined) {
      if (others.length === 0) return kept.block
      this.#begin(kept.block)
    } else {
      this.#begin()
      if (this.#resized !== undefined) {
        this.#integer(this.#resized, 5, 0x20)
        if (this.#table.maxSize !== this.#resized) this.#integer(this.#table.maxSize, 5, 0x20)
        this.#resized = undefined
      }
      this.#steady(key, steady())
    }
    for (const [name, value] of others) this.#field(name, value, 4, secret.has(name) ? 0x10 : 0x00)
    return Buffer.from(this.#out.subarray(0, this.#at))
  }

  #begin(block?: Buffer): void {
    this.#at = 0
    if (!block) return
    this.#room(block.length)
    this.#at = block.copy(this.#out)
  }

  #steady(key: string, headers: readonly Header[]): void {
    const before = this.#table.generation
    const from = this.#at
    for (const [name, value] of headers) {
      const exact = exactIndexes.get(`${name}\0${value}`) ?? this.#table.indexOf(name, value)
      if (exact > 0) this.#integer(exact, 7, 0x80)
      else if (name.length + value.length + 32 > this.#table.maxSize) this.#field(name, value, 4, 0x00)
      else {
        this.#field(name, value, 6, 0x40)
        this.#table.add([name, value])
      }
    }
    if (this.#table.generation !== before) return
    if (this.#kept.size >= maxKept) this.#kept.clear()
    this.#kept.set(key, { generation: before, block: Buffer.from(this.#out.subarray(from, this.#at)) })
  }

  #field(name: string, value: string, prefix: number, pattern: number): void {
    const index = nameIndexes.get(name) ?? 0
    this.#integer(index, prefix, pattern)
    if (index === 0) this.#string(name)
    this.#string(value)
  }

  #string(text: string): void {
    this.#integer(text.length, 7, 0)
    this.#room(text.length)
    this.#at += this.#out.write(text, this.#at, 'latin1')
  }

  #integer(value: number, prefix: number, pattern: number): void {
    this.#room(6)
    const mask = (1 << prefix) - 1
    if (value < mask) {
      this.#out[this.#at++] = pattern | value
      return
    }
    this.#out[this.#at++] = pattern | mask
    let rest = value - mask
    while (rest >= 0x80) {
      this.#out[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#out[this.#at++] = rest
  }

  /** Makes sure that so many bytes can be written. */
  #room(bytes: number): void {
    if (this.#at + bytes <= this.#out.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#at + bytes))
    this.#out.copy(larger, 0, 0, this.#at)
    this.#out = larger
  }
}

const nameIndexes: ReadonlyMap<string, number> = new Map(
  staticTable.map(([name], i): [string, number] => [name, i + 1]).toReversed(),
)

const exactIndexes: ReadonlyMap<string, number> = new Map(
  staticTable.map(([name, value], i): [string, number] => [`${name}\0${value}`, i + 1]),
)
