import { messageOf } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { parseJson } from '@backplane/core/json'

/**
 * What an argument or a result may be. Numbers are WebAssembly's own; the rest lies in the guest's memory, as pointer
 * and length.
 */
export type VyraType = 'i32' | 'i64' | 'f32' | 'f64' | 'string' | 'bytes' | 'json'

/** One argument of an exported or imported function. */
export interface VyraArgument {
  readonly name: string
  readonly type: VyraType
}

/** One function that a plugin exports to its users, or imports from its host. */
export interface VyraFunction {
  readonly name: string
  readonly args: readonly VyraArgument[]
  /** What its result stands for; numbers need not say. */
  readonly returns?: VyraType
  readonly description?: string
}

/** `metadata.json` beside a plugin's `logic.wasm`, in one form. */
export interface VyraMetadata {
  readonly exports: readonly VyraFunction[]
  /** Undefined: it imports nothing of its host but `vyra.*`. */
  readonly imports: readonly VyraFunction[]
  /** Arguments of `init`, where nobody gives others. */
  readonly initialState: Readonly<Record<string, unknown>>
  /** Interfaces that it may use; see {@link pluginFacade}. */
  readonly interfaces: readonly unknown[]
  readonly memoryMb?: number
  /** Its share of the processor, 1024 for a whole one. */
  readonly cpuShares?: number
}

const types: readonly string[] = ['i32', 'i64', 'f32', 'f64', 'string', 'bytes', 'json'] satisfies VyraType[]
const none: VyraMetadata = { exports: [], imports: [], initialState: {}, interfaces: [] }

/**
 * Reads metadata in both shapes: exports as names (no arguments), as the documentation has them, or as objects with
 * typed arguments, as the code has them; at the top or under `entry_points.backend`. Throws `BP_MANIFEST_INVALID` with
 * the path of what is wrong.
 */
export function parseMetadata(given: unknown): VyraMetadata {
  const top = record(given, 'it')
  const backend = record(record(top.entry_points ?? {}, 'entry_points').backend ?? {}, 'entry_points.backend')
  const limits = record(backend.runtime_limits ?? top.runtime_limits ?? {}, 'runtime_limits')
  const permissions = record(top.permissions ?? {}, 'permissions')
  const memory = limits.memory_mb
  if (memory !== undefined && !(typeof memory === 'number' && memory > 0))
    throw invalid('runtime_limits.memory_mb must be a number above 0')
  const shares = limits.cpu_shares
  if (shares !== undefined && !(typeof shares === 'number' && shares > 0))
    throw invalid('runtime_limits.cpu_shares must be a number above 0')
  return {
    ...none,
    exports: functions(top.exports ?? backend.exports, 'exports'),
    imports: functions(top.imports ?? backend.imports, 'imports'),
    initialState: initialState(top.initial_state),
    interfaces: Array.isArray(permissions.interfaces) ? permissions.interfaces : [],
    ...(typeof memory === 'number' ? { memoryMb: memory } : {}),
    ...(typeof shares === 'number' ? { cpuShares: shares } : {}),
  }
}

/** Reads the text of a `metadata.json`. Throws `BP_MANIFEST_INVALID`. */
export function parseMetadataText(text: string): VyraMetadata {
  try {
    return parseMetadata(parseJson(text))
  } catch (cause) {
    if (cause instanceof SyntaxError) throw invalid(messageOf(cause))
    throw cause
  }
}

function functions(given: unknown, path: string): VyraFunction[] {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given)) throw invalid(`${path} must be a list`)
  return given.map((entry, index) => {
    if (typeof entry === 'string') return { name: entry, args: [] }
    const { name, args, returns, description } = record(entry, `${path}[${index}]`)
    if (typeof name !== 'string' || name === '') throw invalid(`${path}[${index}].name must be a name`)
    return {
      name,
      args: args === undefined || args === null ? [] : list(args, `${path}[${index}].args`),
      ...(returns === undefined ? {} : { returns: type(returns, `${path}[${index}].returns`) }),
      ...(typeof description === 'string' ? { description } : {}),
    }
  })
}

function list(given: unknown, path: string): VyraArgument[] {
  if (!Array.isArray(given)) throw invalid(`${path} must be a list`)
  return given.map((entry, index) => {
    if (typeof entry === 'string') return { name: entry, type: 'i32' }
    const { name, type: kind = 'i32' } = record(entry, `${path}[${index}]`)
    if (typeof name !== 'string') throw invalid(`${path}[${index}].name must be a name`)
    return { name, type: type(kind, `${path}[${index}].type`) }
  })
}

function type(given: unknown, path: string): VyraType {
  if (typeof given === 'string' && types.includes(given)) return given as VyraType
  throw invalid(`${path} must be one of ${types.join(', ')}`)
}

/** Values as they are, or with their type: `{ counter: { type: 'i32', default: 5 } }`. */
function initialState(given: unknown): Record<string, unknown> {
  if (given === undefined || given === null) return {}
  return Object.fromEntries(
    Object.entries(record(given, 'initial_state')).map(([name, value]) => {
      const typed = typeof value === 'object' && value !== null && 'default' in value
      return [name, typed ? value.default : value]
    }),
  )
}

function record(given: unknown, path: string): Record<string, unknown> {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given as Record<string, unknown>
  throw invalid(`${path} must be an object`)
}

function invalid(issues: string) {
  return contractError('BP_MANIFEST_INVALID', { details: { of: ' of the VYRA plugin', issues } })
}

/** How many numbers of WebAssembly an argument takes. */
export function width({ type }: VyraArgument): 1 | 2 {
  return type === 'string' || type === 'bytes' || type === 'json' ? 2 : 1
}
