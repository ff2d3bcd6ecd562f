import type { CompiledModule, Engine } from '../sandbox/engine.ts'
import type { FullLimits } from '../sandbox/limits.ts'
import type { Meter } from '../sandbox/meter.ts'
import type { WasmFunction, WasmMemory } from '../webassembly.ts'
import { kernelCode } from './kernel-code.ts'

/** What guests may import of the kernel; the rest is the host's. */
const guestFunctions = [
  'alloc',
  'free',
  'length',
  'length_unsafe',
  'load_u8',
  'load_u64',
  'store_u8',
  'store_u64',
  'input_offset',
  'input_length',
  'input_load_u8',
  'input_load_u64',
  'output_set',
  'error_set',
  'error_get',
] as const

interface KernelExports {
  readonly memory: WasmMemory
  alloc(bytes: bigint): bigint
  free(handle: bigint): void
  length(handle: bigint): bigint
  error_set(handle: bigint): void
  error_get(): bigint
  reset(): void
  input_set(at: number, length: number): void
  output_offset(): number
  output_length(): number
}

/** Compiles the kernel under a plugin's limits; its memory counts with the plugin's. */
export function compileKernel(engine: Engine, limits: FullLimits): CompiledModule {
  // Its own code never loops for long, so it is not metered; its growth is.
  const free = { ...limits, callDepth: Number.POSITIVE_INFINITY, moduleBytes: 1 << 20 }
  return engine.compile('the kernel', new Uint8Array(Buffer.from(kernelCode, 'base64')), free, { fuel: false })
}

/** The memory that a guest shares with its host, as the host sees it. Whatever a guest says of it is checked. */
export class Kernel {
  /** What guests import under `extism:host/env`. */
  readonly imports: Readonly<Record<string, WasmFunction>>
  readonly #exports: KernelExports
  #view = new Uint8Array()

  constructor(engine: Engine, compiled: CompiledModule, meter: Meter) {
    const { exports } = engine.instantiate(compiled, {}, meter)
    this.#exports = exports as unknown as KernelExports
    this.imports = Object.fromEntries(guestFunctions.map((name) => [name, exports[name] as WasmFunction]))
  }

  /** Forgets every block and gives the next call its input; false when there is no room. */
  begin(input: Uint8Array): boolean {
    const kernel = this.#exports
    kernel.reset()
    if (input.length === 0) return true
    const at = Number(kernel.alloc(BigInt(input.length)))
    if (at === 0) return false
    this.#bytes().set(input, at)
    kernel.input_set(at, input.length)
    return true
  }

  /** How long the output is. */
  get outputLength(): number {
    return this.#exports.output_length()
  }

  /** A copy of the output. */
  output(): Uint8Array<ArrayBuffer> {
    const at = this.#exports.output_offset()
    return this.#bytes().slice(at, at + this.#exports.output_length())
  }

  /** What the guest has set as its error. */
  error(): string | undefined {
    const handle = this.#exports.error_get()
    return handle === 0n ? undefined : text.decode(this.read(handle))
  }

  /** Sets the guest's error, for it to find. */
  fail(message: string): void {
    this.#exports.error_set(this.store(encoder.encode(message)))
  }

  /** A copy of a block; empty for what is none. */
  read(handle: bigint): Uint8Array<ArrayBuffer> {
    const at = Number(handle)
    const length = Number(this.#exports.length(handle))
    return this.#bytes().slice(at, at + length)
  }

  /** Puts bytes into a new block; 0 when there is no room, or nothing to put. */
  store(bytes: Uint8Array): bigint {
    const handle = this.#exports.alloc(BigInt(bytes.length))
    if (handle !== 0n) this.#bytes().set(bytes, Number(handle))
    return handle
  }

  free(handle: bigint): void {
    this.#exports.free(handle)
  }

  /** The memory now: growing makes a new buffer. */
  #bytes(): Uint8Array<ArrayBuffer> {
    const { buffer } = this.#exports.memory
    if (this.#view.buffer !== buffer) this.#view = new Uint8Array(buffer)
    return this.#view as Uint8Array<ArrayBuffer>
  }
}

const text = new TextDecoder()
const encoder = new TextEncoder()
