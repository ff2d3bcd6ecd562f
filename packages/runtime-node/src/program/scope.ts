import type { Call, Clock, Params, PluginContext, RemoteOptions, Value } from '@backplane/core'
import { carried } from '@backplane/core/runtime'
import type { CallContext, ModuleContext } from '../authoring/context.ts'

/** Makes what a plugin's code sees outside of calls. */
export function moduleContext(
  context: PluginContext,
  signal: AbortSignal,
  functions: Pick<ModuleContext, 'offer' | 'withdraw'>,
): ModuleContext {
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
      const emitted = sent(payload as Params | undefined, (carried) => context.emit(event, carried))
      // Few authors await an event; a broker that is away for a moment must not end their plugin.
      emitted.catch((err) => context.logger.warn({ err, event }, `event '${event}' was not emitted`))
      return emitted
    },
    invoke: (name, params, options) => sent(params, (carried) => context.invoke(name, carried, options)),
    ...functions,
  }
}

async function sent<T>(params: Params | undefined, send: (params: Params | undefined) => Promise<T>): Promise<T> {
  return send(params && carried(params))
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
      this.#module.invoke(name, params, {
        signal: this.#call.signal,
        timeoutMs: Math.max(1, this.#call.deadline - this.#clock.now()),
        ...(this.#call.trace ? { trace: this.#call.trace } : {}),
        ...options,
      })
  }

  get offer() {
    return this.#module.offer
  }

  get withdraw() {
    return this.#module.withdraw
  }

  get send() {
    return (item: Value): Promise<void> => {
      const taken = this.#send(item)
      // Who does not await it learns of the end by the signal.
      taken.catch(() => {})
      return taken
    }
  }

  async #send(item: Value): Promise<void> {
    await this.#call.send(carried(item))
  }
}
