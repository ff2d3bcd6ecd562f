import type { Call } from '../contracts/call.ts'
import type { ConfigChange } from '../contracts/config.ts'
import type { EventDescriptor, EventFilter, FunctionDescriptor } from '../contracts/manifest.ts'
import type { Health, IncomingEvent, PluginInstance, RuntimeContext } from '../contracts/runtime.ts'
import type { Value } from '../contracts/values.ts'
import { throwIfAborted } from '../deadline.ts'
import { BackplaneError, coreError } from '../errors.ts'
import { carried } from '../runtime/carried.ts'
import { untilAborted } from '../until-aborted.ts'
import type { FunctionDefinition, FunctionHandler, FunctionPlugin, FunctionPluginContext } from './function-plugin.ts'

/** One running copy of a plugin that is a plain object. */
export class FunctionInstance implements PluginInstance {
  readonly events: readonly EventDescriptor[]
  readonly subscriptions: readonly EventFilter[]
  readonly notify?: (event: IncomingEvent) => Promise<void>
  readonly reconfigure?: (change: ConfigChange) => Promise<void>
  readonly health?: (options: { readonly signal: AbortSignal }) => Promise<Health>
  readonly handOver?: (options: { readonly signal: AbortSignal }) => Promise<Value>
  readonly #plugin: FunctionPlugin
  readonly #outer: RuntimeContext
  readonly #context: FunctionPluginContext
  readonly #handlers = new Map<string, FunctionHandler>()
  /** Aborts when nothing of the instance may go on. */
  readonly #end = new AbortController()
  #functions: readonly FunctionDescriptor[] = []
  #stopped: Promise<void> | undefined

  constructor(plugin: FunctionPlugin, outer: RuntimeContext) {
    this.#plugin = plugin
    this.#outer = outer
    this.#context = this.#inner()
    this.events = plugin.events ?? []
    this.subscriptions = plugin.subscriptions ?? []
    for (const [name, definition] of Object.entries(plugin.functions ?? {})) this.#offer(name, definition)
    const context = this.#context
    if (plugin.onEvent)
      this.notify = ({ device, event, payload }) =>
        this.#alive(async () => void (await plugin.onEvent?.({ device, event, payload: carried(payload) }, context)))
    if (plugin.configure)
      this.reconfigure = (change) => this.#alive(async () => void (await plugin.configure?.(change, context)))
    if (plugin.health)
      this.health = ({ signal }) => this.#alive(async () => plugin.health?.(context) ?? { ok: true }, signal)
    if (plugin.handOver)
      this.handOver = ({ signal }) =>
        this.#alive(async () => carried((await plugin.handOver?.(context)) ?? null), signal)
  }

  get functions(): readonly FunctionDescriptor[] {
    return this.#functions
  }

  async start({ signal, state }: { readonly signal: AbortSignal; readonly state?: Value }): Promise<void> {
    throwIfAborted(signal)
    await this.#alive(
      async () => this.#plugin.setup?.(this.#context, state === undefined ? undefined : carried(state)),
      signal,
    )
  }

  async invoke(call: Call): Promise<Value> {
    throwIfAborted(call.signal)
    const handler = this.#handlers.get(call.name)
    if (!handler) throw coreError('BP_FUNCTION_UNKNOWN', { details: { name: call.name } })
    const inner: Call = {
      name: call.name,
      params: carried(call.params),
      signal: call.signal,
      deadline: call.deadline,
      caller: call.caller,
      ...(call.trace ? { trace: call.trace } : {}),
      send: (item) => call.send(carried(item)),
    }
    const run = async () => carried(((await handler(inner.params, inner, this.#context)) ?? null) as Value)
    try {
      return await this.#alive(run, call.signal)
    } catch (error) {
      throw BackplaneError.from(error, (reason, cause) => coreError('BP_PLUGIN_FAILED', { details: { reason }, cause }))
    }
  }

  stop({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#stopped ??= this.#stop(signal)
    return this.#stopped
  }

  async #stop(signal: AbortSignal): Promise<void> {
    if (!this.#end.signal.aborted) {
      // There is no force on one's own thread: what does not end in time is left behind.
      await untilAborted((async () => this.#plugin.teardown?.(this.#context))(), signal).catch(() => {})
      this.#end.abort(coreError('BP_ABORTED', { message: 'The plugin has been stopped.' }))
    }
  }

  /** Runs the plugin's code for as long as the instance lives and `signal` allows. */
  #alive<T>(run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const end = this.#end.signal
    if (end.aborted) return Promise.reject(end.reason)
    const work = untilAborted(run(), end)
    return signal ? untilAborted(work, signal) : work
  }

  #crash(reason: string): void {
    if (this.#end.signal.aborted) return
    const error = coreError('BP_PLUGIN_EXITED', { details: { plugin: this.#outer.pluginId, reason } })
    this.#end.abort(error)
    this.#outer.exited(error)
  }

  #offer(name: string, definition: FunctionDefinition): void {
    const { run, ...described } = typeof definition === 'function' ? { run: definition } : definition
    this.#handlers.set(name, run)
    this.#functions = [...this.#functions.filter((known) => known.name !== name), { ...described, name }]
  }

  #inner(): FunctionPluginContext {
    const outer = this.#outer
    const { pluginId, logger, signal, permissions, simulated, stateDir } = outer
    return {
      pluginId,
      logger,
      signal,
      permissions,
      simulated,
      ...(stateDir === undefined ? {} : { stateDir }),
      get config() {
        return outer.config
      },
      emit: (event, payload) => {
        const emitted = this.#alive(async () => outer.emit(event, payload && carried(payload)))
        // A plugin that does not await its emits must not end the process by one that fails.
        emitted.catch(() => {})
        return emitted
      },
      invoke: (name, params, options) =>
        this.#alive(async () => carried(await outer.invoke(name, params && carried(params), options))),
      crash: (reason) => this.#crash(reason),
      offer: (name, definition) => {
        this.#offer(name, definition)
        outer.changed()
      },
      withdraw: (name) => {
        this.#handlers.delete(name)
        this.#functions = this.#functions.filter((known) => known.name !== name)
        outer.changed()
      },
    }
  }
}
