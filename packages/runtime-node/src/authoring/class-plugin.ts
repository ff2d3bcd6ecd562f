import {
  type BackplaneError,
  type ConfigChange,
  coreError,
  type EventFilter,
  type Health,
  type IncomingEvent,
  type Manifest,
  type Value,
} from '@backplane/core'
import type { CallContext, ModuleContext } from './context.ts'
import type { EventDefinition, FunctionDescription, PluginDefinition } from './plugin.ts'

/**
 * A plugin as a class, named by the manifest's `class_name` or exported as default. Static fields declare what it
 * offers; methods of the same names do it. It is constructed with its context when the plugin starts.
 */
export interface PluginClass {
  new (ctx: ModuleContext): PluginObject
  /** What can be called: each name is a method `(params, ctx)`. @default the manifest's `functions` */
  readonly functions?: { readonly [name: string]: FunctionDescription }
  readonly events?: { readonly [name: string]: EventDefinition }
  /** Work that is done again and again: each name is a method without parameters. */
  readonly periodic?: { readonly [name: string]: { readonly intervalMs: number } }
  readonly subscriptions?: readonly EventFilter[]
}

/** What Backplane itself calls on an instance of a {@link PluginClass}, beside the methods that the class declares. */
export interface PluginObject {
  /** Begins; no call comes before it is done. */
  start?(state?: Value): unknown
  /** Ends; calls are over, periodic work has stopped. */
  stop?(): unknown
  onEvent?(event: IncomingEvent): unknown
  configure?(change: ConfigChange): unknown
  health?(): boolean | Health | Promise<boolean | Health>
  handOver?(): unknown
}

type Methods = { readonly [name: string]: ((...args: unknown[]) => unknown) | undefined }

/**
 * Gives a class as the definition that it stands for. Its methods are looked for when it starts: fields may hold them.
 */
export function classDefinition(of: PluginClass, manifest: Manifest): PluginDefinition {
  const functions = of.functions ?? Object.fromEntries((manifest.functions ?? []).map(({ name }) => [name, {}]))
  const periodic = of.periodic ?? {}
  let instance: PluginObject | undefined
  const call = (name: string, ...args: unknown[]) => (instance as unknown as Methods)[name]?.call(instance, ...args)
  const has = (name: keyof PluginObject) => typeof (of.prototype as PluginObject)[name] === 'function'

  return {
    functions: Object.fromEntries(
      Object.entries(functions).map(([name, description]) => {
        const run = (params: unknown, ctx: CallContext) => call(name, params, ctx)
        return [name, { ...description, ...streamOf(of, name), run }]
      }),
    ),
    ...(of.events ? { events: of.events } : {}),
    periodic: Object.fromEntries(
      Object.entries(periodic).map(([name, { intervalMs }]) => [name, { intervalMs, run: () => call(name) }]),
    ),
    ...(of.subscriptions ? { subscriptions: of.subscriptions } : {}),
    async setup(ctx, state) {
      const made = new of(ctx)
      for (const name of [...Object.keys(functions), ...Object.keys(periodic)]) {
        if (typeof (made as unknown as Methods)[name] !== 'function') throw missing(of.name, name, manifest)
      }
      instance = made
      await made.start?.(state)
    },
    teardown: () => instance?.stop?.(),
    ...(has('onEvent') ? { onEvent: (event) => call('onEvent', event) } : {}),
    ...(has('configure') ? { configure: (change) => call('configure', change) } : {}),
    ...(has('health') ? { health: () => call('health') as boolean | Health } : {}),
    ...(has('handOver') ? { handOver: () => call('handOver') } : {}),
  }
}

function streamOf(of: PluginClass, name: string): { stream?: 'items' } {
  const method: unknown = (of.prototype as Methods)[name]
  if (of.functions?.[name]?.stream || !isAsyncGenerator(method)) return {}
  return { stream: 'items' }
}

/** Whether calling it gives an async generator, as far as the function itself can tell. */
export function isAsyncGenerator(code: unknown): boolean {
  return Object.prototype.toString.call(code) === '[object AsyncGeneratorFunction]'
}

function missing(className: string, method: string, manifest: Manifest): BackplaneError {
  const reason = `class '${className}' declares '${method}' but has no method of that name`
  return coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: manifest.id, reason } })
}
