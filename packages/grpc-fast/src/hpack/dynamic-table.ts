import { type Header, staticTable } from './static-table.ts'

/** What an entry counts beside its name and value (RFC 7541, section 4.1). */
const overhead = 32

/** The header fields that both ends remember (RFC 7541, section 2.3). */
export class DynamicTable {
  /** Oldest first, since entries come and go at the ends. */
  #entries: Header[] = []
  #size = 0
  #maxSize: number
  /** Counts the changes, for those who keep what they made from it. */
  generation = 0

  constructor(maxSize: number) {
    this.#maxSize = maxSize
  }

  get maxSize(): number {
    return this.#maxSize
  }

  get size(): number {
    return this.#size
  }

  get length(): number {
    return this.#entries.length
  }

  /** The field of an index over both tables, which begins at 1. */
  at(index: number): Header | undefined {
    if (index <= staticTable.length) return staticTable[index - 1]
    return this.#entries[this.#entries.length - (index - staticTable.length)]
  }

  /** The index of a field, or 0. */
  indexOf(name: string, value: string): number {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i]!
      if (entry[0] === name && entry[1] === value) return staticTable.length + this.#entries.length - i
    }
    return 0
  }

  add(header: Header): void {
    const size = header[0].length + header[1].length + overhead
    this.generation += 1
    this.#evict(this.#maxSize - size)
    // An entry larger than the table empties it and is not kept (section 4.4).
    if (size > this.#maxSize) return
    this.#entries.push(header)
    this.#size += size
  }

  resize(maxSize: number): void {
    this.generation += 1
    this.#maxSize = maxSize
    this.#evict(maxSize)
  }

  #evict(room: number): void {
    let gone = 0
    while (this.#size > room && gone < this.#entries.length) {
      const [name, value] = this.#entries[gone]!
      this.#size -= name.length + value.length + overhead
      gone += 1
    }
    if (gone > 0) this.#entries.splice(0, gone)
  }
}
