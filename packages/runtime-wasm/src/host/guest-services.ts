import { BackplaneError, type Call, type Clock, type Params, type RuntimeContext, type Value } from '@backplane/core'
import { longestTimerMs } from '@backplane/core/runtime'
import type { ComponentFunctions, ComponentHostFunction } from '../component/plugin.ts'
import type { HostFunction, HostFunctions } from '../extism/host-functions.ts'
import { hostAllowed } from '../extism/http.ts'
import { packText, unpack } from '../vyra/convert.ts'
import { BaseHostFunctions, logAt } from '../vyra/host-functions.ts'
import type { Offers } from './offers.ts'

/** What a guest may do to the plugin that it is. */
export interface GuestActions {
  /** Ends it; its slot starts it again. */
  exit(reason: string): void
  /** Offers one of its functions under another name as well. Throws `BP_INVALID_ARGUMENT`, `BP_FUNCTION_UNKNOWN`. */
  offer(name: string, handler: string): void
}

/** What a plugin under a host may import, where `permissions.host` names it. */
export function backplaneFunctions(
  context: RuntimeContext,
  clock: Clock,
  { exit, offer }: GuestActions,
): Record<string, HostFunction> {
  const read = (text: string) => unpack(text) as Params
  const wait = waiting(clock)
  return {
    /** Emits an event; gives 0, or the text of why the host did not take it. */
    backplane_emit: async (call, event, payload) => {
      try {
        await context.emit(call.text(event as bigint), read(call.text(payload as bigint)) ?? {})
        return 0n
      } catch (error) {
        return BackplaneError.from(error).message
      }
    },
    /** Calls a function of the host; gives `{ result }` or `{ error: { code, message } }`. */
    backplane_invoke: async (call, name, params) => {
      try {
        const options = { signal: call.signal }
        const result = await context.invoke(call.text(name as bigint), read(call.text(params as bigint)) ?? {}, options)
        return packText({ result: result ?? null })
      } catch (error) {
        const { code, message } = BackplaneError.from(error)
        return packText({ error: { code, message } })
      }
    },
    /** Sends an item of a streamed result; gives 0, or the text of why there is nobody to take it. */
    backplane_send: async (call, item) => {
      try {
        await (call.hostContext as Call | undefined)?.send(unpack(call.text(item as bigint)) as Value)
        return 0n
      } catch (error) {
        return BackplaneError.from(error).message
      }
    },
    /** Offers one of its functions under another name as well; gives 0, or the text of why not. */
    backplane_serve: (call, name, handler) => {
      try {
        offer(call.text(name as bigint), call.text(handler as bigint))
        return 0n
      } catch (error) {
        return BackplaneError.from(error).message
      }
    },
    /** Gives who it is and its configuration, as JSON. */
    backplane_context: () => contextText(context),
    /** Waits, in milliseconds. */
    backplane_sleep: (call, ms) => wait(Number(ms), call.signal),
    /** Ends the plugin; its slot starts it again. */
    backplane_exit: (call, reason) => exit(call.text(reason as bigint)) as undefined,
  }
}

/** The interface `backplane:plugin/host` of components (wit/backplane.wit), by the names that permissions have. */
export function componentServices(
  context: RuntimeContext,
  clock: Clock,
  { exit, offer }: GuestActions,
): Record<string, ComponentHostFunction> {
  const read = (text: Value | undefined) => (unpack(String(text)) ?? {}) as Params
  const wait = waiting(clock)
  return {
    backplane_emit: (_, event, payload) => context.emit(String(event), read(payload)),
    backplane_invoke: async ({ signal }, name, params) =>
      packText((await context.invoke(String(name), read(params), { signal })) ?? null),
    backplane_send: ({ hostContext }, item) => (hostContext as Call | undefined)?.send(unpack(String(item)) as Value),
    backplane_serve: (_, name, handler) => offer(String(name), String(handler)),
    backplane_context: () => contextText(context),
    backplane_log: (_, level, message) => {
      const at = level === 'debug' || level === 'warn' || level === 'error' ? level : 'info'
      context.logger[at](String(message))
    },
    backplane_sleep: ({ signal }, ms) => wait(Number(ms), signal),
    backplane_exit: (_, reason) => exit(String(reason)),
  }
}

/**
 * Host functions of components, as far as they are granted; Backplane's own by the names that other conventions have.
 */
export function componentFunctions(
  own: Readonly<Record<string, ComponentHostFunction>>,
  others: ComponentFunctions,
  patterns: readonly string[],
): ComponentFunctions {
  const services = Object.entries(granted(own, patterns)).map(([name, run]) => [name.replace('backplane_', ''), run])
  const spaces = Object.entries(others).map(([space, each]) => [space, granted(each, patterns)])
  return { ...Object.fromEntries(spaces), 'backplane:plugin/host': Object.fromEntries(services) }
}

function contextText({ pluginId, stateDir, simulated, config }: RuntimeContext): string {
  return packText({ plugin_id: pluginId, state_dir: stateDir ?? null, simulated, config })
}

function waiting(clock: Clock): (ms: number, signal: AbortSignal) => Promise<undefined> {
  return (ms, signal) =>
    new Promise((resolve) => {
      const end = () => {
        timer.cancel()
        signal.removeEventListener('abort', end)
        resolve(undefined)
      }
      const timer = clock.after(Math.min(ms, longestTimerMs), end)
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
    })
}

/** Leaves only what the patterns allow. */
export function granted<T>(all: Readonly<Record<string, T>>, patterns: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => hostAllowed(name, patterns)))
}

/** Host functions of VYRA plugins over a plugin's context. */
export class ContextHostFunctions extends BaseHostFunctions {
  readonly #context: RuntimeContext
  readonly #offers: Offers

  constructor(context: RuntimeContext, functions: HostFunctions[string], offers: Offers) {
    super()
    this.#context = context
    this.#offers = offers
    for (const [name, run] of Object.entries(functions)) Object.defineProperty(this, name, { value: run })
  }

  override async notify_ui(topic: string, data: unknown): Promise<void> {
    await this.#context.emit('ui', { topic, data: data as Value })
  }
  override async create_publisher(name: string, module_name: string) {
    return {
      publish: (data: unknown) => this.#context.emit(name, { module: module_name, data: data as Value }),
    }
  }
  override async create_client(name: string, module_name: string, module_id?: string) {
    const path = [module_name, module_id, name].filter((part) => part !== undefined && part !== '').join('.')
    return { request: (data: unknown) => this.#context.invoke(path, (data ?? {}) as Params) }
  }
  override async create_subscriber(name: string, callback: (data: unknown) => unknown, module_name: string) {
    return this.#offers.subscribe(name, async ({ payload }) => {
      // As `create_publisher` emits it; anything else is taken whole.
      const { module, data } = payload
      if (typeof module !== 'string' || data === undefined) await callback(payload)
      else if (module_name === '' || module === module_name) await callback(data)
    })
  }
  override async create_server(name: string, callback: (data: unknown) => unknown) {
    return this.#offers.serve(name, async (params) => (await callback(params)) as Value)
  }
  override async log(level: number, message: string): Promise<void> {
    logAt(this.#context.logger, level, message)
  }
}
