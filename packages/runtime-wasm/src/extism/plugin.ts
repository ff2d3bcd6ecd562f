import { type Clock, coreError, type Logger, silentLogger, systemClock } from '@backplane/core'
import { fullLimits, type WasmLimits } from '../sandbox/limits.ts'
import type { CallStats } from '../sandbox/meter.ts'
import { engineOf, type WasmEngine } from '../sandbox/shared-engine.ts'
import { type AllowedPaths, mountsOf } from '../wasi/mounts.ts'
import { wasm } from '../webassembly.ts'
import { compileModules } from '../worker/compile-away.ts'
import { Threads } from '../worker/threads.ts'
import type { ModuleExport } from './exports.ts'
import { Foreground, type LoadedPlugin } from './foreground.ts'
import type { HostFunctions } from './host-functions.ts'
import type { LogLevel } from './host-imports.ts'
import { httpRequest } from './http.ts'
import { compileKernel } from './kernel.ts'
import { type ManifestLike, type PluginManifest, parseManifest } from './manifest.ts'
import { readManifest, readSources } from './sources.ts'

/** Options of {@link extismPlugin}. */
export interface ExtismPluginInit {
  /** Names the plugin in errors and in its log. @default 'plugin' */
  readonly id?: string
  /** Functions that the plugin may import, by namespace. @default none */
  readonly functions?: HostFunctions
  /** Limits; where the manifest has one too, the smaller holds. */
  readonly limits?: WasmLimits
  /** Added to the manifest's `config`, winning over it. */
  readonly config?: Readonly<Record<string, string>>
  /** Replaces the manifest's `allowed_hosts`. */
  readonly allowedHosts?: readonly string[]
  /** Replaces the manifest's `allowed_paths`; see {@link AllowedPaths} for which end is which. */
  readonly allowedPaths?: AllowedPaths
  /** Whether it sees the headers of HTTP answers (`http_headers`). @default false: only status and body */
  readonly allowHttpResponseHeaders?: boolean
  /** Grants WASI preview 1: nothing of the host but the clock, random numbers, and what stands here. @default false */
  readonly wasi?: boolean | ExtismWasiInit
  /**
   * Runs it in worker threads: nothing that it does blocks this thread, calls can be cancelled while they run, and host
   * functions may take their time. Costs a thread each, and some 50 us a call. @default false
   */
  readonly worker?: boolean
  /**
   * How many instances may be in a call at once, each with its own memory; in workers with their own variables too.
   * Without `worker`, one of them works while the others wait for their host. @default 1
   */
  readonly instances?: number
  /**
   * Where the code of its threads is, for a bundler that has put `thread.js` of this package elsewhere.
   * @default beside this package
   */
  readonly threadUrl?: URL
  /** How many of them are made before they are needed. @default 1 */
  readonly warm?: number
  /**
   * Whether host functions may give promises in the foreground; it costs about 2 us a call.
   * @default where Node can, if there are any
   */
  readonly waits?: boolean
  /** The lowest level that is logged. @default 'info' */
  readonly logLevel?: LogLevel
  /** @default silent */
  readonly logger?: Logger
  /** What HTTP goes through. @default the global fetch */
  readonly fetch?: typeof fetch
  /**
   * Runs the module's own initialisation while loading, so that a module which fails it does not load.
   * @default false: with the first call
   */
  readonly initialise?: boolean
  /** Told when an instance has been replaced, and why: what was in its memory is lost, its variables are not. */
  readonly replaced?: (error: Error) => void
  /** Shares compiled modules with other plugins. @default one of its own */
  readonly engine?: WasmEngine
  /** @default the system's */
  readonly clock?: Clock
  /** Gives up loading. */
  readonly signal?: AbortSignal
}

/** What WASI grants beside clock and random numbers. */
export interface ExtismWasiInit {
  /** The command line; its first word is the program's own name. @default the plugin's id alone */
  readonly args?: readonly string[]
  /** The environment; the host's own is never seen. @default empty */
  readonly env?: Readonly<Record<string, string>>
  /** What can be read from standard input. @default empty */
  readonly stdin?: Uint8Array
  /** Takes what it writes to standard output, as bytes, before the call ends. @default lines of text to the log */
  readonly stdout?: (bytes: Uint8Array) => void
  /** Makes clock and random numbers the same in each run. @default false */
  readonly deterministic?: boolean
}

/** How one call is made. */
export interface WasmCallOptions {
  /** Cancels the call; in a worker even while it runs. */
  readonly signal?: AbortSignal
  /** Shortens the plugin's own limit, in milliseconds; waiting for its turn counts. */
  readonly timeoutMs?: number
  /** Reaches host functions as `hostContext`. */
  readonly hostContext?: unknown
  /** Told what the call used. */
  readonly stats?: (stats: CallStats) => void
}

/** One plugin of the Extism convention: bytes in, bytes out. */
export interface WasmPlugin extends AsyncDisposable {
  /** What it exports; some may be meant for its own use. */
  readonly functions: readonly string[]
  /** All that its main module exports: functions, memories, globals, tables, tags. Empty for components. */
  readonly exports: readonly ModuleExport[]
  /**
   * Calls a function. Calls queue up; rejects with `BP_PLUGIN_FAILED` (its own error), `BP_FUNCTION_UNKNOWN`,
   * `BP_TIMEOUT`, `BP_ABORTED`, `BP_CLOSED` or a code of this package. After a trap or a limit the next call finds a
   * fresh instance with the same variables.
   */
  call(name: string, input?: Uint8Array | string, options?: WasmCallOptions): Promise<Uint8Array<ArrayBuffer>>
  /** Its variables, of its first instance where there are several. Empty for other conventions. */
  variables(options?: { readonly signal?: AbortSignal }): Promise<ReadonlyMap<string, Uint8Array>>
  /** Puts variables in the place of those that it has, in all its instances. Rejects with `BP_WASM_SIZE_LIMIT`. */
  setVariables(variables: ReadonlyMap<string, Uint8Array>): Promise<void>
  /** Drops its instances and variables: the next call begins again. */
  reset(): Promise<void>
  /** Ends it: calls under way and waiting reject with `BP_CLOSED`. Idempotent, never rejects. */
  close(): Promise<void>
}

/**
 * Loads a plugin of the Extism convention from a manifest, a module's bytes, a path, an address or a `Response` (of
 * JSON: a manifest), or a promise of one of these. Not for modules of other conventions: their functions take
 * arguments, and calling one fails with `BP_WASM_ARITY`.
 *
 * @example
 * await using plugin = await extismPlugin('count_vowels.wasm', { limits: { timeoutMs: 100 } })
 * await plugin.call('count_vowels', 'Hello')
 */
export async function extismPlugin(
  given: ManifestLike | PromiseLike<ManifestLike>,
  init: ExtismPluginInit = {},
): Promise<WasmPlugin> {
  const most = fullLimits(init.limits).moduleBytes
  const manifest = parseManifest(await readManifest(given, { most, signal: init.signal }))
  const { id = 'plugin', logger = silentLogger, logLevel = 'info' } = init
  const engine = engineOf(init.engine)
  const limits = fullLimits(smallest(manifest.limits, init.limits ?? {}))
  const doFetch = init.fetch ?? fetch
  const sources = await readSources(manifest.wasm, { fetch: doFetch, most: limits.moduleBytes, signal: init.signal })
  const { signal, threadUrl, clock } = init
  const modules = await compileModules(sources, { engine, limits, signal, threadUrl, clock })
  const functions = new Map(
    Object.entries(init.functions ?? {}).map(([space, own]) => [space, new Map(Object.entries(own))]),
  )
  for (const [space, own] of functions)
    for (const [name, run] of own)
      if (typeof run !== 'function')
        throw coreError('BP_INVALID_ARGUMENT', {
          details: { what: `functions['${space}'].${name}`, reason: 'it is no function' },
        })
  const allowedHosts = init.allowedHosts ?? manifest.allowedHosts
  const http = (request: Parameters<typeof httpRequest>[1], body: Uint8Array | undefined, signal: AbortSignal) =>
    httpRequest({ allowedHosts, maxBytes: limits.httpBytes, fetch: doFetch }, request, body, signal)
  const wasi = wasiOf(init, manifest)
  const plugin = {
    id,
    engine,
    modules,
    kernel: compileKernel(engine, limits),
    limits,
    config: new Map([...Object.entries(manifest.config), ...Object.entries(init.config ?? {})]),
    functions,
    http,
    stdout: typeof init.wasi === 'object' ? init.wasi.stdout : undefined,
    httpHeaders: init.allowHttpResponseHeaders ?? false,
    wasi,
    logger,
    logLevel,
    initialise: init.initialise ?? false,
    replaced: init.replaced,
  }
  if (init.worker) {
    const { instances = 1, warm = 1, clock = systemClock } = init
    return Threads.start({ ...plugin, instances, warm, clock, threadUrl: init.threadUrl }, init.signal)
  }
  const asks = modules.some(({ shape }) =>
    shape.imports.some((each) => functions.has(each.module) || slow.includes(each.name)),
  )
  const waits = (init.waits ?? true) && asks && wasm.promising !== undefined
  const foreground = new Foreground({ ...plugin, waits, instances: init.instances ?? 1 })
  try {
    await foreground.initialise(init.signal)
    return foreground
  } catch (error) {
    await foreground.close()
    throw error
  }
}

/** What a guest waits for: its host, or time. */
const slow = ['http_request', 'poll_oneoff']

function wasiOf(
  { id = 'plugin', wasi = false, allowedPaths: replaced }: ExtismPluginInit,
  { allowedPaths, pathsAsManifest }: PluginManifest,
): LoadedPlugin['wasi'] {
  if (wasi === false) return undefined
  const { args = [], env = {}, stdin = new Uint8Array(), deterministic = false, stdout } = wasi === true ? {} : wasi
  const mounts = replaced
    ? mountsOf(replaced, { manifest: false })
    : mountsOf(allowedPaths, { manifest: pathsAsManifest })
  return { args: commandLine(args, id), env, stdin, deterministic, mounts, captured: stdout !== undefined }
}

/** Programs find their own name first. */
export function commandLine(args: readonly string[], id: string): readonly string[] {
  return args.length === 0 ? [id] : args
}

/** A manifest's limits bind anyone who loads it, and the other way round. */
function smallest(one: WasmLimits, other: WasmLimits): WasmLimits {
  const limits: Record<string, number | undefined> = { ...other }
  for (const [name, value] of Object.entries(one)) limits[name] = Math.min(limits[name] ?? value, value)
  return limits
}
