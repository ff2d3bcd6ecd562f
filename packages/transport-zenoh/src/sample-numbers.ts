/**
 * How a subscriber learns what it missed. Zenoh drops samples where a link is congested and tells neither side; and a
 * bridge does not hand on the source information from which Zenoh's own advanced subscriber would know. So each sample
 * of this transport carries, as its attachment, who publishes it and its number on its key: anyone who subscribes to a
 * key gets every number of it, and one that is skipped was lost.
 */

const magic = [0xb9, 0x02] as const
const idLength = 8
const length = magic.length + idLength + 4
/** So many keys are numbered, and at least as many publishers on keys are watched, at a time. */
const most = 10_000

/** Numbers what one transport publishes, for each key from 0. */
export class SampleNumbers {
  #own = newId()
  readonly #counts = new Map<string, number>()

  next(key: string): Uint8Array {
    const number = this.#counts.get(key) ?? 0
    // As another publisher it may begin at 0 again, and nobody takes that for a gap.
    if (number === 0 && this.#counts.size >= most) {
      this.#counts.clear()
      this.#own = newId()
    }
    this.#counts.set(key, (number + 1) % 2 ** 32)
    const attachment = new Uint8Array(length)
    attachment.set(magic)
    attachment.set(this.#own, magic.length)
    new DataView(attachment.buffer).setUint32(length - 4, number)
    return attachment
  }
}

/** Knows, for one subscription on one session, the last number of each publisher on each key. */
export class SampleGaps {
  #last = new Map<string, number>()
  /** What {@link #last} was before it was full: who has not been heard since is forgotten with the next. */
  #older = new Map<string, number>()

  /** How many samples were lost between this one and the last of the same publisher on the same key. */
  before(key: string, attachment: Uint8Array | undefined): number {
    if (attachment?.length !== length || attachment[0] !== magic[0] || attachment[1] !== magic[1]) return 0
    const bytes = Buffer.from(attachment.buffer, attachment.byteOffset, length)
    const source = `${bytes.toString('latin1', magic.length, magic.length + idLength)}${key}`
    const number = bytes.readUInt32BE(length - 4)
    const last = this.#last.get(source) ?? this.#older.get(source)
    const ahead = last === undefined ? 1 : (number - last) >>> 0
    // What comes twice, or late by another way, is not ahead.
    if (ahead === 0 || ahead >= 2 ** 31) return 0
    this.#last.set(source, number)
    if (this.#last.size >= most) {
      this.#older = this.#last
      this.#last = new Map()
    }
    return ahead - 1
  }
}

function newId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(idLength))
}
