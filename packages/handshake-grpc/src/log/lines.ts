/** A line of a stream; `whole` is false for a piece of a line that was longer than the limit. */
export interface StreamLine {
  readonly text: string
  readonly whole: boolean
}

/** Cuts bytes into lines. A line over the limit comes out in pieces, so memory is bounded whatever a plugin prints. */
export class LineSplitter {
  readonly #limit: number
  #held: Buffer[] = []
  #length = 0
  #inLongLine = false

  /** @param limit - longest line in bytes */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes a piece and gives the lines that it completes, without their line ends. */
  push(chunk: Buffer): StreamLine[] {
    const lines: StreamLine[] = []
    let rest = chunk
    while (rest.length > 0) {
      const end = rest.indexOf(0x0a)
      const room = this.#limit - this.#length
      if (end !== -1 && end <= room) {
        this.#hold(rest.subarray(0, end))
        lines.push(this.#take(!this.#inLongLine))
        this.#inLongLine = false
        rest = rest.subarray(end + 1)
      } else if (rest.length > room) {
        this.#hold(rest.subarray(0, room))
        this.#inLongLine = true
        lines.push(this.#take(false))
        rest = rest.subarray(room)
      } else {
        this.#hold(Buffer.from(rest))
        rest = rest.subarray(rest.length)
      }
    }
    return lines
  }

  /** What is left when the stream ends without a line end. */
  end(): StreamLine[] {
    return this.#length === 0 ? [] : [this.#take(!this.#inLongLine)]
  }

  #hold(piece: Buffer): void {
    this.#held.push(piece)
    this.#length += piece.length
  }

  #take(whole: boolean): StreamLine {
    const text = Buffer.concat(this.#held).toString('utf8').replace(/\r$/, '')
    this.#held = []
    this.#length = 0
    return { text, whole }
  }
}
