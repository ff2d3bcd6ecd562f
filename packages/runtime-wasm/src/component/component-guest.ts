import { coreError } from '@backplane/core'
import { wasmError } from '../errors.ts'
import type { GuestCall, GuestInit } from '../extism/guest.ts'
import { hostFailed } from '../extism/host-functions.ts'
import type { CompiledModule } from '../sandbox/engine.ts'
import { type CallStats, Meter } from '../sandbox/meter.ts'
import { trapped } from '../sandbox/traps.ts'
import { pack, packText, unpack } from '../vyra/convert.ts'
import { ProgramExit } from '../wasi/wasi.ts'
import type { WasmImports } from '../webassembly.ts'
import { boundedGlobals } from './bounded-globals.ts'
import { answered, type ComponentProgram, evaluate, functionOf, type Instantiate } from './program.ts'
import type { WitInterface } from './read-component.ts'
import { type SystemInit, SystemInterfaces } from './system-interfaces.ts'
import { refusal, type WitFunction } from './wit-types.ts'
import { camelCase, fromWit, toArguments, toResult } from './wit-values.ts'

/** What a {@link ComponentGuest} is made of. */
export interface ComponentGuestInit extends Omit<GuestInit, 'wasi'> {
  readonly component: ComponentProgram
  /** Absent where WASI is not granted. */
  readonly wasi?: Omit<SystemInit, 'config'>
}

interface Live {
  readonly meter: Meter
  readonly system: SystemInterfaces | undefined
  readonly exports: Record<string, unknown>
}

type Run = (...args: unknown[]) => unknown
type HostMethod = (call: HostSide, ...args: unknown[]) => unknown

/** What a host function is given beside its arguments. */
interface HostSide {
  readonly hostContext: unknown
  readonly signal: AbortSignal
}

/** What bindings may make in any case, for their own ends. */
const slackBytes = 1 << 20

/** How long a component may take to come up where its limits do not say. */
const mostStartMs = 10_000

/**
 * One component in this thread: JSON parameters in, a JSON result out, both packed. A fresh instance after whatever may
 * have damaged it.
 */
export class ComponentGuest {
  readonly #init: ComponentGuestInit
  readonly #instantiate: Instantiate
  #live: Live | undefined
  #meter: Meter | undefined
  /** What the bindings have made of the guest's memory in this call, and how often they were at it. */
  #made = { bytes: 0, times: 0 }
  #call: GuestCall | undefined
  #stats: CallStats = { fuel: 0, hostCalls: 0, memoryPages: 0 }

  constructor(init: ComponentGuestInit) {
    this.#init = init
    const globals = boundedGlobals({
      count: (bytes) => this.#count(bytes),
      isMemory: (buffer) => this.#meter?.holds(buffer) ?? false,
    })
    this.#instantiate = evaluate(init.component.glue, globals)
  }

  get stats(): CallStats {
    return this.#stats
  }

  get functions(): string[] {
    return this.#init.component.functions.flatMap(({ name, refused }) => (refused === undefined ? [name] : []))
  }

  get alive(): boolean {
    return this.#live !== undefined
  }

  /** Makes the instance. A component's own start is part of that. */
  prepare(call?: GuestCall): void {
    if (this.#live) return
    const { limits, share, mayPause } = this.#init
    const meter = new Meter(limits, share, mayPause)
    const name = 'its initialisation'
    this.#meter = meter
    this.#made = { bytes: 0, times: 0 }
    meter.begin(name, Math.min(call?.timeoutMs ?? mostStartMs, mostStartMs), call?.interrupt)
    try {
      const { wasi, config } = this.#init
      const system = wasi && new SystemInterfaces({ ...wasi, config }, meter)
      this.#live = { meter, system, exports: this.#make(meter, system) }
    } catch (thrown) {
      throw this.#failure(thrown, name, meter)
    }
  }

  drop(): void {
    this.#live?.system?.close()
    this.#live = undefined
  }

  call(name: string, input: Uint8Array, call: GuestCall): Uint8Array<ArrayBuffer> {
    const { component, limits } = this.#init
    const found = functionOf(component, name)
    this.#checkSize('The input', input, 'inputBytes')
    const args = toArguments(unpack(input), found.type.params, name)
    this.#call = call
    this.prepare(call)
    const live = this.#live as Live
    const owner = found.from === '' ? live.exports : live.exports[found.from]
    const run = (owner as Record<string, Run>)[camelCase(found.type.name)]
    if (!run) throw wasmError('BP_WASM_EXPORT_MISSING', { details: { name, what: 'the component' } })
    const { meter } = live
    this.#made = { bytes: 0, times: 0 }
    meter.begin(name, Math.min(call.timeoutMs, limits.timeoutMs), call.interrupt)
    let value: unknown
    try {
      value = run(...args)
      if (meter.reason) throw meter.reason
    } catch (thrown) {
      if (thrown instanceof ProgramExit && thrown.exitCode === 0 && !meter.reason) this.drop()
      else throw this.#failure(thrown, name, meter, found.type)
    }
    this.#stats = meter.stats()
    const type = answered(found.type.result)
    const output = pack(type && value !== undefined ? fromWit(value, type) : null)
    this.#checkSize('The output', output, 'outputBytes')
    return output
  }

  /** Components are called in one go: what their host gives is waited for in a worker alone. */
  async callWaiting(name: string, input: Uint8Array, call: GuestCall): Promise<Uint8Array<ArrayBuffer>> {
    return this.call(name, input, call)
  }

  #failure(thrown: unknown, name: string, meter: Meter, type?: WitFunction): Error {
    this.#stats = meter.stats()
    const payload =
      (thrown as Error | undefined)?.constructor?.name === 'ComponentError' ? payloadOf(thrown) : undefined
    // An error that the function itself gave leaves the component as it was.
    if (!meter.reason && payload && type?.result?.kind === 'result') {
      const err = type.result.err && fromWit(payload.value, type.result.err)
      const reason = typeof err === 'string' ? err : err === undefined ? `'${name}' failed` : packText(err)
      return coreError('BP_PLUGIN_FAILED', { details: { reason, payload: err ?? null }, message: reason })
    }
    this.drop()
    if (thrown instanceof ProgramExit && !meter.reason)
      return wasmError('BP_WASM_EXITED', { details: { function: name, exitCode: thrown.exitCode } })
    return trapped(thrown, name, meter)
  }

  #checkSize(what: string, bytes: Uint8Array, limit: 'inputBytes' | 'outputBytes'): void {
    const value = this.#init.limits[limit]
    if (bytes.length > value)
      throw wasmError('BP_WASM_SIZE_LIMIT', { details: { what, actual: bytes.length, value, limit } })
  }

  /** Ends a call that would make more values than it may give. */
  #count(bytes: number): void {
    const made = this.#made
    const meter = this.#meter
    made.bytes += bytes
    if ((++made.times & 0xffff) === 0 && meter) meter.reason ??= meter.interrupted()
    const value = this.#init.limits.outputBytes
    // Values take more room here than as JSON.
    if (meter && made.bytes > 4 * value + slackBytes)
      meter.reason ??= wasmError('BP_WASM_SIZE_LIMIT', {
        details: { what: 'What the component gives', actual: made.bytes, value, limit: 'outputBytes' },
      })
    if (meter?.reason) throw meter.reason
  }

  #make(meter: Meter, system: SystemInterfaces | undefined): Record<string, unknown> {
    const { engine, modules } = this.#init
    const imports = this.#imports(meter, system)
    const byName = new Map(modules.map((module) => [module.name, module]))
    return this.#instantiate(
      (name) => byName.get(name) as CompiledModule,
      imports,
      (module, given: WasmImports) => {
        const { exports, start } = engine.instantiate(module, given ?? {}, meter)
        // What comes after it counts on its having run.
        start?.()
        return { exports }
      },
    )
  }

  /** Each version of an interface is an import of its own. */
  #imports(meter: Meter, system: SystemInterfaces | undefined): Record<string, Record<string, unknown>> {
    const imports: Record<string, Record<string, unknown>> = Object.create(null)
    const missing: string[] = []
    const refused: string[] = []
    for (const each of this.#init.component.shape.imports) {
      if (!each.name.startsWith('wasi:')) this.#hosted(each, meter, imports, missing, refused)
      else if (system) imports[each.name] = system.interface(withoutVersion(each.name), each)
      else missing.push(each.name)
    }
    if (refused.length > 0)
      throw wasmError('BP_WASM_FEATURE', {
        details: { what: 'The component', feature: refused.join('; ') },
        next: 'Import functions whose types are values; a resource of the host can be a number or text that names it.',
      })
    if (missing.length === 0) return imports
    throw wasmError('BP_WASM_IMPORT_MISSING', { details: { what: 'The component', imports: missing.join(', ') } })
  }

  #hosted(
    { name: space, functions, resources }: WitInterface,
    meter: Meter,
    imports: Record<string, Record<string, unknown>>,
    missing: string[],
    refused: string[],
  ): void {
    const needed = functions.map((type) => ({ type, why: refusal(type) }))
    // Each stands with the functions that need it, or alone.
    const alone = resources.filter((name) => !needed.some(({ why }) => why?.includes(`the resource '${name}'`)))
    refused.push(...alone.map((name) => `the resource '${name}' of ${space}`))
    // What is given for this version goes before what is given for all.
    const exact = this.#init.functions.get(space)
    const general = this.#init.functions.get(withoutVersion(space))
    const granted = (exact?.size ?? 0) + (general?.size ?? 0) > 0
    for (const { type, why } of needed) {
      const label = space === '' ? type.name : `${space}#${type.name}`
      if (why !== undefined) {
        refused.push(`${label} (${why})`)
        continue
      }
      // Many languages import an interface as a whole: what is not granted of one that is fails when it is called.
      const run = (exact?.get(type.name) ??
        general?.get(type.name) ??
        (space !== '' && granted ? this.#denied(label) : undefined)) as HostMethod | undefined
      if (!run) missing.push(label)
      else {
        const made = this.#import(label, type, run, meter)
        // A function of the world is the default of a module of its own.
        if (space === '') imports[type.name] = { default: made }
        else imports[space] = { ...imports[space], [camelCase(type.name)]: made }
      }
    }
  }

  #denied(label: string): HostMethod {
    return () => {
      throw coreError('BP_PERMISSION_DENIED', {
        details: { who: this.#init.plugin, what: `call ${label}` },
      })
    }
  }

  #import(label: string, { params, result }: WitFunction, run: HostMethod, meter: Meter): Run {
    const guest = this
    const side: HostSide = {
      get hostContext() {
        return guest.#call?.hostContext
      },
      get signal() {
        return guest.#call?.signal ?? new AbortController().signal
      },
    }
    return (...args) => {
      meter.hostCall()
      try {
        const value = run(side, ...params.map(({ type }, index) => fromWit(args[index], type)))
        if (isPromise(value)) {
          value.catch(() => {})
          throw wasmError('BP_WASM_ASYNC_HOST', {
            details: { name: label },
            next: 'Run the component in a worker.',
          })
        }
        const type = answered(result)
        return type && toResult(value ?? null, type, label)
      } catch (cause) {
        meter.reason ??= meter.interrupted()
        if (meter.reason) throw meter.reason
        const error = hostFailed(label, cause)
        // The component is told, where it has words for it.
        if (result?.kind === 'result' && error.code !== 'BP_WASM_ASYNC_HOST') {
          const { err } = result
          if (err === undefined) throw { payload: undefined }
          if (err.kind === 'string') throw { payload: String(error.details.reason ?? error.message) }
          const payload = payloadOf(cause)
          if (payload) throw { payload: toResult(payload.value, err, label) }
        }
        throw error
      }
    }
  }
}

function withoutVersion(name: string): string {
  return name.replace(/@.*$/, '')
}

/** What a `result` gave as its error, if this is one. */
function payloadOf(thrown: unknown): { readonly value: unknown } | undefined {
  if (typeof thrown !== 'object' || thrown === null || !Object.hasOwn(thrown, 'payload')) return undefined
  return { value: (thrown as { payload: unknown }).payload }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function'
}
