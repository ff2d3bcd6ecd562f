import { ConnectionError, http2Code } from './error.ts'
import { defaultMaxFrameSize, headerBytes } from './frame.ts'

/** Takes one frame; `payload` is valid during the call only. */
export type OnFrame = (type: number, flags: number, stream: number, payload: Buffer) => void

/** Finds the frames in bytes, however they are cut. The bytes need not stay as they are after `push`. */
export class FrameReader {
  readonly #onFrame: OnFrame
  /** A frame that has not come whole. */
  #held = Buffer.alloc(0)
  #filled = 0

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  /** @throws ConnectionError when a frame is larger than this side allows */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#filled > 0) {
        at += this.#fill(chunk, at)
        continue
      }
      const rest = chunk.length - at
      const size = rest < headerBytes ? 0 : headerBytes + lengthOf(chunk, at)
      if (size === 0 || rest < size) {
        this.#hold(chunk.subarray(at))
        return
      }
      this.#read(chunk.subarray(at, at + size))
      at += size
    }
  }

  #hold(piece: Buffer): void {
    if (this.#held.length === 0) this.#held = Buffer.allocUnsafe(headerBytes + defaultMaxFrameSize)
    piece.copy(this.#held)
    this.#filled = piece.length
  }

  /** Adds to the frame that is held; gives how many bytes it took. */
  #fill(chunk: Buffer, at: number): number {
    const size = this.#filled < headerBytes ? headerBytes : headerBytes + lengthOf(this.#held, 0)
    const take = Math.min(size - this.#filled, chunk.length - at)
    chunk.copy(this.#held, this.#filled, at, at + take)
    this.#filled += take
    if (this.#filled >= headerBytes && this.#filled === headerBytes + lengthOf(this.#held, 0)) {
      const whole = this.#held.subarray(0, this.#filled)
      this.#filled = 0
      this.#read(whole)
    }
    return take
  }

  #read(whole: Buffer): void {
    this.#onFrame(whole[3]!, whole[4]!, whole.readUInt32BE(5) & 0x7fffffff, whole.subarray(headerBytes))
  }
}

function lengthOf(bytes: Buffer, at: number): number {
  const length = bytes.readUIntBE(at, 3)
  if (length > defaultMaxFrameSize) {
    throw new ConnectionError(
      http2Code.frameSize,
      `a frame of ${length} bytes; at most ${defaultMaxFrameSize} are allowed`,
    )
  }
  return length
}
