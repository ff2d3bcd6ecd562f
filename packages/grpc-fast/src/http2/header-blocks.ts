import { type DecodedBlock, HpackDecoder } from '../hpack/decoder.ts'
import { ConnectionError, http2Code } from './error.ts'
import { flag, frameType, unpadded } from './frame.ts'
import { maxTableSize } from './opening.ts'

/**
 * A list that is too large fails its own call only: its block is read all the same, up to this size. What Go's servers
 * send at the most is as large.
 */
const leastMaxBytes = 16 * 1024 * 1024

/** An endless row of small or empty frames would be as bad as a large one: so many, and one more for each 8 KiB. */
const maxFrames = 128

/** A header list that has come whole. */
export interface HeaderBlock extends DecodedBlock {
  readonly id: number
  /** It ends the stream. */
  readonly end: boolean
}

/** Puts header blocks together and reads them: all of a connection's, since later ones build on those before them. */
export class HeaderBlocks {
  readonly #decoder: HpackDecoder
  readonly #maxBytes: number
  #open: { readonly id: number; readonly end: boolean; readonly parts: Buffer[]; size: number } | undefined

  constructor(maxHeaderListSize: number) {
    this.#decoder = new HpackDecoder({ maxTableSize, maxListSize: maxHeaderListSize })
    // The coded form of a list is never much larger than the list.
    this.#maxBytes = Math.max(2 * maxHeaderListSize, leastMaxBytes)
  }

  /** @throws ConnectionError when another frame comes within a header block */
  check(type: number, id: number): void {
    if (this.#open && (type !== frameType.continuation || id !== this.#open.id)) {
      throw new ConnectionError(http2Code.protocol, 'another frame within a header block')
    }
  }

  /** Takes a HEADERS frame; gives the list once it is whole. */
  headers(flags: number, id: number, payload: Buffer): HeaderBlock | undefined {
    let part = unpadded(flags, payload)
    if (flags & flag.priority) {
      if (part.length < 5) throw new ConnectionError(http2Code.frameSize, 'a HEADERS frame is too short')
      part = part.subarray(5)
    }
    const end = (flags & flag.endStream) !== 0
    if (flags & flag.endHeaders) return { id, end, ...this.#decoder.decode(part) }
    this.#open = { id, end, parts: [Buffer.from(part)], size: part.length }
    return undefined
  }

  /** Takes a CONTINUATION frame; gives the list once it is whole. */
  continuation(flags: number, payload: Buffer): HeaderBlock | undefined {
    const block = this.#open
    if (!block) throw new ConnectionError(http2Code.protocol, 'a CONTINUATION frame without a header block')
    block.parts.push(Buffer.from(payload))
    block.size += payload.length
    if (block.size > this.#maxBytes || block.parts.length > maxFrames + block.size / 8192) {
      throw new ConnectionError(http2Code.enhanceYourCalm, 'a header block without an end')
    }
    if (!(flags & flag.endHeaders)) return undefined
    this.#open = undefined
    return { id: block.id, end: block.end, ...this.#decoder.decode(Buffer.concat(block.parts)) }
  }
}
