import type { Call } from '../contracts/call.ts'
import type { ConfigChange } from '../contracts/config.ts'
import type { EventDescriptor, EventFilter, FunctionDescriptor } from '../contracts/manifest.ts'
import type { Health, IncomingEvent, PluginContext } from '../contracts/runtime.ts'
import type { Params, Value } from '../contracts/values.ts'

/** What a {@link FunctionPlugin} may touch: a plugin's context, and levers to play its misfortunes. */
export interface FunctionPluginContext extends PluginContext {
  /** Ends the instance as a crash would: calls under way fail, the slot is told. */
  crash(reason: string): void
  /** Offers a function from now on. */
  offer(name: string, definition: FunctionDefinition): void
  /** Takes a function back. */
  withdraw(name: string): void
}

/**
 * The code of a function of a {@link FunctionPlugin}; what it gives must be JSON or `Uint8Array`, nothing counts as
 * `null`.
 */
export type FunctionHandler = (params: Params, call: Call, context: FunctionPluginContext) => unknown

/** One function of a {@link FunctionPlugin}: its code alone, or with its description. */
export type FunctionDefinition =
  | FunctionHandler
  | (Omit<FunctionDescriptor, 'name'> & { readonly run: FunctionHandler })

/** A plugin as a plain object, for tests of what hosts plugins. Every part is optional. */
export interface FunctionPlugin {
  readonly functions?: { readonly [name: string]: FunctionDefinition }
  readonly events?: readonly EventDescriptor[]
  readonly subscriptions?: readonly EventFilter[]
  /** Begins; `state` is what the former instance handed over, during a swap. */
  setup?(context: FunctionPluginContext, state?: Value): unknown
  /** Ends. */
  teardown?(context: FunctionPluginContext): unknown
  onEvent?(event: IncomingEvent, context: FunctionPluginContext): unknown
  /** Takes new configuration, or throws to refuse it. */
  configure?(change: ConfigChange, context: FunctionPluginContext): unknown
  health?(context: FunctionPluginContext): Health | Promise<Health>
  handOver?(context: FunctionPluginContext): Value | Promise<Value>
}

/**
 * What `PluginSource.module` holds for a `functionRuntime`: the plugin, or what makes one for each instance (its
 * throwing is a plugin that does not load).
 */
export type FunctionModule = FunctionPlugin | (() => FunctionPlugin | Promise<FunctionPlugin>)
