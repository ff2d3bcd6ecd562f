import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { BackplaneError, coreError, messageOf, silentLogger } from '@backplane/core'
import { loadComponent } from './component/plugin.ts'
import { componentFunctions } from './component/program.ts'
import { isComponent, readComponent } from './component/read-component.ts'
import { textOf } from './component/wit-types.ts'
import { wasmError } from './errors.ts'
import { type ExtismPluginInit, extismPlugin } from './extism/plugin.ts'
import type { Abi } from './host/manifest-section.ts'
import { validate } from './module/instrument.ts'
import { readPluginFile } from './module/read-file.ts'
import { type FunctionType, type ModuleShape, readModule } from './module/read-module.ts'
import { fullLimits } from './sandbox/limits.ts'
import type { CallStats } from './sandbox/meter.ts'
import { pack, unpack } from './vyra/convert.ts'
import { BaseHostFunctions } from './vyra/host-functions.ts'
import { loadVyra } from './vyra/load.ts'
import { parseMetadataText } from './vyra/metadata.ts'

/** What a module is, without running it. */
export interface ModuleReport {
  /** The convention that its imports speak; `wasi` for a program of WASI preview 1. */
  readonly abi: Abi | 'wasi'
  readonly bytes: number
  readonly functions: readonly {
    readonly name: string
    readonly params: readonly string[]
    readonly results: readonly string[]
  }[]
  readonly imports: readonly { readonly module: string; readonly name: string; readonly kind: string }[]
  /** Pages of 64 KiB that each memory begins with, and may grow to. */
  readonly memories: readonly { readonly initial: number; readonly maximum?: number }[]
  readonly start: boolean
}

const typeNames: Readonly<Record<number, string>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  112: 'funcref',
  111: 'externref',
  105: 'exnref',
}

/**
 * Says what a module or a component exports, imports and needs. Nothing of it is run. Throws `BP_WASM_MODULE_INVALID`
 * and `BP_WASM_FEATURE`.
 */
export function inspectModule(bytes: Uint8Array): ModuleReport {
  const own = new Uint8Array(bytes)
  if (isComponent(own)) return inspectComponent(own)
  validate(own, 'The file')
  const shape = readModule(own, 'The file')
  const names = (list: FunctionType['params'] | undefined) =>
    (list ?? []).map((type) => typeNames[type] ?? `0x${type.toString(16)}`)
  return {
    abi: abiOf(shape),
    bytes: bytes.length,
    functions: shape.exports
      .filter(({ kind }) => kind === 0)
      .map(({ name, index }) => {
        const type = shape.types[shape.functions[index] ?? -1]
        return { name, params: names(type?.params), results: names(type?.results) }
      }),
    imports: shape.imports.map(({ module, name, kind }) => ({ module, name, kind })),
    memories: shape.memories.map(({ initial, maximum }) => ({
      initial,
      ...(maximum === undefined ? {} : { maximum }),
    })),
    start: shape.start !== undefined,
  }
}

function abiOf({ imports, exports }: ModuleShape): 'extism' | 'wasi' | 'vyra' {
  if (imports.some(({ module }) => module.startsWith('extism:host/'))) return 'extism'
  const system = imports.some(({ module }) => module.startsWith('wasi_'))
  return system && exports.some(({ name }) => name === '_start') ? 'wasi' : 'vyra'
}

function inspectComponent(bytes: Uint8Array): ModuleReport {
  const shape = readComponent(bytes)
  return {
    abi: 'component',
    bytes: bytes.length,
    functions: componentFunctions(shape).map(({ name, type, refused }) => ({
      name,
      params: type.params.map((param) => `${param.name}: ${textOf(param.type)}`),
      results: [...(type.result ? [textOf(type.result)] : []), ...(refused === undefined ? [] : [`(${refused})`])],
    })),
    imports: shape.imports.flatMap(({ name, functions }) =>
      functions.map((each) => ({ module: name, name: each.name, kind: 'function' })),
    ),
    memories: [],
    start: false,
  }
}

/** Options of {@link callModule}. */
export interface CallModuleInit
  extends Pick<ExtismPluginInit, 'config' | 'allowedHosts' | 'allowedPaths' | 'limits' | 'logger' | 'signal'> {
  /**
   * The convention that the module follows; `wasi` for a program of WASI preview 1.
   * @default by what the module imports
   */
  readonly abi?: Abi | 'wasi'
  /** The environment that WASI shows. @default empty */
  readonly env?: Readonly<Record<string, string>>
  /** Arguments behind the program's name, which is the file's. @default none */
  readonly args?: readonly string[]
  /**
   * Files of modules that it imports, by the names that it imports them by; not for VYRA and components.
   * @default none
   */
  readonly link?: Readonly<Record<string, string>>
}

/**
 * Calls one function of a module file once, as a shell does: the input is given as it is (Extism), or is a JSON object
 * of arguments (VYRA, with the `metadata.json` beside the file; without one, arguments are named `0`, `1`, ... and are
 * what the module says; components, by the names in their WIT), or is a program's standard input (WASI), whose standard
 * output is the answer. Not for many calls: everything is loaded again.
 */
export async function callModule(
  file: string,
  name: string,
  input: Uint8Array | string,
  init: CallModuleInit = {},
): Promise<{ readonly output: Uint8Array; readonly stats: CallStats | undefined }> {
  let stats: CallStats | undefined
  const options = {
    stats: (used: CallStats) => {
      stats = used
    },
    ...(init.signal ? { signal: init.signal } : {}),
  }
  const most = fullLimits(init.limits).moduleBytes
  const bytes = await readPluginFile(file, { most, signal: init.signal }).catch((cause) => {
    if (cause instanceof BackplaneError) throw cause
    throw wasmError('BP_WASM_SOURCE', { details: { source: file, reason: cause.message }, cause })
  })
  const report = inspectModule(bytes)
  const abi = init.abi ?? report.abi
  checkTaken(abi, init)
  const { env = {}, args = [], link = {} } = init
  const wasi = { env, args: [basename(file), ...args] }
  if (abi === 'component') {
    const { plugin } = await loadComponent(new Uint8Array(bytes), { ...init, worker: true, wasi })
    await using _ = plugin
    const output = await plugin.call(name, pack(given(input)), options)
    return { output, stats }
  }
  if (abi === 'extism' || abi === 'wasi') {
    const linked = Object.entries(link).map(([name, path]) => ({ name, path }))
    const printed: Uint8Array[] = []
    const stdin = typeof input === 'string' ? new TextEncoder().encode(input) : input
    const program = { ...wasi, stdin, stdout: (part: Uint8Array) => void printed.push(part) }
    // A thread, so that a signal (an interrupt of the shell) ends a call that runs.
    await using plugin = await extismPlugin(
      { wasm: [...linked, { data: new Uint8Array(bytes) }] },
      { ...init, id: basename(file), worker: true, wasi: abi === 'wasi' ? program : wasi },
    )
    const output = await plugin.call(name, abi === 'wasi' ? undefined : input, options)
    return { output: abi === 'wasi' ? Buffer.concat(printed) : output, stats }
  }
  const text = await readFile(join(dirname(file), 'metadata.json'), 'utf8').catch(() => undefined)
  const metadata = parseMetadataText(text ?? JSON.stringify({ exports: described(report) }))
  await using plugin = await loadVyra({
    id: name,
    source: { data: new Uint8Array(bytes) },
    metadata,
    host: new BaseHostFunctions(),
    strict: true,
    worker: true,
    logger: init.logger ?? silentLogger,
    ...(init.limits ? { limits: init.limits } : {}),
    ...(init.signal ? { signal: init.signal } : {}),
  })
  const answer = await plugin.call(name, pack(given(input)), options)
  return { output: answer, stats }
}

/** What beside its input a call takes, by convention. What would have no effect is refused: it may be a grant. */
const takes: Readonly<Record<Abi | 'wasi', readonly (keyof CallModuleInit)[]>> = {
  extism: ['config', 'env', 'args', 'link', 'allowedPaths', 'allowedHosts'],
  wasi: ['config', 'env', 'args', 'link', 'allowedPaths', 'allowedHosts'],
  component: ['env', 'args'],
  vyra: [],
}

function checkTaken(abi: Abi | 'wasi', init: CallModuleInit): void {
  for (const name of takes.extism) {
    if (Object.keys(init[name] ?? {}).length === 0 || takes[abi].includes(name)) continue
    const takers = Object.entries(takes).flatMap(([other, names]) => (names.includes(name) ? [other] : []))
    const reason = `a module of the convention ${abi} takes none; those of ${takers.join(', ')} do`
    throw coreError('BP_INVALID_ARGUMENT', { details: { what: `The option ${name}`, reason } })
  }
}

/** Arguments as a shell gives them. */
function given(input: Uint8Array | string): unknown {
  const text = typeof input === 'string' ? input : new TextDecoder().decode(input)
  try {
    return text.trim() === '' ? {} : unpack(text)
  } catch (cause) {
    throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'the input', reason: messageOf(cause) }, cause })
  }
}

function described({ functions }: ModuleReport) {
  return functions.map(({ name, params }) => ({
    name,
    args: params.map((type, index) => ({ name: String(index), type })),
  }))
}
