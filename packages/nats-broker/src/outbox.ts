import type { Socket } from 'node:net'

const startBytes = 8 * 1024
/** Beyond this much, what has gathered is written without waiting for the end of the turn. */
const fullBytes = 64 * 1024
/** A payload from this size on is written as it is, not copied. */
const directBytes = 32 * 1024

/**
 * Gathers what is to be written to one client, so that many small messages cost one write.
 *
 * The buffer is used again once the kernel has taken all of it, which a plain socket tells (`writableLength` 0); a TLS
 * socket does not.
 */
export class Outbox {
  readonly #socket: Socket
  readonly #reusable: boolean
  #buffer = Buffer.allocUnsafeSlow(startBytes)
  #length = 0

  constructor(socket: Socket, encrypted: boolean) {
    this.#socket = socket
    this.#reusable = !encrypted
  }

  /** Bytes that the client has not taken yet. */
  get pending(): number {
    return this.#length + this.#socket.writableLength
  }

  /** Adds a latin1 text. */
  text(text: string): void {
    this.#reserve(text.length)
    this.#length += this.#buffer.write(text, this.#length, 'latin1')
  }

  /** Adds a message: its protocol line, then its content and a line end. */
  message(line: string, content: Buffer): void {
    if (content.length >= directBytes) {
      this.text(line)
      this.flush()
      this.#socket.write(content)
      this.text('\r\n')
      return
    }
    this.#reserve(line.length + content.length + 2)
    const buffer = this.#buffer
    let at = this.#length
    at += buffer.write(line, at, 'latin1')
    at += content.copy(buffer, at)
    buffer[at] = 13
    buffer[at + 1] = 10
    this.#length = at + 2
    if (this.#length >= fullBytes) this.flush()
  }

  /** Hands everything to the socket. */
  flush(): void {
    if (this.#length === 0) return
    const full = this.#buffer.subarray(0, this.#length)
    this.#length = 0
    if (!this.#socket.writable) return
    this.#socket.write(full)
    if (!this.#reusable || this.#socket.writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(startBytes)
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
