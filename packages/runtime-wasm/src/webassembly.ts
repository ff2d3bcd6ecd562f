// Node's own types leave the WebAssembly interface to the DOM library, which this project does not load.

/** A compiled module; opaque, and shared between threads when posted. */
export type WasmModule = { readonly 'a compiled WebAssembly module': unique symbol }

export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

export interface WasmGlobal<T = number> {
  value: T
}

export interface WasmTable {
  readonly length: number
  set(index: number, value: unknown): void
}

export type WasmFunction = (...args: never[]) => unknown
export type WasmExport = WasmFunction | WasmMemory | WasmGlobal<unknown> | WasmTable
export type WasmImports = Record<string, Record<string, unknown>>

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule
  readonly Instance: new (module: WasmModule, imports?: WasmImports) => { readonly exports: Record<string, WasmExport> }
  readonly Memory: new (bounds: { initial: number; maximum?: number }) => WasmMemory
  readonly RuntimeError: new (message?: string) => Error
  readonly LinkError: new (message?: string) => Error
  /** Node 24 and later (JavaScript Promise Integration): lets a guest wait for a promise. */
  readonly Suspending?: new (
    run: (...args: never[]) => unknown,
  ) => object
  readonly promising?: (run: WasmFunction) => (...args: never[]) => Promise<unknown>
  validate(bytes: Uint8Array<ArrayBuffer>): boolean
}

/** The engine of this process. */
export const wasm: WebAssemblyApi = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly
