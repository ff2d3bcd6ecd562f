import type { WasmMemory } from '../webassembly.ts'
import { errno, WasiError } from './errno.ts'

const decoder = new TextDecoder()

/**
 * A guest's memory as its host functions see it: every pointer is checked, and growing may replace the buffer at any
 * time.
 */
export class GuestMemory {
  readonly #memory: () => WasmMemory | undefined

  constructor(memory: () => WasmMemory | undefined) {
    this.#memory = memory
  }

  /** A view of `length` bytes. Throws `WasiError` (fault) when they are not all there. */
  bytes(at: number, length: number): Uint8Array<ArrayBuffer> {
    const buffer = this.#memory()?.buffer
    const [from, count] = [at >>> 0, length >>> 0]
    if (!(buffer instanceof ArrayBuffer) || from + count > buffer.byteLength) throw new WasiError(errno.fault)
    return new Uint8Array(buffer, from, count)
  }

  text(at: number, length: number): string {
    return decoder.decode(this.bytes(at, length))
  }

  u32(at: number, value: number): void {
    this.#view(at, 4).setUint32(0, value, true)
  }

  u64(at: number, value: bigint): void {
    this.#view(at, 8).setBigUint64(0, value, true)
  }

  /** The buffers of a scatter/gather list. */
  vectors(at: number, count: number): Uint8Array<ArrayBuffer>[] {
    // A list longer than memory itself is no list.
    this.bytes(at, Math.min((count >>> 0) * 8, 0xffffffff))
    return Array.from({ length: count >>> 0 }, (_, index) => {
      const view = this.#view((at >>> 0) + 8 * index, 8)
      return this.bytes(view.getUint32(0, true), view.getUint32(4, true))
    })
  }

  #view(at: number, length: number): DataView {
    const { buffer, byteOffset } = this.bytes(at, length)
    return new DataView(buffer, byteOffset, length)
  }
}
