import { type BackplaneError, coreError } from '@backplane/core'
import { wasmError } from '../errors.ts'
import { asking } from '../module/additions.ts'
import type { ModuleShape } from '../module/read-module.ts'
import type { WasmGlobal, WasmMemory, WasmTable } from '../webassembly.ts'
import type { FuelShare } from './fuel-share.ts'
import type { FullLimits } from './limits.ts'

/** Fuel that is given out at once; time and cancelling are looked at when it is used up, about once a millisecond. */
const slice = 200_000
const pageBytes = 65_536
/** Nothing changes it: waiting for it only takes time. */
const still = new Int32Array(new SharedArrayBuffer(4))
const shortStep = 10
const longestWait = 60_000

/** One module's share of the fuel. */
export interface Gauge {
  readonly fuel: WasmGlobal
  readonly depth: WasmGlobal
  granted: number
}

/** What one call used. */
export interface CallStats {
  /** Fuel, by the rule of {@link fuelVersion}. */
  readonly fuel: number
  readonly hostCalls: number
  /** Pages of 64 KiB that all memories had at the end. */
  readonly memoryPages: number
}

/** What may stop a call from outside. */
export interface Interrupt {
  /** Says why to stop, or nothing. Asked about once a millisecond while the guest runs. */
  check(): BackplaneError | undefined
  /** Stands still for so many milliseconds at most, and not beyond a moment when `check` may have something to say. */
  wait?(ms: number): void
}

/**
 * Holds the limits of one instance: it is asked when fuel runs out, before a memory grows, and at each call to the
 * host.
 */
export class Meter {
  /** Why the call under way must end; stays once it is set. */
  reason: BackplaneError | undefined
  readonly limits: FullLimits
  readonly #gauges: Gauge[] = []
  readonly #memories: WasmMemory[] = []
  readonly #tables: WasmTable[] = []
  #footprint = 0
  #function = ''
  #budget = Number.POSITIVE_INFINITY
  #deadline = Number.POSITIVE_INFINITY
  #timeoutMs = Number.POSITIVE_INFINITY
  #spent = 0
  #hostCalls = 0
  #refusedPages = 0
  #charged = 0
  #interrupt: Interrupt | undefined
  readonly #share: FuelShare | undefined
  readonly #mayPause: boolean

  /**
   * @param share what its fuel counts against as well; `mayPause`: whether this thread may stand still until there is
   * some again
   */
  constructor(limits: FullLimits, share?: FuelShare, mayPause = false) {
    this.limits = limits
    this.#share = share
    this.#mayPause = mayPause
  }

  add(gauge: Gauge): void {
    this.#gauges.push(gauge)
  }

  /**
   * Takes one module more into the account, before an instance of it is made. Throws `BP_WASM_MEMORY_LIMIT`,
   * `BP_WASM_FEATURE` or `BP_WASM_SIZE_LIMIT` when all of them together are more than allowed.
   */
  admit(shape: ModuleShape, what: string): void {
    const { memoryPages, tableElements, footprintBytes } = this.limits
    const pages = shape.memories.reduce((sum, { initial }) => sum + initial, this.pages)
    if (pages > memoryPages) throw this.#memoryLimit(what)
    const elements = shape.tables.reduce((sum, { bounds }) => sum + bounds.initial, this.elements)
    if (elements > tableElements) {
      const feature = `tables of ${elements} elements with those before it (limit: tableElements, ${tableElements})`
      throw wasmError('BP_WASM_FEATURE', { details: { what, feature } })
    }
    this.#footprint += shape.footprint
    if (this.#footprint > footprintBytes) {
      const details = { what: 'The footprint of all modules', actual: this.#footprint, value: footprintBytes }
      throw wasmError('BP_WASM_SIZE_LIMIT', { details: { ...details, limit: 'footprintBytes' } })
    }
  }

  addTable(table: WasmTable): void {
    this.#tables.push(table)
  }

  /** Elements of all tables now. */
  get elements(): number {
    return this.#tables.reduce((sum, { length }) => sum + length, 0)
  }

  /** Counts a memory. Throws `BP_WASM_MEMORY_LIMIT` when all of them are more than allowed already. */
  addMemory(memory: WasmMemory, what: string): void {
    if (this.#memories.includes(memory)) return
    this.#memories.push(memory)
    if (this.pages > this.limits.memoryPages) throw this.#memoryLimit(what)
  }

  /** Whether this is what one of its memories holds now. */
  holds(buffer: unknown): boolean {
    return this.#memories.some((memory) => memory.buffer === buffer)
  }

  /** Pages of all memories now. */
  get pages(): number {
    let pages = 0
    for (const memory of this.#memories) pages += memory.buffer.byteLength / pageBytes
    return pages
  }

  /** Begins a call. `timeoutMs` may only shorten the limit of the instance. */
  begin(name: string, timeoutMs: number, interrupt?: Interrupt): void {
    this.reason = undefined
    this.#function = name
    this.#budget = this.limits.fuel
    this.#timeoutMs = Math.min(timeoutMs, this.limits.timeoutMs)
    this.#deadline =
      this.#timeoutMs === Number.POSITIVE_INFINITY ? this.#timeoutMs : performance.now() + this.#timeoutMs
    this.#spent = 0
    this.#charged = 0
    this.#hostCalls = 0
    this.#refusedPages = 0
    this.#interrupt = interrupt
    for (const gauge of this.#gauges) {
      gauge.granted = 0
      gauge.fuel.value = 0
    }
    if (this.limits.callDepth !== Number.POSITIVE_INFINITY) for (const { depth } of this.#gauges) depth.value = 0
  }

  /** Gives what the call has used so far. */
  stats(): CallStats {
    let fuel = this.#spent
    for (const gauge of this.#gauges) fuel += gauge.granted - gauge.fuel.value
    this.#charge(fuel)
    return { fuel, hostCalls: this.#hostCalls, memoryPages: this.pages }
  }

  /** Asked by a module whose share is used up, or which is too deep; gives 1 when it must end. */
  stop(gauge: Gauge, why: number): number {
    if (this.reason === undefined) {
      if (why === asking.depth) {
        const { callDepth } = this.limits
        this.reason = wasmError('BP_WASM_STACK_LIMIT', {
          details: { function: this.#function, limit: 'callDepth', value: callDepth },
        })
      } else this.#refill(gauge)
    }
    return this.reason === undefined ? 0 : 1
  }

  /** Asked before a memory grows; gives 1 when it may. */
  grow(pages: number): number {
    const wanted = pages >>> 0
    if (this.pages + wanted <= this.limits.memoryPages) return 1
    this.#refusedPages = wanted
    return 0
  }

  /** Asked before a table grows; gives 1 when it may. */
  growTable(elements: number): number {
    return this.elements + (elements >>> 0) <= this.limits.tableElements ? 1 : 0
  }

  /** Counts one call to the host. Throws when the call under way must end. */
  hostCall(): void {
    if (++this.#hostCalls > this.limits.hostCalls) {
      this.reason ??= wasmError('BP_WASM_HOST_CALL_LIMIT', {
        details: { function: this.#function, limit: 'hostCalls', value: this.limits.hostCalls },
      })
    }
    // Guests call often: time is looked at now and then.
    if ((this.#hostCalls & 63) === 0) this.reason ??= this.interrupted()
    if (this.reason) throw this.reason
  }

  /** Says why the call must end, if time or somebody outside says so. */
  interrupted(): BackplaneError | undefined {
    if (performance.now() >= this.#deadline) return this.timeout()
    return this.#interrupt?.check()
  }

  /** The error of a call whose time is over. */
  timeout(): BackplaneError {
    const details = { what: `The call of '${this.#function}'`, timeoutMs: this.#timeoutMs, limit: 'timeoutMs' }
    return coreError('BP_TIMEOUT', { details })
  }

  /**
   * Lets this thread stand still, in milliseconds. Throws at the call's deadline, and when it is cancelled meanwhile;
   * in short steps where nothing wakes the thread for that.
   */
  sleep(ms: number): void {
    const until = performance.now() + ms
    for (;;) {
      this.reason ??= this.interrupted()
      if (this.reason) throw this.reason
      const left = Math.min(until, this.#deadline) - performance.now()
      if (performance.now() >= until) return
      if (this.#interrupt?.wait) this.#interrupt.wait(Math.min(left, longestWait))
      else Atomics.wait(still, 0, 0, Math.min(left, shortStep))
    }
  }

  /** Milliseconds until the call's time is over. */
  get leftMs(): number {
    return this.#deadline - performance.now()
  }

  /** What a trap means when a memory was refused in the same call. */
  get refused(): BackplaneError | undefined {
    return this.#refusedPages > 0 ? this.#memoryLimit(`'${this.#function}'`) : undefined
  }

  #refill(gauge: Gauge): void {
    this.#spent += gauge.granted - gauge.fuel.value
    gauge.granted = 0
    gauge.fuel.value = 0
    let grant = slice
    if (this.#budget !== Number.POSITIVE_INFINITY) {
      for (const other of this.#gauges) {
        this.#spent += other.granted - other.fuel.value
        other.granted = 0
        other.fuel.value = 0
      }
      if (this.#spent > this.#budget) {
        this.reason = wasmError('BP_WASM_OUT_OF_FUEL', {
          details: { function: this.#function, limit: 'fuel', value: this.#budget },
        })
        return
      }
      grant = Math.min(slice, this.#budget - this.#spent)
    }
    this.#charge(this.#spent)
    this.reason = this.interrupted() ?? this.#pause()
    if (this.reason) return
    gauge.granted = grant
    gauge.fuel.value = grant
  }

  #charge(fuel: number): void {
    if (fuel > this.#charged) this.#share?.spend(fuel - this.#charged)
    this.#charged = Math.max(this.#charged, fuel)
  }

  /** Stands still until its share of the processor has come up with what it owes. */
  #pause(): BackplaneError | undefined {
    if (!this.#share || !this.#mayPause) return undefined
    for (let owedMs = this.#share.owedMs; owedMs > 0; owedMs = this.#share.owedMs) {
      // In short steps: cancelling and the deadline are looked at in between.
      Atomics.wait(still, 0, 0, Math.min(owedMs, 2))
      const reason = this.interrupted()
      if (reason) return reason
    }
    return undefined
  }

  #memoryLimit(what: string): BackplaneError {
    const value = this.limits.memoryPages
    return wasmError('BP_WASM_MEMORY_LIMIT', { details: { what, limit: 'memoryPages', value } })
  }
}
