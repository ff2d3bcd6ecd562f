import type { Stream } from './http2/stream.ts'

/** Above this a call's messages are not kept for another attempt. */
const maxBytes = 256 * 1024

/**
 * What a call sends, kept for another attempt on another stream, until the call is committed to the one that it has
 * (the words of gRPC's retry design, A6).
 */
export class Replay {
  #pieces: Buffer[] | undefined = []
  #bytes = 0

  /** How much is kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether there cannot be another attempt. */
  get committed(): boolean {
    return this.#pieces === undefined
  }

  /** Keeps pieces of a message; without a stream they wait here, however many they are. */
  keep(pieces: readonly Buffer[], stream: Stream | undefined): void {
    if (!this.#pieces) return
    for (const piece of pieces) {
      this.#pieces.push(piece)
      this.#bytes += piece.length
    }
    if (stream && this.#bytes > maxBytes) this.commit()
  }

  /** Writes what is kept to the stream of another attempt. */
  write(stream: Stream): void {
    for (const piece of this.#pieces ?? []) stream.write(piece)
    if (this.#bytes > maxBytes) this.commit()
  }

  /** Keeps nothing from here on. */
  commit(): void {
    this.#pieces = undefined
    this.#bytes = 0
  }
}
