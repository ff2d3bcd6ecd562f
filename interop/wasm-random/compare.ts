/** Runs one module twice, as it came and rewritten, and tells whether anybody could see a difference. */
import { createHash } from 'node:crypto'
import { readModule } from '../../packages/runtime-wasm/src/module/read-module.ts'
import { Engine } from '../../packages/runtime-wasm/src/sandbox/engine.ts'
import { fullLimits } from '../../packages/runtime-wasm/src/sandbox/limits.ts'
import { Meter } from '../../packages/runtime-wasm/src/sandbox/meter.ts'
import { type WasmFunction, type WasmImports, wasm } from '../../packages/runtime-wasm/src/webassembly.ts'

/** What a module did: a line for each thing that can be seen. */
export type Trace = readonly string[]

/** How a rewritten module is run: without a count of depth as by default, or with one. */
export interface CompareInit {
  readonly callDepth?: number
}

/** What came of a module. */
export interface Outcome {
  /** The first line in which both differ; `undefined` when they are the same. */
  readonly difference: string | undefined
  readonly calls: number
  readonly traps: number
}

/** Bytes of value types (core specification, 5.3.1). */
const types = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, funcref: 0x70, externref: 0x6f } as const
const api = (globalThis as unknown as { WebAssembly: Record<string, new (...args: never[]) => object> }).WebAssembly
const Exception = api.Exception as (new (...args: never[]) => object) | undefined

/** Compares a module with itself, rewritten. Two runs of the rewritten one must cost the same. */
export function compare(bytes: Uint8Array<ArrayBuffer>, init: CompareInit = {}): Outcome {
  const original = runOriginal(bytes)
  const once = runRewritten(bytes, init)
  const twice = runRewritten(bytes, init)
  const at = original.findIndex((line, index) => line !== once.trace[index])
  const difference =
    at >= 0
      ? `${original[at]} became ${once.trace[at]}`
      : once.fuel !== twice.fuel
        ? `fuel ${once.fuel}, and ${twice.fuel} the second time`
        : undefined
  const count = (what: RegExp) => original.filter((line) => what.test(line)).length
  return { difference, calls: count(/^call /), traps: count(/^call .* trap /) }
}

function runOriginal(bytes: Uint8Array<ArrayBuffer>): Trace {
  return run(
    bytes,
    (imports) => new wasm.Instance(new wasm.Module(bytes), imports).exports,
    (work) => work(),
  )
}

function runRewritten(bytes: Uint8Array<ArrayBuffer>, { callDepth }: CompareInit) {
  // Nothing that these limits stop: they are there to be counted.
  const limits = fullLimits({ ...(callDepth === undefined ? {} : { callDepth }), memoryPages: 65_536, fuel: 1e12 })
  const engine = new Engine()
  const meter = new Meter(limits)
  let fuel = 0
  const guarded = (work: () => unknown) => {
    meter.begin('call', Number.POSITIVE_INFINITY)
    try {
      return work()
    } finally {
      fuel += meter.stats().fuel
    }
  }
  const trace = run(
    bytes,
    (imports) => {
      const compiled = engine.compile('random', bytes, limits, { fuel: true })
      const { exports, start } = instantiate(engine, compiled, imports, meter)
      if (start) guarded(start)
      return exports
    },
    guarded,
  )
  return { trace, fuel }
}

/** The engine gives what V8 threw as an error of its own: here the cause is what counts. */
function instantiate(engine: Engine, compiled: ReturnType<Engine['compile']>, imports: WasmImports, meter: Meter) {
  try {
    return engine.instantiate(compiled, imports, meter)
  } catch (error) {
    throw (error as { cause?: unknown }).cause ?? error
  }
}

function run(
  bytes: Uint8Array<ArrayBuffer>,
  instantiate: (imports: WasmImports) => Record<string, unknown>,
  guarded: (work: () => unknown) => unknown,
): Trace {
  const shape = readModule(bytes, 'the module')
  const trace: string[] = []
  let exports: Record<string, unknown>
  try {
    exports = instantiate(importsOf(bytes, trace))
  } catch (thrown) {
    return [...trace, `instantiation ${failure(thrown)}`]
  }
  const callable = (codes: readonly number[]) =>
    codes.every((code) => code !== types.v128 && Object.values(types).includes(code as 0x7f))
  for (const { name, kind, index } of shape.exports) {
    if (kind !== 0) continue
    const { params = [], results = [] } = shape.types[shape.functions[index] ?? -1] ?? {}
    if (!callable(params) || !callable(results)) continue
    for (let round = 0; round < 3; round++) {
      const call = exports[name] as WasmFunction
      const args = params.map((code, i) => argument(code, round * 7 + i)) as never[]
      try {
        trace.push(`call ${name} gave ${shown(guarded(() => call(...args)))}`)
      } catch (thrown) {
        trace.push(`call ${name} ${failure(thrown)}`)
      }
    }
  }
  for (const { name, kind } of shape.exports) if (kind !== 0) trace.push(`${name} is ${state(exports[name])}`)
  return trace
}

/** Imports that give the same to both: zeros, and a note that they were called. */
function importsOf(bytes: Uint8Array<ArrayBuffer>, trace: string[]): WasmImports {
  const imports: WasmImports = Object.create(null)
  const described = (
    wasm.Module as unknown as { imports(module: object): { module: string; name: string; kind: string }[] }
  ).imports(new wasm.Module(bytes))
  const shape = readModule(bytes, 'the module')
  let functions = 0
  for (const [position, { module, name, kind }] of described.entries()) {
    imports[module] ??= Object.create(null) as Record<string, unknown>
    const space = imports[module] as Record<string, unknown>
    const own = shape.imports[position]
    if (kind === 'function') {
      const results = own?.type?.results ?? []
      const number = functions++
      space[name] = () => {
        trace.push(`import ${number} was called`)
        const values = results.map((code) => argument(code, 0))
        return values.length < 2 ? values[0] : values
      }
    } else throw new Unsupported(kind)
  }
  return imports
}

/** A module that imports what cannot be made from its outline alone. */
export class Unsupported extends Error {}

const numbers = [0, 1, -1, 2, 7, 255, 65_536, 0x7fffffff, -0x80000000]

function argument(code: number, seed: number): unknown {
  const number = numbers[seed % numbers.length] as number
  if (code === types.i64) return BigInt(number) * 0x1_0000_0001n
  if (code === types.f32 || code === types.f64) return number / 3
  if (code === types.externref || code === types.funcref) return null
  return number
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join()}]`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `${value}n`
  return Object.is(value, -0) ? '-0' : String(value)
}

function failure(thrown: unknown): string {
  if (Exception && thrown instanceof Exception) return 'threw an exception of its own'
  const { name, message } = thrown as Error
  return `trap ${name}: ${message.replace(/^WebAssembly\.Instance\(\): /, '')}`
}

function state(value: unknown): string {
  const { buffer, length } = value as { buffer?: ArrayBuffer; length?: number }
  if (buffer) return `${buffer.byteLength} bytes ${createHash('sha256').update(new Uint8Array(buffer)).digest('hex')}`
  try {
    if (length === undefined) return shown((value as { value?: unknown }).value)
    const table = value as unknown as { get(index: number): unknown }
    return Array.from({ length }, (_, i) => (table.get(i) === null ? 0 : 1)).join('')
  } catch {
    // A vector, an exception or a tag: nothing that JavaScript sees.
    return `unseen, ${length}`
  }
}
