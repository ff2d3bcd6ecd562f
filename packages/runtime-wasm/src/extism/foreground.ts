import { abortedBy, coreError, type Logger } from '@backplane/core'
import type { ComponentProgram } from '../component/program.ts'
import { wasmError } from '../errors.ts'
import type { CompiledModule, Engine } from '../sandbox/engine.ts'
import { type FuelShare, shareOf } from '../sandbox/fuel-share.ts'
import type { FullLimits } from '../sandbox/limits.ts'
import { type CallScope, Nesting } from '../sandbox/nesting.ts'
import type { VyraMetadata } from '../vyra/metadata.ts'
import type { WasiInit } from '../wasi/wasi.ts'
import { type AnyGuest, makeGuest } from '../worker/make-guest.ts'
import { exportsOf, type ModuleExport } from './exports.ts'
import type { GuestCall } from './guest.ts'
import type { LogLevel, Services } from './host-imports.ts'
import type { WasmCallOptions, WasmPlugin } from './plugin.ts'
import { Variables } from './variables.ts'

/** A plugin as it was read and compiled, before it has a place to run in. */
export interface LoadedPlugin extends Omit<Services, 'log' | 'variables' | 'waits'> {
  readonly id: string
  readonly engine: Engine
  readonly modules: readonly CompiledModule[]
  readonly kernel: CompiledModule
  readonly limits: FullLimits
  /** `captured`: whether its standard output goes to `stdout` rather than to the log. */
  readonly wasi: (Omit<WasiInit, 'output' | 'write'> & { readonly captured?: boolean }) | undefined
  readonly stdout?: ((bytes: Uint8Array) => void) | undefined
  readonly logger: Logger
  readonly initialise?: boolean
  /** Told when an instance has been replaced, and why: its memory is lost. */
  readonly replaced?: ((error: Error) => void) | undefined
  /** Present for a plugin of the VYRA convention. */
  readonly vyra?: { readonly metadata: VyraMetadata; readonly strict: boolean }
  /** Present for a component. */
  readonly component?: ComponentProgram
}

const none = new Uint8Array()
const encoder = new TextEncoder()
const never = new AbortController().signal

/** Bytes of what a caller gives. */
export function inputBytes(input: Uint8Array | string | undefined): Uint8Array {
  if (input === undefined) return none
  return typeof input === 'string' ? encoder.encode(input) : input
}

/** Writes a guest's log line; Extism's trace is below the logger's levels. */
export function writeLog(logger: Logger, level: LogLevel, text: string): void {
  logger[level === 'trace' || level === 'off' ? 'debug' : level](text)
}

/** How a {@link Foreground} runs. */
export interface ForegroundInit extends LoadedPlugin {
  /** Whether guests can wait for promises of their host. */
  readonly waits: boolean
  /** How many guests may be in a call at once, all but one of them waiting. @default 1 */
  readonly instances?: number
}

/** A plugin that runs in this thread: the quickest, and it blocks the thread while it computes. */
export class Foreground implements WasmPlugin {
  readonly functions: readonly string[]
  readonly exports: readonly ModuleExport[]
  readonly #init: ForegroundInit
  readonly #variables: Variables
  readonly #guests: AnyGuest[] = []
  readonly #free: AnyGuest[] = []
  readonly #waiting: { run: () => void; cancel: (error: Error) => void }[] = []
  readonly #closing = new AbortController()
  readonly #share: FuelShare | undefined
  /** Absent where no host function could call the plugin. */
  readonly #nesting: Nesting | undefined
  /** Set while calls wait for their share of the processor. */
  #rest: NodeJS.Timeout | undefined

  constructor(init: ForegroundInit) {
    this.#init = init
    this.#variables = new Variables(init.limits.varBytes)
    this.#share = shareOf(init.limits)
    this.#nesting = init.functions.size > 0 ? new Nesting(init.id, this.#most) : undefined
    const guest = this.#spawn()
    this.#free.push(guest)
    // Waiting for a promise needs more than this: see {@link initialise}.
    guest.prepare(init.initialise && !init.waits ? this.#how({}) : undefined)
    this.functions = guest.functions
    this.exports = exportsOf(init.modules)
  }

  /** Runs the module's own initialisation, where that may wait. */
  async initialise(signal?: AbortSignal): Promise<void> {
    const [guest] = this.#free
    if (!this.#init.initialise || !this.#init.waits || !guest) return
    await guest.prepareWaiting?.(this.#how(signal ? { signal } : {}))
  }

  call(name: string, input?: Uint8Array | string, options: WasmCallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { signal } = options
    if (this.#closing.signal.aborted) return Promise.reject(this.#closed())
    if (signal?.aborted) return Promise.reject(abortedBy(signal))
    const bytes = inputBytes(input)
    return this.#nesting ? this.#scoped(this.#nesting, name, bytes, options) : this.#run(name, bytes, options)
  }

  /** A call whose host functions may call the plugin again. */
  async #scoped(nesting: Nesting, name: string, bytes: Uint8Array, options: WasmCallOptions) {
    const scope = nesting.begin()
    try {
      return await this.#run(name, bytes, options, scope)
    } finally {
      nesting.end(scope)
    }
  }

  #run(name: string, bytes: Uint8Array, options: WasmCallOptions, scope?: CallScope): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#share && this.#resting()) return this.#later(name, bytes, options, scope)
    const guest = this.#free.pop() ?? (this.#guests.length < this.#most ? this.#spawn() : undefined)
    if (!guest) return this.#later(name, bytes, options, scope)
    if (this.#init.waits) return this.#wait(guest, name, bytes, options, scope)
    try {
      const call = () => guest.call(name, bytes, this.#how(options))
      return Promise.resolve(scope ? scope.run(call) : call())
    } catch (error) {
      this.#lost(guest, error)
      return Promise.reject(error)
    } finally {
      options.stats?.(guest.stats)
      this.#next(guest)
    }
  }

  async variables(): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#variables.entries()
  }

  async setVariables(variables: ReadonlyMap<string, Uint8Array>): Promise<void> {
    this.#variables.replace(variables)
  }

  async reset(): Promise<void> {
    this.#variables.clear()
    for (const guest of this.#guests) guest.drop()
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(this.#closed())
    clearTimeout(this.#rest)
    for (const each of this.#waiting.splice(0)) each.cancel(this.#closed())
    // What is in a call drops itself when that ends.
    for (const guest of this.#free) guest.drop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #wait(
    guest: AnyGuest,
    name: string,
    bytes: Uint8Array,
    options: WasmCallOptions,
    scope: CallScope | undefined,
  ): Promise<Uint8Array<ArrayBuffer>> {
    try {
      const call = () => guest.callWaiting(name, bytes, this.#how(options))
      return await (scope ? scope.run(call) : call())
    } catch (error) {
      this.#lost(guest, error)
      throw error
    } finally {
      options.stats?.(guest.stats)
      if (this.#closing.signal.aborted) guest.drop()
      this.#next(guest)
    }
  }

  /** A guest that cannot wait is never in two calls. */
  get #most(): number {
    return this.#init.waits ? (this.#init.instances ?? 1) : 1
  }

  #spawn(): AnyGuest {
    const { wasi, logger, stdout } = this.#init
    const write = stdout ? { write: stdout } : {}
    const guest = makeGuest({
      ...this.#init,
      plugin: this.#init.id,
      share: this.#share,
      variables: this.#variables,
      log: (level, text) => writeLog(logger, level, text),
      ...(wasi
        ? { wasi: { ...wasi, ...write, output: (stream, line) => logger[stream === 'stdout' ? 'info' : 'warn'](line) } }
        : { wasi: undefined }),
    } as Parameters<typeof makeGuest>[0])
    this.#guests.push(guest)
    return guest
  }

  /** One call at a time for each guest: they keep a stack of their own, which calls in turns would damage. */
  #later(
    name: string,
    bytes: Uint8Array,
    options: WasmCallOptions,
    scope: CallScope | undefined,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const value = this.#init.limits.queue
    if (this.#waiting.length >= value) {
      return Promise.reject(wasmError('BP_WASM_BUSY', { details: { plugin: this.#init.id, value, limit: 'queue' } }))
    }
    const since = performance.now()
    return new Promise((resolve, reject) => {
      const entry = {
        run: () => {
          options.signal?.removeEventListener('abort', abort)
          const timeoutMs = (options.timeoutMs ?? Number.POSITIVE_INFINITY) - (performance.now() - since)
          this.#run(name, bytes, { ...options, timeoutMs: Math.max(0, timeoutMs) }, scope).then(resolve, reject)
        },
        cancel: reject,
      }
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        reject(abortedBy(options.signal))
      }
      options.signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(entry)
    })
  }

  #lost(guest: AnyGuest, error: unknown): void {
    if (!guest.alive && !this.#closing.signal.aborted) this.#init.replaced?.(error as Error)
  }

  #next(guest: AnyGuest): void {
    this.#free.push(guest)
    if (this.#waiting.length > 0 && !this.#resting()) this.#waiting.shift()?.run()
  }

  /** Whether calls must wait until their share of the processor has come up with what former ones took. */
  #resting(): boolean {
    const owedMs = this.#share?.owedMs ?? 0
    if (owedMs > 0)
      this.#rest ??= setTimeout(() => {
        this.#rest = undefined
        if (this.#waiting.length > 0 && this.#free.length > 0 && !this.#resting()) this.#waiting.shift()?.run()
      }, owedMs)
    return owedMs > 0
  }

  #how({ timeoutMs = Number.POSITIVE_INFINITY, signal, hostContext }: WasmCallOptions): GuestCall {
    if (!signal && !this.#init.waits) return { timeoutMs, signal: never, hostContext }
    const closing = this.#closing.signal
    const either = signal ? AbortSignal.any([signal, closing]) : closing
    return {
      timeoutMs,
      signal: either,
      hostContext,
      interrupt: { check: () => (either.aborted ? abortedBy(either) : undefined) },
    }
  }

  #closed() {
    return coreError('BP_CLOSED', { details: { what: `Plugin '${this.#init.id}'` } })
  }
}
