/** Cuts bytes into lines of text. A longer line comes in pieces, so that memory is bounded whatever a plugin prints. */
export class Lines {
  readonly #limit: number
  readonly #decoder = new TextDecoder('utf-8')
  #held = ''

  /** @param limit - longest line, in characters */
  constructor(limit = 16 * 1024) {
    this.#limit = limit
  }

  /** Takes what has come, and hands on each line that it completes. What is no UTF-8 is replaced. */
  push(chunk: Buffer, line: (text: string) => void): void {
    const text = this.#held + this.#decoder.decode(chunk, { stream: true })
    let at = 0
    for (;;) {
      const end = text.indexOf('\n', at)
      if (end < 0) break
      this.#cut(text, at, end, line)
      at = end + 1
    }
    this.#held = text.slice(at)
    while (this.#held.length > this.#limit) {
      line(this.#held.slice(0, this.#limit))
      this.#held = this.#held.slice(this.#limit)
    }
  }

  /** What is left when the stream ends without a line end. */
  end(line: (text: string) => void): void {
    if (this.#held !== '') line(this.#held)
    this.#held = ''
  }

  #cut(text: string, from: number, to: number, line: (text: string) => void): void {
    let at = from
    for (; to - at > this.#limit; at += this.#limit) line(text.slice(at, at + this.#limit))
    const last = text.charCodeAt(to - 1) === 13 ? to - 1 : to
    line(text.slice(at, Math.max(at, last)))
  }
}
