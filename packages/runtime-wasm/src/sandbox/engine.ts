import { createHash } from 'node:crypto'
import { messageOf } from '@backplane/core'
import { wasmError } from '../errors.ts'
import { addedPrefix, instrument } from '../module/instrument.ts'
import type { ModuleShape } from '../module/read-module.ts'
import {
  type WasmExport,
  type WasmImports,
  type WasmMemory,
  type WasmModule,
  type WasmTable,
  wasm,
} from '../webassembly.ts'
import type { FullLimits } from './limits.ts'
import type { Gauge, Meter } from './meter.ts'
import { trapped } from './traps.ts'

/** A module ready to be instantiated any number of times, in any thread. */
export interface CompiledModule {
  readonly name: string
  readonly module: WasmModule
  readonly shape: ModuleShape
}

/** An instance whose limits hold. */
export interface Wired {
  readonly name: string
  /** What the guest exports; nothing that was added. */
  readonly exports: Readonly<Record<string, WasmExport>>
  /** The guest's start function, which is run under its limits rather than while it is made. */
  readonly start: (() => void) | undefined
}

// (import "h" "s" (func (param i32) (result i32))) (import "h" "g" ...) (import "h" "t" ...), all exported again:
// tables hold only such functions.
const gateBytes = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f],
  ...[2, 19, 3, 1, 0x68, 1, 0x73, 0, 0, 1, 0x68, 1, 0x67, 0, 0, 1, 0x68, 1, 0x74, 0, 0],
  ...[7, 13, 3, 1, 0x73, 0, 0, 1, 0x67, 0, 1, 1, 0x74, 0, 2],
)

const mostCompiled = 64
const mostKept = 16

/** Compiles modules once and makes instances of them. Share one between plugins to share what is compiled. */
export class Engine {
  readonly #compiled = new Map<string, CompiledModule>()
  readonly #kept = new Map<string, Promise<unknown>>()
  #gate: WasmModule | undefined

  /** Keeps what is made of the same bytes under the same limits, so that it is made once. */
  kept<T>(bytes: Uint8Array, limits: FullLimits, make: () => Promise<T>): Promise<T> {
    const key = keyOf('', bytes, limits, true)
    const known = this.#kept.get(key) as Promise<T> | undefined
    if (known) return known
    const made = make()
    this.#kept.set(key, made)
    // What failed may be tried again.
    made.catch(() => this.#kept.delete(key))
    if (this.#kept.size > mostKept) this.#kept.delete(this.#kept.keys().next().value as string)
    return made
  }

  /** Instruments and compiles; the same bytes under the same limits only once. */
  compile(name: string, bytes: Uint8Array<ArrayBuffer>, limits: FullLimits, init: { fuel: boolean }): CompiledModule {
    const { memoryPages, tableElements, footprintBytes, callDepth, moduleBytes } = limits
    if (bytes.length > moduleBytes) {
      const details = { what: `Module '${name}'`, actual: bytes.length, value: moduleBytes, limit: 'moduleBytes' }
      throw wasmError('BP_WASM_SIZE_LIMIT', { details })
    }
    const key = keyOf(name, bytes, limits, init.fuel)
    const known = this.#compiled.get(key)
    if (known) return known
    const what = `Module '${name}'`
    const depth = callDepth === Number.POSITIVE_INFINITY ? {} : { callDepth: Math.min(callDepth, 0x7fffffff) }
    const { bytes: instrumented, shape } = instrument(bytes, {
      what,
      memoryPages,
      tableElements,
      footprintBytes,
      ...init,
      ...depth,
    })
    try {
      const made = { name, module: new wasm.Module(instrumented), shape }
      this.#keep(key, made)
      return made
    } catch (cause) {
      // Only an engine's own limits (a function grown too large) come here: valid modules stay valid.
      throw wasmError('BP_WASM_MODULE_INVALID', { details: { what, reason: messageOf(cause) }, cause })
    }
  }

  /** Whether these bytes have been compiled, with fuel, under these limits. */
  known(name: string, bytes: Uint8Array, limits: FullLimits): boolean {
    return this.#compiled.has(keyOf(name, bytes, limits, true))
  }

  /** Keeps what another engine has compiled of these bytes, with fuel, under these limits. */
  keep(made: CompiledModule, bytes: Uint8Array, limits: FullLimits): void {
    this.#keep(keyOf(made.name, bytes, limits, true), made)
  }

  #keep(key: string, made: CompiledModule): void {
    this.#compiled.set(key, made)
    // Versions come and go in a host that runs for months: the oldest is forgotten.
    if (this.#compiled.size > mostCompiled) this.#compiled.delete(this.#compiled.keys().next().value as string)
  }

  /** Forgets what it has compiled; what runs goes on. */
  clear(): void {
    this.#compiled.clear()
    this.#kept.clear()
  }

  /**
   * Makes an instance under a meter. Throws `BP_WASM_IMPORT_MISSING`, `BP_WASM_MEMORY_LIMIT`, `BP_WASM_MODULE_INVALID`,
   * or `BP_WASM_TRAP` where what it begins with does not fit. Whatever it shares with others must be given up then:
   * functions of it may stand in their tables, and no limit holds for those.
   */
  instantiate({ name, module, shape }: CompiledModule, imports: WasmImports, meter: Meter): Wired {
    const what = `Module '${name}'`
    meter.admit(shape, what)
    const instance = this.#instance(module, imports, what, meter)
    const all = instance.exports as Record<string, WasmExport>
    const added = (key: string) => all[addedPrefix + key]
    const gauge = { fuel: added('fuel'), depth: added('depth'), granted: 0 } as unknown as Gauge
    // From here on fuel is given out by the meter alone.
    gauge.fuel.value = 0
    meter.add(gauge)
    for (let i = 0; i < shape.memories.length; i++) meter.addMemory(added(`memory${i}`) as WasmMemory, what)
    for (let i = 0; i < shape.tables.length; i++) meter.addTable(added(`table${i}`) as WasmTable)
    this.#gate ??= new wasm.Module(gateBytes)
    const guard = new wasm.Instance(this.#gate, {
      h: {
        s: (why: number) => meter.stop(gauge, why),
        g: (pages: number) => meter.grow(pages),
        t: (elements: number) => meter.growTable(elements),
      },
    }).exports
    const table = added('gate') as WasmTable
    table.set(0, guard.s)
    table.set(1, guard.g)
    table.set(2, guard.t)
    return {
      name,
      exports: visible(all),
      start: added('start') as (() => void) | undefined,
    }
  }

  #instance(module: WasmModule, imports: WasmImports, what: string, meter: Meter) {
    try {
      return new wasm.Instance(module, imports)
    } catch (cause) {
      const reason = messageOf(cause).replace(/^WebAssembly\.Instance\(\): /, '')
      if (/could not allocate|Out of memory/i.test(reason)) {
        const value = meter.limits.memoryPages
        throw wasmError('BP_WASM_MEMORY_LIMIT', { details: { what, limit: 'memoryPages', value }, cause })
      }
      if (cause instanceof wasm.LinkError) {
        throw wasmError('BP_WASM_IMPORT_MISSING', { details: { what, imports: reason }, cause })
      }
      // Segments that do not fit; its start is run later, under its limits.
      if (cause instanceof wasm.RuntimeError) throw trapped(cause, 'its initialisation', meter)
      throw wasmError('BP_WASM_MODULE_INVALID', { details: { what, reason }, cause })
    }
  }
}

/** Names what is compiled from bytes: all that its code depends on. */
function keyOf(name: string, bytes: Uint8Array, limits: FullLimits, fuel: boolean): string {
  const { memoryPages, tableElements, footprintBytes, callDepth } = limits
  const digest = createHash('sha256').update(bytes).digest('base64')
  return [digest, name, memoryPages, tableElements, footprintBytes, callDepth, fuel].join(' ')
}

function visible(all: Record<string, WasmExport>): Wired['exports'] {
  const shown: Record<string, WasmExport> = Object.create(null)
  for (const name of Object.keys(all)) if (!name.startsWith(addedPrefix)) shown[name] = all[name] as WasmExport
  return shown
}
