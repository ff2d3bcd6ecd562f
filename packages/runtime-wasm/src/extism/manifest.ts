import { messageOf } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { wasmError } from '../errors.ts'
import type { WasmLimits } from '../sandbox/limits.ts'
import type { AllowedPaths } from '../wasi/mounts.ts'
import { wasm } from '../webassembly.ts'

/** Where one module comes from: exactly one of `path`, `url`, `data` and `response`. */
export interface WasmSource {
  readonly path?: string
  readonly url?: string
  /** Bytes, or base64 text. */
  readonly data?: Uint8Array | ArrayBuffer | string
  /** What was fetched, or is being fetched. Its body is read once. */
  readonly response?: Response | PromiseLike<Response>
  /** What other modules import it by. @default 'main' for the last one */
  readonly name?: string
  /** SHA-256 in hexadecimal; checked before anything is compiled. */
  readonly hash?: string
  /** For `url`. */
  readonly headers?: Readonly<Record<string, string>>
  /** For `url`. @default 'GET' */
  readonly method?: string
}

/**
 * Extism's manifest, in snake case as its files are or in camel case as its JavaScript users write it. Unknown keys are
 * errors.
 */
export interface ExtismManifest {
  readonly wasm: readonly (WasmSource | Response | Uint8Array | ArrayBuffer | string)[]
  readonly config?: Readonly<Record<string, string>>
  /** Hosts that HTTP may reach, `*` as a wildcard. @default none */
  readonly allowed_hosts?: readonly string[]
  /**
   * Folders: host path to guest path, `ro:` before the host path for reading only; or a list that says which is which.
   * @default none
   */
  readonly allowed_paths?: AllowedPaths
  readonly timeout_ms?: number
  readonly memory?: {
    readonly max_pages?: number
    readonly max_http_response_bytes?: number
    readonly max_var_bytes?: number
  }
}

/**
 * What a plugin is made from: its manifest, as an object or as JSON text, or a module alone (bytes, path, address,
 * `Response`).
 */
export type ManifestLike = ExtismManifest | WasmSource | Response | Uint8Array | ArrayBuffer | string | URL

/** A manifest in one form. */
export interface PluginManifest {
  readonly wasm: readonly WasmSource[]
  readonly config: Readonly<Record<string, string>>
  readonly allowedHosts: readonly string[]
  readonly allowedPaths: AllowedPaths
  /** Whether they were written as manifests have them, host path first. */
  readonly pathsAsManifest: boolean
  readonly limits: WasmLimits
}

/** Brings any form of manifest into one. Throws `BP_MANIFEST_INVALID`. */
export function parseManifest(given: ManifestLike): PluginManifest {
  if (given instanceof URL) return fromObject({ wasm: [{ url: given.href }] })
  if (given instanceof Uint8Array || given instanceof ArrayBuffer || isResponse(given))
    return fromObject({ wasm: [given] })
  if (typeof given === 'string') {
    if (/^\s*\{/.test(given)) return fromObject(parseJson(given))
    return fromObject({ wasm: [given] })
  }
  if (typeof given !== 'object' || given === null) throw invalid('it is neither an object nor text')
  return 'wasm' in given ? fromObject(given as never) : fromObject({ wasm: [given] })
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(messageOf(cause))
  }
}

function fromObject(given: Record<string, unknown>): PluginManifest {
  const fields = snake(given, '', ['wasm', 'config', 'allowed_hosts', 'allowed_paths', 'timeout_ms', 'memory'])
  const memory = snake(fields.memory ?? {}, 'memory.', ['max_pages', 'max_http_response_bytes', 'max_var_bytes'])
  const { wasm: sources } = fields
  if (!Array.isArray(sources) || sources.length === 0) throw invalid('wasm must be a list with at least one module')
  const limits: Record<string, number> = {}
  const limit = (name: keyof WasmLimits, value: unknown, path: string) => {
    if (value === undefined || value === null) return
    if (typeof value !== 'number' || !(value >= 0)) throw invalid(`${path} must be a number`)
    limits[name] = value
  }
  limit('timeoutMs', fields.timeout_ms, 'timeout_ms')
  limit('memoryPages', memory.max_pages, 'memory.max_pages')
  limit('httpBytes', memory.max_http_response_bytes, 'memory.max_http_response_bytes')
  limit('varBytes', memory.max_var_bytes, 'memory.max_var_bytes')
  return {
    wasm: sources.map((each, index) => parseSource(each, `wasm[${index}]`)),
    config: texts(fields.config, 'config'),
    allowedHosts: list(fields.allowed_hosts, 'allowed_hosts'),
    allowedPaths: Array.isArray(fields.allowed_paths)
      ? fields.allowed_paths
      : texts(fields.allowed_paths, 'allowed_paths'),
    pathsAsManifest: Object.hasOwn(given, 'allowed_paths'),
    limits,
  }
}

/** Brings any form of one module's source into one. `path` names it in errors. Throws `BP_MANIFEST_INVALID`. */
export function parseSource(given: unknown, path: string): WasmSource {
  if (given instanceof URL) return { url: given.href }
  if (given instanceof Uint8Array || given instanceof ArrayBuffer) return { data: given }
  if (isResponse(given)) return { response: given }
  if (typeof given === 'string') return /^(https?|file):/.test(given) ? { url: given } : { path: given }
  if (isCompiled(given) || isCompiled((given as { module?: unknown } | undefined | null)?.module)) throw compiled(path)
  const known = ['path', 'url', 'data', 'response', 'name', 'hash', 'headers', 'method']
  const item = snake(given, `${path}.`, known) as WasmSource
  const origins = [item.path, item.url, item.data, item.response].filter((origin) => origin !== undefined)
  if (origins.length !== 1) throw invalid(`${path} must have exactly one of path, url, data and response`)
  return item
}

/** A `Response`, also of another `fetch` than the global one. */
export function isResponse(given: unknown): given is Response {
  const each = given as Partial<Response> | undefined | null
  return typeof each?.arrayBuffer === 'function' && typeof each.headers === 'object'
}

function isCompiled(given: unknown): boolean {
  return given instanceof wasm.Module
}

/** Limits are written into a module's bytes, and the engine does not give those of a compiled one. */
function compiled(path: string) {
  const issues = `${path} is a compiled WebAssembly.Module, whose bytes cannot be had, and limits are written into them`
  return contractError('BP_MANIFEST_INVALID', {
    details: { of: ' of the WebAssembly plugin', issues },
    next: 'Give what it was compiled from: bytes, a path, an address or a Response.',
  })
}

/** Reads an object whose keys may be in camel case. */
function snake(given: unknown, prefix: string, known: readonly string[]): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid(`${prefix === '' ? 'it' : prefix.slice(0, -1)} must be an object`)
  }
  const fields: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given)) {
    const name = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    // A limit with a slip in its name would silently not hold.
    if (!known.includes(name)) throw invalid(`${prefix}${key} is not known`)
    fields[name] = value
  }
  return fields
}

function texts(given: unknown, path: string): Record<string, string> {
  if (given === undefined || given === null) return {}
  if (typeof given !== 'object' || Array.isArray(given)) throw invalid(`${path} must be an object of texts`)
  for (const [key, value] of Object.entries(given)) {
    if (typeof value !== 'string') throw invalid(`${path}.${key} must be text`)
  }
  return given as Record<string, string>
}

function list(given: unknown, path: string): readonly string[] {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given) || given.some((item) => typeof item !== 'string'))
    throw invalid(`${path} must be a list of texts`)
  return given
}

function invalid(issues: string) {
  return contractError('BP_MANIFEST_INVALID', { details: { of: ' of the WebAssembly plugin', issues } })
}

/** Thrown when a module that is not there is read. */
export function unreadable(source: string, cause: unknown) {
  return wasmError('BP_WASM_SOURCE', { details: { source, reason: messageOf(cause) }, cause })
}
