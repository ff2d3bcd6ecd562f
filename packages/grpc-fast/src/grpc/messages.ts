/** Compressed or not, and the length: what stands before each message. */
export const prefixBytes = 5

/** Above this a message is not given its whole memory before it comes, but pieces of this size. */
const maxUpfront = 1024 * 1024

/** Small messages are copied behind their prefix; large ones follow it as they are. */
const maxCopied = 16 * 1024

/** Puts the prefix before a message; gives one or two pieces. */
export function frameMessage(message: Uint8Array): Buffer[] {
  const small = message.length <= maxCopied
  const head = Buffer.allocUnsafe(small ? prefixBytes + message.length : prefixBytes)
  head[0] = 0
  head.writeUInt32BE(message.length, 1)
  if (small) {
    head.set(message, prefixBytes)
    return [head]
  }
  return [head, Buffer.from(message.buffer, message.byteOffset, message.byteLength)]
}

/** Takes one message that has come whole. */
export type OnMessage = (message: Buffer, compressed: boolean) => void

/** Finds the messages in the bytes of a stream, however they are cut. Keeps no bytes that it was given. */
export class MessageReader {
  readonly #prefix = Buffer.alloc(prefixBytes)
  #prefixed = 0
  #length = 0
  #body: Buffer[] = []
  #filled = 0

  /** How many bytes of a message that has not come whole have come. */
  get partial(): number {
    return this.#prefixed + this.#filled
  }

  /**
   * Takes bytes.
   *
   * @param admit - given a message's length as soon as that is known; false makes an end of reading
   */
  push(bytes: Buffer, admit: (length: number) => boolean, onMessage: OnMessage): void {
    let at = 0
    while (at < bytes.length || (this.#prefixed === prefixBytes && this.#filled === this.#length)) {
      if (this.#prefixed < prefixBytes) {
        const take = Math.min(prefixBytes - this.#prefixed, bytes.length - at)
        bytes.copy(this.#prefix, this.#prefixed, at, at + take)
        this.#prefixed += take
        at += take
        if (this.#prefixed < prefixBytes) return
        this.#length = this.#prefix.readUInt32BE(1)
        if (!admit(this.#length)) return
      }
      at += this.#fill(bytes, at)
      if (this.#filled < this.#length) continue
      const [only] = this.#body
      const message = this.#body.length === 1 && only ? only : Buffer.concat(this.#body)
      this.#body = []
      this.#prefixed = 0
      this.#filled = 0
      onMessage(message, this.#prefix[0] === 1)
    }
  }

  /**
   * Copies into the current piece; gives how much that was. However finely a peer cuts a message, the pieces are few.
   */
  #fill(bytes: Buffer, from: number): number {
    const at = this.#filled % maxUpfront
    const due = Math.min(this.#length - this.#filled, bytes.length - from)
    if (due === 0) return 0
    if (at === 0) this.#body.push(Buffer.allocUnsafe(Math.min(this.#length - this.#filled, maxUpfront)))
    const piece = this.#body.at(-1)!
    const take = bytes.copy(piece, at, from, from + due)
    this.#filled += take
    return take
  }
}
