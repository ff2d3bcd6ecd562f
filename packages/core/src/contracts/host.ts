import type { BackplaneError } from '../errors.ts'
import type { Call, CallOptions } from './call.ts'
import type { Clock } from './clock.ts'
import type { HostConfig } from './config.ts'
import type { Interceptor } from './interceptor.ts'
import type { Logger } from './logger.ts'
import type { EventDescriptor, FunctionDescriptor, RestartPolicy } from './manifest.ts'
import type { Advertisement, Identity, Mesh, MeshFactory } from './mesh.ts'
import type { IncomingEvent, PluginRuntime, PluginSource, RuntimeComponents } from './runtime.ts'
import type { Params, Value } from './values.ts'

/** What {@link Host}s are composed of. Everything left out falls back to a safe default. */
export interface HostInit {
  readonly identity: Identity
  /** Homes for plugins; the first that accepts a manifest takes it. @default none */
  readonly runtimes?: readonly ((components: RuntimeComponents) => PluginRuntime)[]
  /** @default none: the host is alone */
  readonly mesh?: MeshFactory
  /** @default fixed: every item has its default value */
  readonly config?: (components: RuntimeComponents) => HostConfig
  /** Wrapped around every call, the first outermost. @default none */
  readonly interceptors?: readonly Interceptor[]
  /** The host's own functions. Their names are reserved: no plugin can take or shadow them. @default none */
  readonly functions?: readonly HostFunction[]
  /** Events that the host itself emits. @default none */
  readonly events?: readonly EventDescriptor[]
  /** @default silent */
  readonly logger?: Logger
  /** @default the system's */
  readonly clock?: Clock
  /** Gives a plugin's state folder; may make it. @default none */
  readonly stateDir?: (pluginId: string) => string | undefined
  /** Runs plugins against simulated hardware; events are marked. @default false */
  readonly simulated?: boolean
  /** What manifests leave open. @default the defaults of the manifest schema */
  readonly restart?: RestartPolicy
  /** How long a call may take when nobody says, in milliseconds. @default 30000 */
  readonly timeoutMs?: number
  /**
   * How long `stop` may take at most, with all plugins, in milliseconds; what has not ended by then is ended by force.
   * @default 8000
   */
  readonly stopTimeoutMs?: number
  /** Source of jitter, in [0, 1). @default Math.random */
  readonly random?: () => number
}

/** A function that the host offers itself, beside its plugins'. */
export interface HostFunction {
  readonly descriptor: FunctionDescriptor
  readonly run: (params: Params, call: Call) => Value | Promise<Value>
}

/** Where a plugin's life stands. */
export type PluginState =
  | 'starting'
  | 'running'
  | 'draining'
  | 'stopped'
  /** Waiting for its next restart, or for its own next try to begin. */
  | 'backoff'
  /** Given up: too many restarts within its period. */
  | 'quarantined'

/** One plugin, as an operator sees it. */
export interface PluginStatus {
  readonly id: string
  readonly state: PluginState
  readonly source: PluginSource
  /** Kind of its runtime. */
  readonly runtime: string
  readonly functions: readonly FunctionDescriptor[]
  readonly events: readonly EventDescriptor[]
  /** Names of its periodic tasks. */
  readonly routines: readonly string[]
  /** Counts instances: 1 for the first, one more for each restart and swap. */
  readonly generation: number
  /** Restarts within the present period. */
  readonly restarts: number
  /** Calls under way. */
  readonly inFlight: number
  /** When the present state began, in milliseconds since the Unix epoch. */
  readonly since: number
  /** When the next restart or try is due, while in `backoff`. */
  readonly restartAt?: number
  /** Why it is in `backoff` or `quarantined`. */
  readonly error?: BackplaneError
  /**
   * The plugins that need this one (`dependencies.plugins` of their manifests), in the order in which they were loaded.
   */
  readonly dependents: readonly string[]
  /** Limits and permissions that its manifest asks for and its runtime cannot enforce. */
  readonly unenforced: readonly string[]
}

/** What a host tells about itself. Past tense: it has happened. */
export type HostEvent =
  | { readonly type: 'plugin.loaded' | 'plugin.unloaded' | 'plugin.swapped'; readonly plugin: PluginStatus }
  | {
      readonly type: 'plugin.exited' | 'plugin.quarantined'
      readonly plugin: PluginStatus
      readonly error: BackplaneError
    }
  | { readonly type: 'plugin.restarted'; readonly plugin: PluginStatus }
  | { readonly type: 'advertised'; readonly advertisement: Advertisement }
  | { readonly type: 'event.emitted'; readonly event: IncomingEvent }

/** How to give up what a host was asked to do. Calls of functions take {@link CallOptions} instead. */
export interface HostOptions {
  /** Gives it up: it rejects with `BP_ABORTED`. */
  readonly signal?: AbortSignal
}

/** How to unload. */
export interface UnloadOptions extends HostOptions {
  /** Unloads the plugins that need it as well, those first; else they keep it from being unloaded. @default false */
  readonly cascade?: boolean
}

/** A plugin host: one identity, any number of plugins, each in a slot of its own. */
export interface Host extends AsyncDisposable {
  readonly identity: Identity
  /** The mesh that it was composed with. */
  readonly mesh: Mesh | undefined
  readonly runtimes: readonly PluginRuntime[]
  /** What is offered now. */
  readonly advertisement: Advertisement
  /**
   * Joins the mesh and announces what is loaded. Plugins may be loaded before (then the first announcement is whole)
   * and after.
   */
  start(options?: HostOptions): Promise<void>
  /**
   * Loads a plugin and starts it; resolves when it takes calls. Rejects with `BP_PLUGIN_ALREADY_LOADED`,
   * `BP_RUNTIME_MISSING`, `BP_PLUGIN_ID_INVALID`, `BP_PLUGIN_LOAD_FAILED`, `BP_FUNCTION_COLLISION`, `BP_TIMEOUT` or
   * `BP_ABORTED`, and nothing is left of it then.
   */
  load(source: PluginSource, options?: HostOptions): Promise<PluginStatus>
  /**
   * Drains, stops and forgets a plugin; resolves with the ids of what was unloaded, dependents first. Rejects with
   * `BP_PLUGIN_NOT_LOADED`, with `BP_PLUGIN_NEEDED` where others need it and `cascade` is not set, or with `BP_ABORTED`
   * when `signal` has aborted already: what has begun goes on to its end.
   */
  unload(id: string, options?: UnloadOptions): Promise<readonly string[]>
  /**
   * Swaps a plugin for a fresh instance, of a new source if one is given: the next starts beside the current, names
   * switch at once when it is healthy, the current drains. When the next fails, the current stays untouched and the
   * error says why. Lifts a quarantine. Rejects with `BP_PLUGIN_NOT_LOADED` and with what `load` rejects with.
   */
  reload(id: string, source?: PluginSource, options?: HostOptions): Promise<PluginStatus>
  /**
   * Calls a function of this host, by `plugin.function` or a bare name. Rejects with `BP_FUNCTION_UNKNOWN`,
   * `BP_PARAMS_INVALID`, `BP_PLUGIN_UNAVAILABLE`, `BP_PLUGIN_BUSY`, `BP_PLUGIN_FAILED`, `BP_PLUGIN_EXITED`,
   * `BP_TIMEOUT`, `BP_ABORTED`, `BP_CLOSED` when the host stops meanwhile, `BP_INVALID_ARGUMENT` for a timeout that is
   * no number, or what interceptors throw.
   */
  call(name: string, params?: Params, options?: CallOptions): Promise<Value>
  /**
   * Calls a function and gives its items as they come; the iterator's return value is the result. Leaving the loop
   * cancels the call.
   */
  stream(name: string, params?: Params, options?: CallOptions): AsyncGenerator<Value, Value, void>
  /** Emits an event of the host itself. */
  emit(event: string, payload?: Params): Promise<void>
  plugins(): readonly PluginStatus[]
  plugin(id: string): PluginStatus | undefined
  /** Asks every running plugin how it is. */
  health(options?: HostOptions): Promise<ReadonlyMap<string, { readonly ok: boolean; readonly message?: string }>>
  /** Tells what happens; returns an unsubscribe function. Listeners must not throw. */
  on(listener: (event: HostEvent) => void): () => void
  /**
   * Takes no more calls from outside, drains and stops every plugin, then leaves the mesh; all within
   * {@link HostInit.stopTimeoutMs}. Plugins end side by side, but none before those that need it. Idempotent, never
   * rejects.
   */
  stop(): Promise<void>
}
