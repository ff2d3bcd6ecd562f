import { compileFunction } from 'node:vm'
import { coreError, type FunctionDescriptor, type JsonSchema, messageOf } from '@backplane/core'
import { wasmError } from '../errors.ts'
import type { CompiledModule, Engine } from '../sandbox/engine.ts'
import type { FullLimits } from '../sandbox/limits.ts'
import type { WasmImports } from '../webassembly.ts'
import { type ComponentShape, readComponent } from './read-component.ts'
import { objectSchema, refusal, schemaOf, type WitFunction, type WitType } from './wit-types.ts'

/** One function that a component offers, under the name that it is called by. */
export interface ComponentFunction {
  readonly name: string
  /** The interface that exports it, with its version; empty for the world itself. */
  readonly from: string
  readonly type: WitFunction
  /** Why it cannot be called here. */
  readonly refused: string | undefined
}

/** A component ready to be instantiated in any thread: plain data, but for its modules. */
export interface ComponentProgram {
  readonly shape: ComponentShape
  readonly functions: readonly ComponentFunction[]
  /** The bindings that jco wrote for it. */
  readonly glue: string
}

/** Makes the component's exports from its imports and its core modules. */
export type Instantiate = (
  module: (name: string) => CompiledModule,
  imports: Record<string, unknown>,
  core: (module: CompiledModule, imports: WasmImports) => { readonly exports: object },
) => Record<string, unknown>

/** What is used of jco. */
interface Bindgen {
  readonly $init: Promise<void>
  generate(component: Uint8Array, options: object): { readonly files: readonly (readonly [string, Uint8Array])[] }
}

/** A component, taken apart and compiled. */
export interface CompiledComponent {
  readonly program: ComponentProgram
  readonly modules: readonly CompiledModule[]
}

/**
 * Takes a component apart: its core modules are instrumented as any module is, and jco writes the bindings between
 * them. Throws `BP_WASM_COMPONENT_TOOL` where jco is not installed, `BP_WASM_MODULE_INVALID` and `BP_WASM_FEATURE`.
 */
export async function compileComponent(
  bytes: Uint8Array<ArrayBuffer>,
  engine: Engine,
  limits: FullLimits,
): Promise<CompiledComponent> {
  const { moduleBytes } = limits
  if (bytes.length > moduleBytes) {
    const details = { what: 'The component', actual: bytes.length, value: moduleBytes, limit: 'moduleBytes' }
    throw wasmError('BP_WASM_SIZE_LIMIT', { details })
  }
  const shape = readComponent(bytes)
  const { glue, cores } = await transpile(bytes, shape)
  const modules = cores.map(([name, core]) => engine.compile(name, core, limits, { fuel: true }))
  return { program: { shape, functions: componentFunctions(shape), glue }, modules }
}

async function transpile(bytes: Uint8Array, { imports }: ComponentShape) {
  const { generate, $init } = await bindgen()
  await $init
  let files: readonly (readonly [string, Uint8Array])[]
  try {
    // Left to itself, jco drops versions: two of one interface would be the same.
    const map = imports.flatMap(({ name }) => (name === '' ? [] : [[name, name]]))
    const how = { instantiation: { tag: 'sync' }, noTypescript: true, noNodejsCompat: true, base64Cutoff: 0, map }
    files = generate(bytes, { name: 'component', ...how }).files
  } catch (cause) {
    const reason = messageOf((cause as { payload?: unknown }).payload ?? cause)
    throw wasmError('BP_WASM_MODULE_INVALID', { details: { what: 'The component', reason }, cause })
  }
  const text = files.find(([name]) => name.endsWith('.js'))?.[1] ?? new Uint8Array()
  return {
    glue: new TextDecoder().decode(text),
    cores: files
      .filter(([name]) => name.endsWith('.wasm'))
      .map(([name, core]) => [name, new Uint8Array(core)] as const),
  }
}

async function bindgen(): Promise<Bindgen> {
  try {
    return (await import('@bytecodealliance/jco-transpile/component')) as Bindgen
  } catch (cause) {
    throw wasmError('BP_WASM_COMPONENT_TOOL', { details: { reason: messageOf(cause) }, cause })
  }
}

/**
 * Runs the bindings' own code, which does nothing until it is called. It is jco's, made from a checked component, and
 * sees neither the process nor modules. `globals` stand in the place of the engine's own.
 */
export function evaluate(glue: string, globals: Readonly<Record<string, unknown>>): Instantiate {
  const code = `${glue.replaceAll(/^export (?=function|const)/gm, '')}\nreturn instantiate`
  const global = { WebAssembly: (globalThis as { WebAssembly?: object }).WebAssembly }
  const hidden = ['process', 'require', 'module', 'fetch', 'Buffer', 'navigator', 'queueMicrotask']
  const names = Object.keys(globals)
  const run = compileFunction(code, ['globalThis', 'global', ...names, ...hidden])
  return run(global, global, ...names.map((name) => globals[name])) as Instantiate
}

/** Names what can be called: a function's own name, or its interface's before it where two have the same. */
export function componentFunctions({ exports }: ComponentShape): ComponentFunction[] {
  const all = exports.flatMap(({ name: from, functions }) =>
    functions.map((type) => ({ from, type, refused: refusal(type) })),
  )
  const taken = new Map<string, number>()
  for (const { type } of all) taken.set(type.name, (taken.get(type.name) ?? 0) + 1)
  return all.map((each) => {
    const short = each.from.replace(/^.*\//, '').replace(/@.*$/, '')
    const plain = each.from === '' || taken.get(each.type.name) === 1
    return { name: plain ? each.type.name : `${short}.${each.type.name}`, ...each }
  })
}

/** How a function is advertised. */
export function describeFunction({ name, type }: ComponentFunction): FunctionDescriptor & { parameters: JsonSchema } {
  const result = answered(type.result)
  return {
    name,
    parameters: objectSchema(type.params),
    ...(result ? { result: schemaOf(result) } : {}),
  }
}

/** What a call gives: the better half of a `result`, whose other half is an error. */
export function answered(type: WitType | undefined): WitType | undefined {
  return type?.kind === 'result' ? type.ok : type
}

/** Throws `BP_FUNCTION_UNKNOWN`, and `BP_WASM_FEATURE` for what has no form in JSON. */
export function functionOf({ functions }: ComponentProgram, name: string): ComponentFunction {
  const found = functions.find((each) => each.name === name)
  if (!found) throw coreError('BP_FUNCTION_UNKNOWN', { details: { name } })
  if (found.refused === undefined) return found
  throw wasmError('BP_WASM_FEATURE', {
    details: { what: `'${name}'`, feature: found.refused },
    next: 'Call functions whose types are values; resources, streams and futures have no form in JSON.',
  })
}
