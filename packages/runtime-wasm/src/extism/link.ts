import { wasmError } from '../errors.ts'
import type { CompiledModule, Engine, Wired } from '../sandbox/engine.ts'
import type { Meter } from '../sandbox/meter.ts'
import type { Wasi } from '../wasi/wasi.ts'
import type { WasmFunction, WasmImports, WasmMemory } from '../webassembly.ts'
import type { HostImports } from './host-imports.ts'
import type { Kernel } from './kernel.ts'

/** What {@link link} joins. */
export interface LinkInit {
  readonly engine: Engine
  readonly modules: readonly CompiledModule[]
  readonly main: CompiledModule
  readonly meter: Meter
  readonly kernel: Kernel
  readonly imports: HostImports
  /** Absent where WASI is not granted. */
  readonly wasi: Wasi | undefined
}

/**
 * Makes instances of the main module and of every module that it needs, each after those that it imports; functions may
 * be imported in a circle. Throws `BP_WASM_IMPORT_MISSING` with everything that nobody gives.
 */
export function link(init: LinkInit): Map<string, Wired> {
  const linker = new Linker(init)
  const missing = init.modules.flatMap((module) => (linker.needed.has(module.name) ? linker.missing(module) : []))
  if (missing.length > 0) {
    const what = `Module '${init.main.name}'`
    throw wasmError('BP_WASM_IMPORT_MISSING', { details: { what, imports: missing.join(', ') } })
  }
  linker.wire(init.main)
  return linker.done
}

class Linker {
  readonly done = new Map<string, Wired>()
  readonly needed = new Set<string>()
  readonly #init: LinkInit
  readonly #byName: ReadonlyMap<string, CompiledModule>
  readonly #begun = new Set<string>()

  constructor(init: LinkInit) {
    this.#init = init
    this.#byName = new Map(init.modules.map((module) => [module.name, module]))
    this.#reach(init.main)
  }

  missing({ name, shape }: CompiledModule): string[] {
    return shape.imports
      .filter((entry) => !this.#given(name, entry.module, entry.name, entry.kind))
      .map((entry) => `${entry.module}.${entry.name}`)
  }

  wire(compiled: CompiledModule): Wired {
    const known = this.done.get(compiled.name)
    if (known) return known
    this.#begun.add(compiled.name)
    const imports: WasmImports = Object.create(null)
    let self: Wired | undefined
    const wasi = this.#init.wasi?.imports(() => self?.exports.memory as WasmMemory | undefined)
    for (const { module, name, type } of compiled.shape.imports) {
      const own = this.#other(compiled.name, module)
      imports[module] ??= Object.create(null) as Record<string, unknown>
      if (own) imports[module][name] = this.#fromModule(own, name)
      else if (isWasi(module)) imports[module][name] = wasi?.[name]
      else
        imports[module][name] =
          this.#init.kernel.imports[name] && isKernel(module)
            ? this.#init.kernel.imports[name]
            : this.#init.imports.make(module, name, type)
    }
    const { engine, meter } = this.#init
    self = engine.instantiate(compiled, imports, meter)
    this.done.set(compiled.name, self)
    return self
  }

  #given(from: string, module: string, name: string, kind: string): boolean {
    const other = this.#other(from, module)
    if (other) return other.shape.exports.some((each) => each.name === name)
    if (kind !== 'function') return false
    if (isWasi(module)) return this.#init.wasi?.imports(() => undefined)[name] !== undefined
    return (isKernel(module) && this.#init.kernel.imports[name] !== undefined) || this.#init.imports.has(module, name)
  }

  #other(from: string, module: string): CompiledModule | undefined {
    return module === from ? undefined : this.#byName.get(module)
  }

  #fromModule(other: CompiledModule, name: string): unknown {
    if (this.done.has(other.name) || !this.#begun.has(other.name)) return this.wire(other).exports[name]
    // In a circle: bound when it is called, since the other is not there yet.
    return (...args: never[]) => ((this.done.get(other.name) as Wired).exports[name] as WasmFunction)(...args)
  }

  #reach(module: CompiledModule): void {
    if (this.needed.has(module.name)) return
    this.needed.add(module.name)
    for (const { module: from } of module.shape.imports) {
      const other = this.#other(module.name, from)
      if (other) this.#reach(other)
    }
  }
}

const isKernel = (module: string) => module === 'extism:host/env'
const isWasi = (module: string) => module === 'wasi_snapshot_preview1' || module === 'wasi_unstable'
