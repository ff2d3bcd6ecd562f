import type { FunctionDescriptor, JsonSchema, Manifest } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import type { WasmLimits } from '../sandbox/limits.ts'
import { parseMetadata, type VyraMetadata } from '../vyra/metadata.ts'

/** How one exported function takes and gives data. */
export type Codec = 'bytes' | 'text' | 'json'

/** One export as the manifest's section `wasm` declares it. */
export interface WasmExportEntry {
  readonly name: string
  readonly description?: string
  readonly parameters?: JsonSchema
  readonly result?: JsonSchema
  readonly stream?: 'items' | 'progress'
  /**
   * What it is given: the parameter `input`, or all parameters as JSON.
   * @default json where `parameters` are declared, else bytes
   */
  readonly input?: Codec
  /** @default what `input` is */
  readonly output?: Codec
}

/** Exports that the host calls for its own ends; they are not advertised. */
export interface WasmHooks {
  readonly start?: string
  readonly stop?: string
  readonly event?: string
  readonly config?: string
  readonly health?: string
  readonly get_state?: string
  readonly set_state?: string
}

/** How a module is called. */
export type Abi = 'extism' | 'vyra' | 'component'
const abis: readonly Abi[] = ['extism', 'vyra', 'component']

/** The section `wasm` of a manifest. */
export interface WasmSection {
  /** @default by what the module imports */
  readonly abi?: Abi
  readonly exports: readonly WasmExportEntry[] | undefined
  readonly metadata: VyraMetadata
  readonly hooks: WasmHooks
  /** Functions that are called again and again between start and stop. */
  readonly routines: readonly { readonly function: string; readonly interval_ms: number }[]
  readonly limits: WasmLimits
  readonly instances: number
  readonly wasi: boolean
  readonly hash?: string
  readonly signature?: { readonly key: string; readonly value: string }
}

const known = [
  'abi',
  'exports',
  'imports',
  'initial_state',
  'hooks',
  'routines',
  'limits',
  'instances',
  'wasi',
  'hash',
  'signature',
  'permissions',
]
const hookNames = ['start', 'stop', 'event', 'config', 'health', 'get_state', 'set_state']
const limitNames: Readonly<Record<string, keyof WasmLimits>> = {
  memory_pages: 'memoryPages',
  fuel: 'fuel',
  fuel_per_second: 'fuelPerSecond',
  timeout_ms: 'timeoutMs',
  host_calls: 'hostCalls',
  call_depth: 'callDepth',
  table_elements: 'tableElements',
  input_bytes: 'inputBytes',
  output_bytes: 'outputBytes',
  var_bytes: 'varBytes',
  http_bytes: 'httpBytes',
  queue: 'queue',
}

/**
 * Reads the section. Throws `BP_MANIFEST_INVALID`; unknown keys are errors, since a limit with a slip would silently
 * not hold.
 */
export function readSection({ wasm = {}, limits, id }: Manifest): WasmSection {
  const refuse = (issues: string) => contractError('BP_MANIFEST_INVALID', { details: { of: ` of '${id}'`, issues } })
  const only = (given: unknown, path: string, names: readonly string[]) => {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) throw refuse(`${path} must be an object`)
    const odd = Object.keys(given).find((key) => !names.includes(key))
    if (odd !== undefined) throw refuse(`${path}.${odd} is not known`)
    return given as Record<string, unknown>
  }
  const section = only(wasm, 'wasm', known)
  const { abi, instances = 1, wasi = false, hash, signature } = section
  if (abi !== undefined && !abis.includes(abi as Abi)) throw refuse(`wasm.abi must be one of ${abis.join(', ')}`)
  if (!Number.isInteger(instances) || (instances as number) < 1)
    throw refuse('wasm.instances must be a whole number above 0')
  if (typeof wasi !== 'boolean') throw refuse('wasm.wasi must be true or false')
  if (hash !== undefined && !(typeof hash === 'string' && /^[0-9a-f]{64}$/i.test(hash)))
    throw refuse('wasm.hash must be a SHA-256 in hexadecimal')
  const asked: Record<string, number> = {}
  for (const [name, value] of Object.entries(only(section.limits ?? {}, 'wasm.limits', Object.keys(limitNames)))) {
    if (typeof value !== 'number' || !(value >= 0)) throw refuse(`wasm.limits.${name} must be a number >= 0`)
    asked[limitNames[name] as string] = value
  }
  // MiB to pages of 64 KiB.
  if (limits?.memory_mb !== undefined)
    asked.memoryPages = Math.min(limits.memory_mb * 16, asked.memoryPages ?? Number.POSITIVE_INFINITY)
  const routines = (section.routines ?? []) as WasmSection['routines']
  if (
    !Array.isArray(routines) ||
    routines.some((each) => typeof each?.function !== 'string' || !(each.interval_ms > 0))
  )
    throw refuse('wasm.routines must be a list of { function, interval_ms }')
  if (signature !== undefined) {
    const { key, value } = only(signature, 'wasm.signature', ['key', 'value'])
    if (typeof key !== 'string' || typeof value !== 'string')
      throw refuse('wasm.signature must have key and value in base64')
  }
  const declared = section.exports as readonly (string | WasmExportEntry)[] | undefined
  const named = (entry: unknown) => typeof (entry as { name?: unknown } | null)?.name === 'string'
  if (declared !== undefined && !(Array.isArray(declared) && declared.every((e) => typeof e === 'string' || named(e))))
    throw refuse('wasm.exports must be a list of names, or of objects with a name')
  const hooks = only(section.hooks ?? {}, 'wasm.hooks', hookNames)
  for (const [hook, name] of Object.entries(hooks))
    if (typeof name !== 'string') throw refuse(`wasm.hooks.${hook} must be the name of a function`)
  return {
    ...(abi === undefined ? {} : { abi: abi as Abi }),
    exports: declared?.map((entry) => (typeof entry === 'string' ? { name: entry } : entry)),
    metadata: abi === 'extism' || abi === 'component' ? parseMetadata({}) : parseMetadata(section),
    hooks: hooks as WasmHooks,
    routines,
    limits: asked,
    instances: instances as number,
    wasi,
    ...(hash === undefined ? {} : { hash: hash as string }),
    ...(signature === undefined ? {} : { signature: signature as { key: string; value: string } }),
  }
}

/** Which codec an export of the Extism convention uses. */
export function codecs({ input, output, parameters }: WasmExportEntry): { input: Codec; output: Codec } {
  const given = input ?? (parameters ? 'json' : 'bytes')
  return { input: given, output: output ?? given }
}

/** An export as it is advertised. */
export function describeExport(entry: WasmExportEntry): FunctionDescriptor {
  const { name, description, result, stream } = entry
  const kind = codecs(entry).input
  const input = kind === 'bytes' ? { type: 'string', contentEncoding: 'base64' } : { type: 'string' }
  const parameters = entry.parameters ?? (kind === 'json' ? undefined : { type: 'object', properties: { input } })
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters ? { parameters } : {}),
    ...(result ? { result } : {}),
    ...(stream ? { stream } : {}),
  }
}

const schemas: Readonly<Record<string, JsonSchema>> = {
  i32: { type: 'integer' },
  i64: { type: ['integer', 'string'] },
  f32: { type: 'number' },
  f64: { type: 'number' },
  string: { type: 'string' },
  bytes: { type: 'string', contentEncoding: 'base64' },
  json: {},
}

/** Functions of a VYRA plugin as they are advertised; those that the host calls itself are left out. */
export function describeVyra({ exports }: VyraMetadata): FunctionDescriptor[] {
  return exports
    .filter(({ name }) => !['init', 'get_state', 'set_state', 'on_event'].includes(name))
    .map(({ name, args, description }) => ({
      name,
      ...(description === undefined ? {} : { description }),
      parameters: { type: 'object', properties: Object.fromEntries(args.map((arg) => [arg.name, schemas[arg.type]])) },
    }))
}
