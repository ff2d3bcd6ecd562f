import { ConnectionError, http2Code } from '../http2/error.ts'
import { DynamicTable } from './dynamic-table.ts'
import { decodeHuffman } from './huffman.ts'
import type { Header } from './static-table.ts'

/** A header block that was read. */
export interface DecodedBlock {
  readonly headers: Header[]
  /** The list was larger than allowed: what was beyond that was read, as the table needs it, and dropped. */
  readonly tooLarge: boolean
  /** Bytes of the whole list, as RFC 9113 counts them (section 6.5.2). */
  readonly size: number
}

/** Reads header blocks (RFC 7541). One for each connection: blocks build on those before them. */
export class HpackDecoder {
  readonly #table: DynamicTable
  readonly #maxTableSize: number
  readonly #maxListSize: number
  #block: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(init: { readonly maxTableSize: number; readonly maxListSize: number }) {
    this.#table = new DynamicTable(init.maxTableSize)
    this.#maxTableSize = init.maxTableSize
    this.#maxListSize = init.maxListSize
  }

  /**
   * Reads a whole block.
   *
   * @throws ConnectionError since the table is out of step after an error
   */
  decode(block: Buffer): DecodedBlock {
    this.#block = block
    this.#at = 0
    const headers: Header[] = []
    let size = 0
    let tooLarge = false
    let fields = 0
    while (this.#at < block.length) {
      const byte = block[this.#at]!
      if ((byte & 0xe0) === 0x20) {
        const max = this.#integer(5)
        if (fields > 0 || max > this.#maxTableSize) throw bad('the size of the table is set in a wrong way')
        this.#table.resize(max)
        continue
      }
      fields += 1
      const header = byte & 0x80 ? this.#known(this.#integer(7)) : this.#literal(byte)
      size += header[0].length + header[1].length + 32
      if (size > this.#maxListSize) tooLarge = true
      else headers.push(header)
    }
    return { headers, tooLarge, size }
  }

  #literal(byte: number): Header {
    const indexed = (byte & 0x40) !== 0
    const index = this.#integer(indexed ? 6 : 4)
    const name = index === 0 ? this.#string() : this.#known(index)[0]
    const header: Header = [name, this.#string()]
    if (indexed) this.#table.add(header)
    return header
  }

  #known(index: number): Header {
    const header = index === 0 ? undefined : this.#table.at(index)
    if (!header) throw bad(`there is no field ${index}`)
    return header
  }

  #integer(prefix: number): number {
    const mask = (1 << prefix) - 1
    let value = this.#byte() & mask
    if (value < mask) return value
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw bad('a number is too large')
  }

  #string(): string {
    const coded = ((this.#block[this.#at] ?? 0) & 0x80) !== 0
    const length = this.#integer(7)
    const end = this.#at + length
    if (end > this.#block.length) throw bad('it ends too early')
    const from = this.#at
    this.#at = end
    return coded ? decodeHuffman(this.#block.subarray(from, end)) : this.#block.toString('latin1', from, end)
  }

  #byte(): number {
    const byte = this.#block[this.#at++]
    if (byte === undefined) throw bad('it ends too early')
    return byte
  }
}

function bad(reason: string): ConnectionError {
  return new ConnectionError(http2Code.compression, `a header block cannot be read: ${reason}`)
}
