import type { Caller, Logger, Params, Permissions, RemoteOptions, TraceContext, Value } from '@backplane/core'
import type { FunctionDefinition, Handler } from './plugin.ts'
import type { Given } from './schema.ts'

/** Event name to the schema of its payload, as {@link ModuleContext.emit} is typed by. */
export type EventSchemas = { readonly [name: string]: unknown }

/** What a plugin may touch outside of calls: in `setup`, in periodic work, in event handlers. */
export interface ModuleContext<E = EventSchemas> {
  readonly pluginId: string
  /** The plugin's own logger; its records carry the plugin's id and are limited by `limits.log_lines_per_second`. */
  readonly logger: Logger
  /** The configuration in force: value by item name. Replaced as a whole on change. */
  readonly config: Params
  /** A folder that only this plugin writes to, kept across restarts and upgrades; absent where the host has no disk. */
  readonly stateDir?: string | undefined
  /** Aborts when this instance must end, before `teardown` is called. */
  readonly signal: AbortSignal
  readonly permissions: Permissions
  /** Whether the host runs its plugins against simulated hardware. */
  readonly simulated: boolean
  /**
   * Emits an event under the host's identity. Resolves when the mesh has taken it, so awaiting it is back-pressure.
   * A failure that nobody awaits is logged, and does not end the plugin.
   */
  emit<K extends keyof E & string>(event: K, ...payload: Payload<E[K]>): Promise<void>
  /**
   * Calls a function of this host, or of another device. Inside a call it takes over that call's time left, signal and
   * trace unless `options` say otherwise.
   */
  invoke(name: string, params?: Params, options?: RemoteOptions): Promise<Value>
  /**
   * Offers one more function while the plugin runs (one for each device found, say), or replaces one; it is advertised
   * at once. Throws `BP_INVALID_ARGUMENT` for a name or definition that is wrong.
   */
  offer(name: string, definition: FunctionDefinition | Handler): void
  /** Takes a function back, declared or offered; calls under way go on. */
  withdraw(name: string): void
}

type Payload<S> = Record<never, never> extends Given<S> ? [payload?: Given<S>] : [payload: Given<S>]

/** What a function gets beside its parameters. */
export interface CallContext<E = EventSchemas> extends ModuleContext<E> {
  /** Aborts at the deadline, when the caller gives up, and when the plugin must end. */
  readonly signal: AbortSignal
  /** When the caller stops waiting, in milliseconds since the Unix epoch. */
  readonly deadline: number
  readonly caller: Caller
  readonly trace?: TraceContext | undefined
  /**
   * Hands one item of a streamed result to the caller, for functions that declare `stream`; async generators `yield`
   * instead. Resolves when there is room for the next one. Items of `progress` streams are dropped while there is none.
   */
  send(item: Value): Promise<void>
}
