import type { BackplaneError } from '../errors.ts'
import type { Call, CallOptions } from './call.ts'
import type { Clock } from './clock.ts'
import type { ConfigChange } from './config.ts'
import type { Logger } from './logger.ts'
import type { EventDescriptor, EventFilter, FunctionDescriptor, Limits, Manifest, Permissions } from './manifest.ts'
import type { Params, Value } from './values.ts'

/** A plugin as found: its manifest and where its files are. */
export interface PluginSource {
  readonly manifest: Manifest
  /** Absolute path of the plugin's folder; absent for a plugin that exists only in memory. */
  readonly dir?: string
  /** What an in-memory plugin is made of; only its runtime looks inside. */
  readonly module?: unknown
}

/** What every runtime is given when the host is composed. */
export interface RuntimeComponents {
  readonly logger: Logger
  readonly clock: Clock
}

/** What {@link Liveness} sees of one started instance. */
export interface Watched {
  readonly clock: Clock
  readonly instance: PluginInstance
  /** The calls under way, now. */
  readonly calls: ReadonlySet<Call>
  /** To be called once, when it did not answer: ends it by force, and its slot restarts it. */
  silent(reason: string): void
}

/** Begins to see after a started instance that can be asked for its health. */
export type Liveness = (watched: Watched) => {
  /** Asks now: a call has run out of time. */
  check(): void
  /** Asks no more. */
  end(): void
}

/**
 * A kind of home for plugins: a worker thread, a WASM sandbox, an operating system process.
 *
 * A runtime knows nothing of names, restarts or meshes: a slot owns each plugin's life and calls the runtime again for
 * the next instance. Several instances of one plugin may exist at once, during a swap.
 */
export interface PluginRuntime {
  /** What a manifest's `runtime` says to choose it (`node`, `wasm`, `process`, `python`, ...). */
  readonly kind: string
  /**
   * The limits and permissions that this runtime really enforces; the host says at load which others a manifest asks
   * for.
   */
  readonly enforces: readonly (`limits.${keyof Limits & string}` | `permissions.${keyof Permissions & string}`)[]
  /**
   * How plugins of this kind are found that are stopped or deadlocked; `liveness()` of `@backplane/core/runtime` makes
   * one. Absent: nobody asks.
   */
  readonly liveness?: Liveness | undefined
  /** Whether it runs this plugin. Asked only for manifests whose `runtime` is this `kind` or absent. */
  accepts(source: PluginSource): boolean
  /**
   * Makes the manifest of a folder that has no `manifest.json` and yet holds a plugin of this kind; gives nothing for
   * any other. Rejects where the folder is meant for it and wrong. Absent: plugins of this kind always have one.
   */
  recognise?(folder: { readonly dir: string; readonly name: string }): Promise<Manifest | undefined>
  /**
   * Completes a manifest from what the code says about itself, for plugins that carry their self-description in code
   * (Fledge's `plugin_info`). Called before each load, before configuration is registered. Absent: the manifest is
   * whole.
   */
  describe?(source: PluginSource, options: { readonly signal: AbortSignal }): Promise<Manifest>
  /**
   * Makes an instance, ready to be started: code is loaded, functions and events are known, nothing runs yet.
   *
   * Rejects with `BP_PLUGIN_LOAD_FAILED` (the plugin's own fault) and leaves nothing behind then. Must give up when
   * `signal` aborts.
   */
  load(
    source: PluginSource,
    context: RuntimeContext,
    options: { readonly signal: AbortSignal },
  ): Promise<PluginInstance>
  /** Releases what is shared between instances (a pool, a cache). Called once, after every instance has stopped. */
  close?(): Promise<void>
}

/** One running copy of a plugin. Its slot calls the methods in order: `start`, then any, then `stop` exactly once. */
export interface PluginInstance {
  /** What can be called. Read after `start`, and again after {@link RuntimeContext.changed}. */
  readonly functions: readonly FunctionDescriptor[]
  /** What it may emit. Read when `functions` is. */
  readonly events: readonly EventDescriptor[]
  /** Names of its periodic tasks, for operators. Read when `functions` is. */
  readonly routines?: readonly string[]
  /** Which events it wants through `notify`, beyond the manifest's `subscriptions`. */
  readonly subscriptions?: readonly EventFilter[]
  /**
   * Why it is not at work yet though it has started, and when it tries again by itself; absent while it is. Its slot
   * shows it as in `backoff`. Read when it is asked for; {@link RuntimeContext.changed} tells of a change.
   */
  readonly waiting?: Waiting | undefined
  /**
   * Begins the plugin's own activity (setup, periodic work). It takes no calls before this resolves; rejecting means
   * that the instance is dead and `stop` is called.
   *
   * `state` is what the former instance's `handOver` gave, during a swap.
   */
  start(options: { readonly signal: AbortSignal; readonly state?: Value }): Promise<void>
  /**
   * Runs one function. Calls come concurrently; each must end soon after `call.signal` aborts (the caller has its
   * answer by then). Rejects with `BP_PLUGIN_FAILED` for the plugin's own errors, with its text.
   */
  invoke(call: Call): Promise<Value>
  /** Delivers an event that the plugin subscribed to. The host does not wait for it longer than a call. */
  notify?(event: IncomingEvent): Promise<void>
  /**
   * Applies new configuration, or rejects to refuse it: then the former values stay in force here and everywhere.
   * Absent: the plugin takes new configuration only when it is started again, and the slot swaps it.
   */
  reconfigure?(change: ConfigChange): Promise<void>
  /** Says whether it can do its work. Absent: it is healthy while it has not exited. */
  health?(options: { readonly signal: AbortSignal }): Promise<Health>
  /**
   * Gives the state that the next instance should start with. Called during a swap while no call runs; calls that come
   * meanwhile wait. When the next instance fails to start, this one goes on as if it had not been asked.
   */
  handOver?(options: { readonly signal: AbortSignal }): Promise<Value>
  /**
   * Ends it. Calls have been drained or abandoned. Graceful until `signal` aborts, then by force; resolves when nothing
   * of it is left, never rejects.
   */
  stop(options: { readonly signal: AbortSignal }): Promise<void>
}

/** An instance that waits for something outside it, such as a device that is away. */
export interface Waiting {
  readonly error: BackplaneError
  /** When it tries again, in milliseconds since the Unix epoch. */
  readonly retryAt: number
}

/** How an instance feels. */
export interface Health {
  readonly ok: boolean
  /** For a person: why not, or anything worth knowing. */
  readonly message?: string
  /** Anything more, for machines. */
  readonly details?: Params
}

/** An event that arrives at a plugin. */
export interface IncomingEvent {
  /** The device that emitted it. */
  readonly device: string
  /** Its kind ({@link Identity.deviceType}), for another device's event and where the mesh knows it. */
  readonly deviceType?: string
  readonly event: string
  readonly payload: Params
}

/** Where a plugin's call goes beyond this host. */
export interface RemoteOptions extends CallOptions {
  /** Calls that device's function instead of one of this host's. */
  readonly device?: string
}

/**
 * What a plugin may touch, and nothing else. Runtimes hand it, or its likeness across a boundary, to the plugin's
 * author.
 */
export interface PluginContext {
  readonly pluginId: string
  /** Adds `plugin` to each record. */
  readonly logger: Logger
  /** The configuration in force: value by item name. Replaced as a whole on change. */
  readonly config: Params
  /** A folder that only this plugin writes to, kept across restarts and upgrades; absent where the host has no disk. */
  readonly stateDir?: string
  /** Aborts when this instance must end. */
  readonly signal: AbortSignal
  readonly permissions: Permissions
  /**
   * Whether the host runs its plugins against simulated hardware (Device Connect's flag); emitted events are marked so.
   */
  readonly simulated: boolean
  /**
   * Emits an event under the host's identity. Resolves when the mesh has taken it, so awaiting it is back-pressure.
   * Rejects with `BP_INVALID_ARGUMENT` for a name outside `[A-Za-z0-9_-]+`.
   */
  emit(event: string, payload?: Params): Promise<void>
  /** Calls a function of this host, or of another device. Errors are those of `Host.call`. */
  invoke(name: string, params?: Params, options?: RemoteOptions): Promise<Value>
}

/** What a runtime is given for one instance: the plugin's context, and its line to the slot. */
export interface RuntimeContext extends PluginContext {
  /**
   * Says that the instance ended on its own. The slot then decides what follows; calls under way fail with this error.
   */
  exited(error: BackplaneError): void
  /** Says that `functions`, `events` or `subscriptions` are to be read again. */
  changed(): void
}
