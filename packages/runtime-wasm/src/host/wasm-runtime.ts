import { join } from 'node:path'
import {
  abortedBy,
  BackplaneError,
  type Clock,
  coreError,
  type Logger,
  type Manifest,
  messageOf,
  type PluginInstance,
  type PluginRuntime,
  type PluginSource,
  type RuntimeContext,
  throwIfAborted,
} from '@backplane/core'
import { type LivenessInit, liveness } from '@backplane/core/runtime'
import { type ComponentFunctions, loadComponent } from '../component/plugin.ts'
import { isComponent } from '../component/read-component.ts'
import type { HostFunctions } from '../extism/host-functions.ts'
import { extismPlugin } from '../extism/plugin.ts'
import { checkHash } from '../extism/sources.ts'
import { validate } from '../module/instrument.ts'
import { readPluginFile } from '../module/read-file.ts'
import { readModule } from '../module/read-module.ts'
import { Engine } from '../sandbox/engine.ts'
import { fullLimits, type WasmLimits } from '../sandbox/limits.ts'
import { packText } from '../vyra/convert.ts'
import { loadVyra } from '../vyra/load.ts'
import { checkDeclared } from './declared.ts'
import {
  backplaneFunctions,
  ContextHostFunctions,
  componentFunctions,
  componentServices,
  type GuestActions,
  granted,
} from './guest-services.ts'
import { type Abi, readSection } from './manifest-section.ts'
import { Offers } from './offers.ts'
import { checkSignature } from './signature.ts'
import { type HostedPlugin, WasmInstance } from './wasm-instance.ts'

/** Options of {@link wasmRuntime}. */
export interface WasmRuntimeInit {
  /**
   * How plugins are found that are stopped or deadlocked though nobody calls them; `false` asks nobody.
   * @default every 10 seconds
   */
  readonly liveness?: LivenessInit | false
  /**
   * Runs each plugin in worker threads of its own; without it, a plugin that computes blocks the host.
   * @default true
   */
  readonly worker?: boolean
  /**
   * Where the code of its threads is, for a bundler that has put `thread.js` of this package elsewhere.
   * @default beside this package
   */
  readonly threadUrl?: URL
  /**
   * More functions that plugins may import, by namespace; `permissions.host` of a manifest says which it gets.
   * @default none
   */
  readonly functions?: HostFunctions
  /**
   * Functions that components may import, by interface and name; `permissions.host` says by name which each gets.
   * @default none
   */
  readonly components?: ComponentFunctions
  /**
   * Ed25519 public keys (raw, base64). With it, only plugins that one of them has signed are loaded.
   * @default none needed
   */
  readonly trustedKeys?: readonly string[]
  /** Limits of plugins that ask for none, or for more. */
  readonly limits?: WasmLimits
  /** What plugins' HTTP goes through. @default the global fetch */
  readonly fetch?: typeof fetch
  /** Whether plugins see the headers of HTTP answers, cookies included. @default false: only status and body */
  readonly allowHttpResponseHeaders?: boolean
}

/** What {@link wasmRuntime} needs from its host. */
export interface WasmRuntimeComponents {
  readonly logger: Logger
  readonly clock: Clock
}

/**
 * Makes the runtime of WebAssembly plugins: modules of both conventions, and components where
 * `@bytecodealliance/jco-transpile` is installed. It takes manifests whose `entry_point` ends in `.wasm`, and in-memory
 * plugins whose `module` is the file's bytes. Not for plugins that need files of the host.
 */
export function wasmRuntime(init: WasmRuntimeInit = {}): (components: WasmRuntimeComponents) => PluginRuntime {
  return ({ clock }) => {
    const engine = new Engine()
    return {
      kind: 'wasm',
      liveness: liveness(init.liveness),
      // Read and write are none: a plugin under a host sees no files.
      enforces: [
        'limits.memory_mb',
        'limits.timeout_ms',
        'permissions.host',
        'permissions.network',
        'permissions.read',
        'permissions.write',
        'permissions.env',
      ],
      accepts: ({ manifest, module }) =>
        manifest.runtime === 'wasm' ||
        (manifest.entry_point === undefined ? module instanceof Uint8Array : manifest.entry_point.endsWith('.wasm')),
      async load(source, context, { signal }) {
        try {
          return await load(source, context, { signal, init, engine, clock })
        } catch (error) {
          if (signal.aborted) throw abortedBy(signal)
          throw loadFailed(source.manifest, error)
        }
      },
      async close() {
        engine.clear()
      },
    }
  }
}

async function load(
  source: PluginSource,
  context: RuntimeContext,
  options: { signal: AbortSignal; init: WasmRuntimeInit; engine: Engine; clock: Clock },
): Promise<PluginInstance> {
  const { signal, init, engine, clock } = options
  const { manifest } = source
  throwIfAborted(signal)
  const section = readSection(manifest)
  const limits = smallest(init.limits, section.limits)
  const bytes = await moduleOf(source, fullLimits(limits).moduleBytes, signal)
  // Before anything of it is compiled.
  if (section.hash !== undefined) checkHash(bytes, section.hash, `plugin '${manifest.id}'`)
  if (init.trustedKeys) checkSignature(manifest, bytes, init.trustedKeys)
  const abi = section.abi ?? abiOf(bytes)
  let instance: WasmInstance | undefined
  const offers = new Offers(() => instance && context.changed())
  const actions: GuestActions = {
    exit: (reason) => instance?.exit(reason),
    offer(name, handler) {
      if (!instance)
        throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'serving', reason: 'it is not loaded yet' } })
      instance.offer(name, handler)
    },
  }
  const patterns = manifest.permissions?.host ?? []
  const { worker = true, fetch } = init
  const replaced = (error: Error) => instance?.replaced(error)
  const shared = { replaced, id: manifest.id, limits, engine, logger: context.logger, signal }
  const hosted = await hostedPlugin()
  try {
    checkDeclared({ id: manifest.id, section, abi, functions: hosted.plugin.functions }, context.logger)
    instance = new WasmInstance({ manifest, section, context, clock, hosted, offers })
    return instance
  } catch (error) {
    await hosted.plugin.close()
    throw error
  }

  async function hostedPlugin(): Promise<HostedPlugin> {
    if (abi === 'vyra')
      return {
        abi,
        metadata: section.metadata,
        plugin: await loadVyra({
          ...shared,
          source: { data: bytes },
          metadata: section.metadata,
          host: new ContextHostFunctions(context, granted(userFunctions(init), patterns), offers),
          strict: false,
          worker,
          threadUrl: init.threadUrl,
        }),
      }
    const config = Object.fromEntries(Object.entries(context.config).map(([name, value]) => [name, asText(value)]))
    const places = {
      ...shared,
      worker,
      clock,
      config,
      instances: section.instances,
      // Where several may work, two are there from the start.
      warm: Math.min(2, section.instances),
      wasi: section.wasi,
      ...(init.threadUrl ? { threadUrl: init.threadUrl } : {}),
    }
    if (abi === 'component') {
      const services = componentServices(context, clock, actions)
      const functions = componentFunctions(services, init.components ?? {}, patterns)
      return { abi, ...(await loadComponent(bytes, { ...places, functions })) }
    }
    const own = granted(backplaneFunctions(context, clock, actions), patterns)
    const plugin = await extismPlugin(bytes, {
      ...places,
      functions: {
        ...spaces(init.functions ?? {}, patterns),
        [user]: { ...granted(userFunctions(init), patterns), ...own },
      },
      allowedHosts: manifest.permissions?.network ?? [],
      allowHttpResponseHeaders: init.allowHttpResponseHeaders ?? false,
      logLevel: 'trace',
      initialise: true,
      ...(fetch ? { fetch } : {}),
    })
    return { abi, plugin }
  }
}

const user = 'extism:host/user'
const userFunctions = ({ functions = {} }: WasmRuntimeInit) => functions[user] ?? {}

function spaces(all: HostFunctions, patterns: readonly string[]): HostFunctions {
  return Object.fromEntries(Object.entries(all).map(([space, own]) => [space, granted(own, patterns)]))
}

async function moduleOf(
  { dir, manifest, module }: PluginSource,
  most: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (module instanceof Uint8Array) return new Uint8Array(module)
  const { entry_point } = manifest
  if (dir === undefined || entry_point === undefined) {
    throw failed(
      manifest,
      dir === undefined ? 'it has neither a folder nor a module' : 'its manifest has no entry_point',
    )
  }
  try {
    return await readPluginFile(join(dir, entry_point), { most, signal })
  } catch (cause) {
    const next = 'Build it (`npm run build` in what `backplane new` wrote), or correct entry_point.'
    throw failed(manifest, `its entry_point '${entry_point}' could not be read: ${messageOf(cause)}`, cause, next)
  }
}

/** The convention that a file's header or imports speak. */
function abiOf(bytes: Uint8Array<ArrayBuffer>): Abi {
  if (isComponent(bytes)) return 'component'
  validate(bytes, 'the module')
  const { imports } = readModule(bytes, 'the module')
  return imports.some(({ module }) => module.startsWith('extism:host/')) ? 'extism' : 'vyra'
}

function smallest(one: WasmLimits | undefined, other: WasmLimits): WasmLimits {
  const limits: Record<string, number | undefined> = { ...one }
  for (const [name, value] of Object.entries(other)) limits[name] = Math.min(limits[name] ?? value, value)
  return limits
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : packText(value ?? null)
}

function loadFailed(manifest: Manifest, cause: unknown): BackplaneError {
  const error = BackplaneError.from(cause)
  return error.code === 'BP_PLUGIN_LOAD_FAILED' ? error : failed(manifest, error.message, error, error.next)
}

function failed({ id }: Manifest, reason: string, cause?: unknown, next?: string): BackplaneError {
  return coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: id, reason }, cause, ...(next ? { next } : {}) })
}
