import type { Caller, CallOptions, TraceContext } from './call.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import type { EventDescriptor, FunctionDescriptor, Labels } from './manifest.ts'
import type { IncomingEvent } from './runtime.ts'
import type { Subscription, TransportEvent, TransportStatus } from './transport.ts'
import type { Params, Value } from './values.ts'

/** Who a host is on a mesh. */
export interface Identity {
  /**
   * One token per mesh: `[A-Za-z0-9][A-Za-z0-9_-]{0,254}` (Device Connect allows dots; they break its own wildcards).
   */
  readonly deviceId: string
  /** The zone that it lives in. @default 'default' */
  readonly tenant?: string
  /** @default 'plugin_host' */
  readonly deviceType?: string
  readonly description?: string
  readonly manufacturer?: string
  readonly model?: string
  readonly serialNumber?: string
  readonly firmwareVersion?: string
  /** Its processor: `arm64`, `x86_64`. */
  readonly arch?: string
  /** Anything more that a kind of device tells of itself; the names above win. */
  readonly fields?: Params
  readonly location?: string
  readonly labels?: Labels
}

/**
 * What a host offers at one moment: the only source of what is announced, so that cannot differ from what can be
 * called.
 */
export interface Advertisement {
  /** Counts up with each change. */
  readonly revision: number
  /** Each function once, under the shortest name that reaches it. */
  readonly functions: readonly FunctionDescriptor[]
  readonly events: readonly EventDescriptor[]
}

/** What every mesh is given. */
export interface MeshComponents {
  readonly identity: Identity
  readonly logger: Logger
  readonly clock: Clock
}

/** A host's place among others: one identity through which all its plugins are called, heard and found. */
export interface Mesh extends AsyncDisposable {
  readonly status: TransportStatus
  /** Where it is or wants to be connected, for people. */
  readonly address: string
  /** Names who answers calls. Set once, before `connect`. */
  serve(handler: MeshHandler): void
  /** Replaces what is announced. Returns at once; a mesh debounces bursts and never makes a load wait. */
  advertise(advertisement: Advertisement): void
  /**
   * What others do not see of what is advertised, in words, where it is more than one message of the medium carries:
   * `schemas, descriptions`, `3 of 900 functions`. `undefined` where they see all. A mesh without limits leaves it out.
   */
  readonly notAnnounced?: string | undefined
  /**
   * Joins and announces. Rejects with `BP_CONNECT_FAILED`, `BP_AUTH_FAILED`, `BP_IDENTITY_TAKEN`, `BP_TIMEOUT` or
   * `BP_ABORTED`; it may be called again then. Later losses mend themselves and show as status events.
   */
  connect(options?: MeshOptions): Promise<void>
  /** Says an event to anyone who listens. Rejects with `BP_DISCONNECTED` while there is no connection. */
  emit(event: string, payload: Params, options?: MeshOptions): Promise<void>
  /** Finds devices. `selector` is the mesh's own language; absent: all. */
  discover(selector?: string, options?: MeshOptions): Promise<readonly Device[]>
  /**
   * Calls a function of another device. Rejects with `BP_NO_RESPONDER`, `BP_TIMEOUT`, `BP_FUNCTION_UNKNOWN`,
   * `BP_PARAMS_INVALID`, `BP_REMOTE_FAILED`, `BP_DISCONNECTED` or `BP_ABORTED`, on every transport alike.
   */
  invoke(device: string, name: string, params?: Params, options?: CallOptions): Promise<Value>
  /**
   * Hears events, of one device, of those whose ids match a pattern (`*` any run of characters, `?` one), or of all
   * (`device` absent); one event or all.
   */
  on(
    filter: { readonly device?: string; readonly event?: string },
    listener: (event: IncomingEvent) => void | Promise<void>,
  ): Promise<Subscription>
  /** Tells each change of connection; returns an unsubscribe function. */
  onStatus(listener: (event: TransportEvent) => void): () => void
  /** Says good-bye and leaves. Idempotent, never rejects. */
  close(): Promise<void>
}

/** How long to wait for a mesh. Calls of functions take {@link CallOptions} instead. */
export interface MeshOptions {
  /** Gives up the waiting: rejects with `BP_ABORTED`. */
  readonly signal?: AbortSignal
  /** How long to wait, in milliseconds; then it rejects with `BP_TIMEOUT`. @default 10000 */
  readonly timeoutMs?: number
}

/** A call that came in over the mesh. */
export interface MeshCall {
  readonly name: string
  readonly params: Params
  readonly caller: Caller
  readonly trace?: TraceContext
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** Answers calls that come in over the mesh; what it throws reaches the caller as an error. */
export type MeshHandler = (call: MeshCall) => Promise<Value>

/** What `createHost` takes: a mesh waiting for its components. */
export type MeshFactory = (components: MeshComponents) => Mesh

/** Another device, as it announces itself. */
export interface Device {
  readonly deviceId: string
  readonly deviceType?: string
  readonly location?: string
  readonly description?: string
  readonly functions: readonly FunctionDescriptor[]
  readonly events: readonly EventDescriptor[]
  readonly labels: Labels
  /** Everything else that it says about itself (`availability`, `battery`, ...). */
  readonly status: Params
  readonly identity: Params
}
