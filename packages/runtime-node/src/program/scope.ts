import type { Call, Clock, Params, PluginContext, RemoteOptions, Value } from '@backplane/core'
import type { CallContext, ModuleContext } from '../authoring/context.ts'

/** Makes what a plugin's code sees outside of calls. */
export function moduleContext(context: PluginContext, signal: AbortSignal): ModuleContext {
  return {
    pluginId: context.pluginId,
    logger: context.logger,
    get config() {
      return context.config
    },
    ...(context.stateDir === undefined ? {} : { stateDir: context.stateDir }),
    signal,
    permissions: context.permissions,
    simulated: context.simulated,
    emit(event, ...[payload]) {
      const emitted = context.emit(event, payload as Params | undefined)
      // Few authors await an event; a broker that is away for a moment must not end their plugin.
      emitted.catch((err) => context.logger.warn({ err, event }, `event '${event}' was not emitted`))
      return emitted
    },
    invoke: (name, params, options) => context.invoke(name, params, options),
  }
}

/**
 * What one call sees. Made for every call, so it holds next to nothing: all else is looked up when it is used, and the
 * methods can be taken out of it all the same.
 */
export class CallScope implements CallContext {
  readonly #module: ModuleContext
  readonly #context: PluginContext
  readonly #call: Call
  readonly #clock: Clock

  constructor(module: ModuleContext, context: PluginContext, call: Call, clock: Clock) {
    this.#module = module
    this.#context = context
    this.#call = call
    this.#clock = clock
  }

  get pluginId() {
    return this.#module.pluginId
  }

  get logger() {
    return this.#module.logger
  }

  get config() {
    return this.#context.config
  }

  get stateDir() {
    return this.#module.stateDir
  }

  get signal() {
    return this.#call.signal
  }

  get permissions() {
    return this.#module.permissions
  }

  get simulated() {
    return this.#module.simulated
  }

  get deadline() {
    return this.#call.deadline
  }

  get caller() {
    return this.#call.caller
  }

  get trace() {
    return this.#call.trace
  }

  get emit() {
    return this.#module.emit
  }

  get invoke() {
    return (name: string, params?: Params, options?: RemoteOptions): Promise<Value> =>
      this.#context.invoke(name, params, {
        signal: this.#call.signal,
        timeoutMs: Math.max(1, this.#call.deadline - this.#clock.now()),
        ...(this.#call.trace ? { trace: this.#call.trace } : {}),
        ...options,
      })
  }

  get send() {
    return (item: Value): Promise<void> => {
      const sent = this.#call.send(item)
      // Who does not await it learns of the end by the signal.
      sent.catch(() => {})
      return sent
    }
  }
}
