import { coreError } from '@backplane/core'
import { wasmError } from '../errors.ts'
import type { GuestCall, GuestInit } from '../extism/guest.ts'
import { hostFailed } from '../extism/host-functions.ts'
import type { FunctionType } from '../module/read-module.ts'
import type { CompiledModule, Wired } from '../sandbox/engine.ts'
import { type CallStats, Meter } from '../sandbox/meter.ts'
import { trapped } from '../sandbox/traps.ts'
import { ProgramExit, Wasi } from '../wasi/wasi.ts'
import { type WasmFunction, type WasmImports, type WasmMemory, wasm } from '../webassembly.ts'
import { fromNumber, pack, toNumber, unpack } from './convert.ts'
import { GuestData } from './guest-data.ts'
import { type VyraFunction, type VyraMetadata, width } from './metadata.ts'
import { type StandardImport, standardImports } from './standard-imports.ts'

/** What a {@link VyraGuest} is made of. */
export interface VyraGuestInit extends GuestInit {
  readonly metadata: VyraMetadata
  readonly strict: boolean
}

interface Live {
  readonly meter: Meter
  readonly wired: Wired
  readonly data: GuestData
  readonly pending: { readonly run: WasmFunction }[]
  readonly wasi: Wasi | undefined
}

/** Where host functions of this convention stand among a plugin's services. */
export const vyraSpace = 'vyra'

/**
 * One plugin of the VYRA convention in this thread: parameters by name in, `{ result }` out, both packed. Its state
 * lives in the instance, so a trap leaves the instance in use, as VYRA does; `drop` gives a fresh one.
 */
export class VyraGuest {
  readonly #init: VyraGuestInit
  readonly #module: CompiledModule
  readonly #exports: ReadonlyMap<string, VyraFunction>
  #live: Live | undefined
  #call: GuestCall | undefined
  #stats: CallStats = { fuel: 0, hostCalls: 0, memoryPages: 0 }

  constructor(init: VyraGuestInit) {
    this.#init = init
    this.#module = init.modules.at(-1) as CompiledModule
    this.#exports = new Map(init.metadata.exports.map((entry) => [entry.name, entry]))
  }

  get stats(): CallStats {
    return this.#stats
  }

  /** Functions that are declared and there. */
  get functions(): string[] {
    return [...this.#exports.keys()].filter((name) => this.#type(name) !== undefined)
  }

  get alive(): boolean {
    return this.#live !== undefined
  }

  prepare(_call?: GuestCall): void {
    this.#live ??= this.#make()
  }

  drop(): void {
    this.#live?.wasi?.close()
    this.#live = undefined
  }

  call(name: string, input: Uint8Array, call: GuestCall): Uint8Array<ArrayBuffer> {
    const { live, entry, run } = this.#begin(name, call)
    try {
      for (let step = live.pending.shift(); step; step = live.pending.shift()) (step.run as () => void)()
      const result = run(...(this.#arguments(entry, unpack(input), live) as never[]))
      return this.#answer(entry, result, live)
    } catch (thrown) {
      throw this.#failure(thrown, name, live)
    }
  }

  async callWaiting(name: string, input: Uint8Array, call: GuestCall): Promise<Uint8Array<ArrayBuffer>> {
    const { live, entry, run } = this.#begin(name, call)
    const promising = wasm.promising as NonNullable<typeof wasm.promising>
    try {
      for (let step = live.pending.shift(); step; step = live.pending.shift()) await promising(step.run)()
      const result = await promising(run)(...(this.#arguments(entry, unpack(input), live) as never[]))
      return this.#answer(entry, result, live)
    } catch (thrown) {
      throw this.#failure(thrown, name, live)
    }
  }

  #begin(name: string, call: GuestCall) {
    const entry = this.#exports.get(name)
    if (!entry) {
      const declared = [...this.#exports.keys()].join(', ') || 'none'
      throw coreError('BP_FUNCTION_UNKNOWN', {
        details: { name, declared },
        message: `Unknown method: ${name} (declared: ${declared})`,
      })
    }
    const type = this.#type(name)
    if (!type) throw wasmError('BP_WASM_EXPORT_MISSING', { details: { name, what: 'the module' } })
    const declared = entry.args.reduce((sum, arg) => sum + width(arg), 0)
    if (declared !== type.params.length) {
      throw wasmError('BP_WASM_ARITY', { details: { function: name, declared, actual: type.params.length } })
    }
    this.prepare()
    const live = this.#live as Live
    this.#call = call
    live.meter.begin(name, call.timeoutMs, call.interrupt)
    return { live, entry, run: live.wired.exports[name] as WasmFunction }
  }

  #type(name: string): FunctionType | undefined {
    const { shape } = this.#module
    const found = shape.exports.find((each) => each.name === name && each.kind === 0)
    return found && shape.types[shape.functions[found.index] ?? -1]
  }

  #arguments({ name, args }: VyraFunction, given: unknown, { data }: Live): (number | bigint)[] {
    const params = (given ?? {}) as Record<string, unknown>
    const how = { function: name, strict: this.#init.strict }
    if (how.strict) {
      for (const key of Object.keys(params)) {
        if (args.some((arg) => arg.name === key)) continue
        throw wasmError('BP_WASM_ARGUMENT', {
          details: { function: name, name: key, type: 'none', reason: 'it is not declared' },
        })
      }
    }
    return args.flatMap((arg) => {
      const value = Object.hasOwn(params, arg.name) ? params[arg.name] : undefined
      return width(arg) === 2 ? data.put(value, arg, how) : [toNumber(value, arg, how)]
    })
  }

  #answer({ returns }: VyraFunction, result: unknown, { meter, data }: Live): Uint8Array<ArrayBuffer> {
    if (meter.reason) throw meter.reason
    this.#stats = meter.stats()
    if (returns === 'string' || returns === 'bytes' || returns === 'json')
      return pack({ result: data.take(result as bigint, returns) })
    if (result === undefined || result === null) return pack({})
    return pack({ result: Array.isArray(result) ? result.map(fromNumber) : fromNumber(result) })
  }

  #failure(thrown: unknown, name: string, { meter }: Live): Error {
    this.#stats = meter.stats()
    if (thrown instanceof ProgramExit && !meter.reason) {
      this.drop()
      return wasmError('BP_WASM_EXITED', { details: { function: name, exitCode: thrown.exitCode } })
    }
    return trapped(thrown, name, meter)
  }

  #make(): Live {
    const { engine, limits, share, mayPause } = this.#init
    const meter = new Meter(limits, share, mayPause)
    let wired: Wired | undefined
    const data = new GuestData(() => wired, limits)
    const wasi = this.#init.wasi && new Wasi(this.#init.wasi, meter)
    const imports = this.#imports(
      meter,
      data,
      wasi?.imports(() => wired?.exports.memory as WasmMemory | undefined),
    )
    wired = engine.instantiate(this.#module, imports, meter)
    const { _initialize, __wasm_call_ctors } = wired.exports
    const initialise = (_initialize ?? __wasm_call_ctors) as WasmFunction | undefined
    const pending = [wired.start, initialise].flatMap((run) => (run ? [{ run }] : []))
    return { meter, wired, data, pending, wasi }
  }

  #imports(meter: Meter, data: GuestData, wasi: Record<string, WasmFunction> | undefined): WasmImports {
    const declared = new Map<string, VyraFunction & Partial<StandardImport>>(
      this.#init.metadata.imports.map((entry) => [entry.name, entry]),
    )
    const imports: WasmImports = Object.create(null)
    const missing: string[] = []
    for (const { module, name, kind, type } of this.#module.shape.imports) {
      const entry = module === 'vyra' ? standardImports.get(name) : declared.get(name)
      const system = /^wasi_(snapshot_preview1|unstable)$/.test(module) ? wasi?.[name] : undefined
      const run = entry && this.#init.functions.get(vyraSpace)?.get(entry.host ?? name)
      if (kind !== 'function' || !(system || run)) missing.push(`${module}.${name}`)
      imports[module] ??= Object.create(null) as Record<string, unknown>
      imports[module][name] =
        system ?? (run && entry && this.#import(name, entry, run as unknown as HostMethod, type, meter, data))
    }
    if (missing.length === 0) return imports
    throw wasmError('BP_WASM_IMPORT_MISSING', {
      details: { what: `Module '${this.#module.name}'`, imports: missing.join(', ') },
    })
  }

  #import(
    name: string,
    { args, returns }: VyraFunction,
    run: HostMethod,
    type: FunctionType | undefined,
    meter: Meter,
    data: GuestData,
  ): unknown {
    const give = (value: unknown) => data.give(value, returns, type?.results[0], name)
    const guarded = (...numbers: (number | bigint)[]) => {
      meter.hostCall()
      try {
        const value = run(undefined, ...data.read(numbers, args))
        if (!isPromise(value)) return give(value)
        if (this.#init.waits)
          return this.#inTime(value, meter)
            .then(give)
            .catch((cause) => Promise.reject(hostFailed(name, cause)))
        value.catch(() => {})
      } catch (cause) {
        throw hostFailed(name, cause)
      }
      // What gives nothing need not be waited for: its failure is the host's to report.
      if (type?.results.length === 0) return undefined
      throw wasmError('BP_WASM_ASYNC_HOST', { details: { name } })
    }
    const { Suspending } = wasm
    return this.#init.waits && Suspending ? new Suspending(guarded) : guarded
  }

  #inTime(work: Promise<unknown>, meter: Meter): Promise<unknown> {
    const signal = this.#call?.signal
    return new Promise((resolve, reject) => {
      const stop = () => {
        meter.reason ??= meter.interrupted() ?? meter.timeout()
        end()
        reject(meter.reason)
      }
      const timer = Number.isFinite(meter.leftMs) ? setTimeout(stop, Math.max(0, meter.leftMs) + 1) : undefined
      const end = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
      }
      signal?.addEventListener('abort', stop, { once: true })
      work.then(resolve, reject).finally(end)
      // The call may have been ended by the very function that it waits for.
      if (signal?.aborted) stop()
    })
  }
}

type HostMethod = (call: undefined, ...args: unknown[]) => unknown

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function'
}
