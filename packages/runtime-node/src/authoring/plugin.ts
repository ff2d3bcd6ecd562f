import type { ConfigChange, EventFilter, Health, IncomingEvent, Labels, Value } from '@backplane/core'
import type { CallContext, EventSchemas, ModuleContext } from './context.ts'
import type { AnySchema, Received } from './schema.ts'

/** How a function is described; everything in it is advertised. */
export interface FunctionDescription<S = unknown> {
  /** One sentence for people and agents. */
  readonly description?: string
  /** Schema of the parameters object, as JSON Schema or any Standard Schema. @default any object */
  readonly parameters?: S
  /** Schema of the result; advertised, not checked. @default any value */
  readonly result?: AnySchema
  /**
   * Sends values before its result: `items` are part of the answer, `progress` may be missed.
   * @default 'items' for an async generator, else none
   */
  readonly stream?: 'items' | 'progress'
  /** How long a call may take when the caller names no time, in milliseconds. */
  readonly timeoutMs?: number
  readonly labels?: Labels
  readonly tags?: readonly string[]
}

/** The code of a function: sync, async, or an async generator whose items are streamed. */
export type Handler<S = unknown, E = EventSchemas> = (params: Received<S>, ctx: CallContext<E>) => unknown

/** One function of a plugin: its description and its code. */
export interface FunctionDefinition<S = unknown, E = EventSchemas> extends FunctionDescription<S> {
  /** Runs a call. What it returns must be JSON or `Uint8Array`; nothing counts as `null`. */
  run(params: Received<S>, ctx: CallContext<E>): unknown
}

/** How an event is described; everything in it is advertised. */
export interface EventDefinition<S = unknown> {
  readonly description?: string
  /** Schema of the payload object, as JSON Schema or any Standard Schema; types `emit`, and is not checked. */
  readonly payload?: S
  readonly labels?: Labels
  readonly tags?: readonly string[]
}

/** Work that is done again and again. */
export interface PeriodicDefinition<E = EventSchemas> {
  /**
   * From the begin of one run to the begin of the next, in milliseconds; a run that takes longer is followed at once.
   * Runs never overlap.
   */
  readonly intervalMs: number
  /** Does it once, the first time right after `setup`. What it throws is logged, and the next run comes as planned. */
  run(ctx: ModuleContext<E>): unknown
}

/** A plugin in JavaScript or TypeScript. Every part is optional; a plugin without any is refused. */
export interface PluginDefinition<P = { readonly [name: string]: unknown }, E = EventSchemas> {
  /** What can be called, by name. */
  readonly functions?: { readonly [K in keyof P]: FunctionDefinition<P[K], E> | Handler<P[K], E> }
  /** What it emits, by name. */
  readonly events?: { readonly [K in keyof E]: EventDefinition<E[K]> }
  /** What it does by itself, by name. */
  readonly periodic?: { readonly [name: string]: PeriodicDefinition<E> }
  /** Which events reach `onEvent`, beyond the manifest's own `subscriptions`. */
  readonly subscriptions?: readonly EventFilter[]
  /**
   * Begins; no call comes before it is done. `state` is what the former instance's `handOver` gave, when this one
   * replaces it.
   */
  setup?(ctx: ModuleContext<E>, state?: Value): unknown
  /** Ends; calls are over, periodic work has stopped. */
  teardown?(ctx: ModuleContext<E>): unknown
  /** Takes an event that it subscribed to. */
  onEvent?(event: IncomingEvent, ctx: ModuleContext<E>): unknown
  /**
   * Applies new configuration, or throws to refuse it: then the former stays in force. Without it a change of
   * configuration replaces the instance.
   */
  configure?(change: ConfigChange, ctx: ModuleContext<E>): unknown
  /** Says whether it can do its work. Throwing means that it cannot. */
  health?(ctx: ModuleContext<E>): boolean | Health | Promise<boolean | Health>
  /** Gives what the instance that replaces this one should know. */
  handOver?(ctx: ModuleContext<E>): unknown
}

/**
 * Types a plugin: parameters come from each function's schema, `emit` from the declared events.
 *
 * It returns what it is given, so a plugin folder that must run wherever it is copied exports the plain object instead.
 *
 * @example
 * ```ts
 * export default definePlugin({
 *   functions: {
 *     greet: {
 *       parameters: { type: 'object', properties: { name: { type: 'string' } } },
 *       run: ({ name = 'world' }) => ({ message: `Hello, ${name}!` }),
 *     },
 *   },
 * })
 * ```
 */
export function definePlugin<
  const P extends { readonly [name: string]: unknown },
  const E extends EventSchemas = Record<never, never>,
>(definition: PluginDefinition<P, E>): PluginDefinition<P, E> {
  return definition
}
