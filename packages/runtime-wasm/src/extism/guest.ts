import { type BackplaneError, coreError } from '@backplane/core'
import { wasmError } from '../errors.ts'
import type { CompiledModule, Engine, Wired } from '../sandbox/engine.ts'
import type { FuelShare } from '../sandbox/fuel-share.ts'
import type { FullLimits } from '../sandbox/limits.ts'
import { type CallStats, type Interrupt, Meter } from '../sandbox/meter.ts'
import { trapped } from '../sandbox/traps.ts'
import { ProgramExit, Wasi, type WasiInit } from '../wasi/wasi.ts'
import { type WasmFunction, wasm } from '../webassembly.ts'
import { HostImports, type Services } from './host-imports.ts'
import { Kernel } from './kernel.ts'
import { link } from './link.ts'

/** What a {@link Guest} is made of. */
export interface GuestInit extends Services {
  readonly engine: Engine
  readonly modules: readonly CompiledModule[]
  readonly kernel: CompiledModule
  readonly limits: FullLimits
  /** What WASI may do; without it, importing WASI fails. */
  readonly wasi?: WasiInit
  /** Names the plugin in errors. */
  readonly plugin: string
  /** Its share of the processor, where that is limited. */
  readonly share?: FuelShare | undefined
  /** Whether its thread may stand still for that. */
  readonly mayPause?: boolean
}

/** How one call is made. */
export interface GuestCall {
  readonly timeoutMs: number
  readonly interrupt?: Interrupt
  readonly signal: AbortSignal
  readonly hostContext?: unknown
}

interface Live {
  readonly meter: Meter
  readonly kernel: Kernel
  readonly main: Wired
  readonly imports: HostImports
  readonly wasi: Wasi | undefined
  /** Start and initialisers that are still to be run, in order. */
  readonly pending: { readonly name: string; readonly run: WasmFunction }[]
}

/**
 * One plugin of the Extism convention in this thread: one call at a time, a fresh instance after whatever may have
 * damaged it.
 */
export class Guest {
  readonly #init: GuestInit
  #live: Live | undefined
  #stats: CallStats = { fuel: 0, hostCalls: 0, memoryPages: 0 }

  constructor(init: GuestInit) {
    this.#init = init
  }

  /** What the last call used. */
  get stats(): CallStats {
    return this.#stats
  }

  /** Makes the instance and links it; with `call`, runs its initialisation as well. */
  prepare(call?: GuestCall): void {
    this.#live ??= this.#make()
    if (!call || this.#live.pending.length === 0) return
    const live = this.#live
    live.imports.call = call
    live.meter.begin('its initialisation', call.timeoutMs, call.interrupt)
    live.kernel.begin(new Uint8Array())
    try {
      for (let step = live.pending.shift(); step; step = live.pending.shift()) this.#step(step.run)
    } catch (thrown) {
      throw this.#broken(thrown, 'its initialisation', live)
    }
  }

  /** The same, where the initialisation may wait for promises of its host. */
  async prepareWaiting(call: GuestCall): Promise<void> {
    this.prepare()
    const live = this.#live as Live
    if (live.pending.length === 0) return
    live.imports.call = call
    live.meter.begin('its initialisation', call.timeoutMs, call.interrupt)
    live.kernel.begin(new Uint8Array())
    const promising = wasm.promising as NonNullable<typeof wasm.promising>
    try {
      for (let step = live.pending.shift(); step; step = live.pending.shift()) await ended(promising(step.run)())
    } catch (thrown) {
      throw this.#broken(thrown, 'its initialisation', live)
    }
  }

  /** Names of the functions that can be called. */
  get functions(): string[] {
    const shape = this.#main.shape
    return shape.exports.filter(({ kind }) => kind === 0).map(({ name }) => name)
  }

  /** Whether there is an instance with its memory; false after a call that may have damaged it. */
  get alive(): boolean {
    return this.#live !== undefined
  }

  /** Drops the instance; the next call makes another. */
  drop(): void {
    this.#live?.wasi?.close()
    this.#live = undefined
  }

  /** Calls a function in one go. */
  call(name: string, input: Uint8Array, call: GuestCall): Uint8Array<ArrayBuffer> {
    const { live, run } = this.#begin(name, input, call)
    let code: unknown
    try {
      for (let step = live.pending.shift(); step; step = live.pending.shift()) this.#step(step.run)
      live.kernel.begin(input) || this.#noRoom(input)
      code = run()
    } catch (thrown) {
      return this.#ended(thrown, name, live)
    }
    return this.#answer(code, name, live)
  }

  /** Calls a function that may wait for promises of its host (JavaScript Promise Integration). */
  async callWaiting(name: string, input: Uint8Array, call: GuestCall): Promise<Uint8Array<ArrayBuffer>> {
    const { live, run } = this.#begin(name, input, call)
    const promising = wasm.promising as NonNullable<typeof wasm.promising>
    let code: unknown
    try {
      for (let step = live.pending.shift(); step; step = live.pending.shift()) await ended(promising(step.run)())
      live.kernel.begin(input) || this.#noRoom(input)
      code = await promising(run)()
    } catch (thrown) {
      return this.#ended(thrown, name, live)
    }
    return this.#answer(code, name, live)
  }

  get #main(): CompiledModule {
    const { modules } = this.#init
    return (modules.find(({ name }) => name === 'main') ?? modules.at(-1)) as CompiledModule
  }

  #begin(name: string, input: Uint8Array, call: GuestCall) {
    const { limits } = this.#init
    if (input.length > limits.inputBytes) throw tooLarge('The input', input.length, limits.inputBytes, 'inputBytes')
    const run = this.#function(name)
    this.prepare()
    const live = this.#live as Live
    live.imports.call = call
    live.meter.begin(name, call.timeoutMs, call.interrupt)
    // A program's own start is what is called, not what comes before.
    if (live.pending.at(-1)?.run === run(live)) live.pending.pop()
    return { live, run: run(live) }
  }

  #function(name: string): (live: Live) => WasmFunction {
    const { shape, name: what } = this.#main
    const found = shape.exports.find((each) => each.name === name)
    if (found?.kind !== 0) throw coreError('BP_FUNCTION_UNKNOWN', { details: { name } })
    const declared = shape.types[shape.functions[found.index] ?? -1]?.params.length ?? 0
    if (declared > 0) {
      const details = { function: name, declared: 0, actual: declared, what }
      throw wasmError('BP_WASM_ARITY', { details })
    }
    return ({ main }) => main.exports[name] as WasmFunction
  }

  #step(run: WasmFunction): void {
    try {
      run()
    } catch (thrown) {
      if (!isOrdinaryEnd(thrown)) throw thrown
    }
  }

  /** A program that has ended itself without an error has answered; it starts again with the next call. */
  #ended(thrown: unknown, name: string, live: Live): Uint8Array<ArrayBuffer> {
    if (!isOrdinaryEnd(thrown) || live.meter.reason) throw this.#broken(thrown, name, live)
    try {
      return this.#answer(0, name, live)
    } finally {
      this.drop()
    }
  }

  #answer(code: unknown, name: string, live: Live): Uint8Array<ArrayBuffer> {
    const { meter, kernel } = live
    this.#stats = meter.stats()
    if (meter.reason) {
      // The guest has caught what was meant to end it.
      this.drop()
      throw meter.reason
    }
    const said = kernel.error()
    const returned = Number(code ?? 0)
    if (said !== undefined || returned !== 0) throw pluginFailed(said ?? `'${name}' returned ${returned}`, returned)
    const { outputBytes } = this.#init.limits
    const length = kernel.outputLength
    if (length > outputBytes) throw tooLarge('The output', length, outputBytes, 'outputBytes')
    return kernel.output()
  }

  #broken(thrown: unknown, name: string, live: Live): Error {
    this.#stats = live.meter.stats()
    const said = live.kernel.error()
    this.drop()
    if (thrown instanceof ProgramExit && !live.meter.reason) {
      if (said !== undefined) return pluginFailed(said, thrown.exitCode)
      return wasmError('BP_WASM_EXITED', { details: { function: name, exitCode: thrown.exitCode } })
    }
    const error: BackplaneError = trapped(thrown, name, live.meter)
    // A guest that gives up often says why first.
    return said !== undefined && error.code === 'BP_WASM_TRAP' ? pluginFailed(said, 134, error) : error
  }

  #noRoom(input: Uint8Array): never {
    const details = {
      what: `An input of ${input.length} bytes`,
      limit: 'memoryPages',
      value: this.#init.limits.memoryPages,
    }
    throw wasmError('BP_WASM_MEMORY_LIMIT', { details })
  }

  #make(): Live {
    const { engine, modules, limits, wasi, share, mayPause } = this.#init
    const meter = new Meter(limits, share, mayPause)
    const kernel = new Kernel(engine, this.#init.kernel, meter)
    const imports = new HostImports(this.#init, kernel, meter)
    const system = wasi && new Wasi(wasi, meter, this.#init.waits ? (ms) => imports.sleep(ms) : undefined)
    const linked = link({ engine, modules, main: this.#main, meter, kernel, imports, wasi: system })
    const main = linked.get(this.#main.name) as Wired
    // In the order in which they need one another.
    const pending = [...linked.values()].flatMap((wired) => beginning(wired, wired === main, modules))
    return { meter, kernel, main, imports, pending, wasi: system }
  }
}

/**
 * What is run of a module before anything else: its start, then what its language needs (a reactor's `_initialize`, or
 * the constructors alone), then Haskell's runtime. A program's own `_start` does all of it, and only the main module is
 * one.
 */
function beginning(
  { name, exports, start }: Wired,
  isMain: boolean,
  modules: readonly CompiledModule[],
): { readonly name: string; readonly run: WasmFunction }[] {
  const has = (key: string) => typeof exports[key] === 'function'
  const program = isMain && !has('_initialize') && has('_start')
  const constructors = has('_initialize') ? '_initialize' : '__wasm_call_ctors'
  const named = [program ? [] : [constructors], ['hs_init'], program ? ['_start'] : []].flat()
  // A module that another one initialises itself must not be so twice.
  const taken = (key: string) =>
    modules.some(({ shape }) => shape.imports.some((each) => each.module === name && each.name === key))
  const own = named.flatMap((key) =>
    has(key) && !taken(key) ? [{ name: key, run: exports[key] as WasmFunction }] : [],
  )
  return [...(start ? [{ name: 'start', run: start }] : []), ...own]
}

function isOrdinaryEnd(thrown: unknown): boolean {
  return thrown instanceof ProgramExit && thrown.exitCode === 0
}

/** Waits for a program whose exit without an error is its ordinary end. */
async function ended(running: Promise<unknown>): Promise<void> {
  try {
    await running
  } catch (thrown) {
    if (!isOrdinaryEnd(thrown)) throw thrown
  }
}

function pluginFailed(reason: string, code: number, cause?: unknown): BackplaneError {
  return coreError('BP_PLUGIN_FAILED', { details: { reason, code }, message: reason, cause })
}

function tooLarge(what: string, actual: number, value: number, limit: string): BackplaneError {
  return wasmError('BP_WASM_SIZE_LIMIT', { details: { what, actual, value, limit } })
}
