/** What a runtime's benchmark needs of a host: calls as a slot makes them, and a context. */
import {
  type Call,
  type PluginInstance,
  type PluginRuntime,
  type PluginSource,
  type RuntimeContext,
  silentLogger,
  type Value,
} from '@backplane/core'
import type { Subject } from './harness.ts'

/** The parameters of every call. */
export const params = { name: 'plugin' }

/** A signal that never aborts. */
export const never = new AbortController().signal

/** A call as a slot makes it: its signal comes into being only when somebody looks at it. */
class BenchCall implements Call {
  readonly name = 'greet'
  readonly params = params
  readonly deadline = Date.now() + 30_000
  readonly caller = { kind: 'local' } as const
  #controller: AbortController | undefined
  get signal() {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }
  async send() {}
}

/** The context of a plugin that asks nothing of its host. */
export function context(): RuntimeContext {
  return {
    pluginId: 'bench',
    logger: silentLogger,
    config: {},
    signal: never,
    permissions: {},
    simulated: false,
    emit: async () => {},
    invoke: async (): Promise<Value> => null,
    exited() {},
    changed() {},
  }
}

/** A plugin of the runtime, loaded and started without a host. */
export async function started(runtime: PluginRuntime, source: PluginSource): Promise<PluginInstance> {
  const instance = await runtime.load(source, context(), { signal: never })
  await instance.start({ signal: never })
  return instance
}

/** Calls of a started plugin, which is stopped and removed afterwards. */
export function callsOf(instance: PluginInstance, remove: () => Promise<void>): Subject {
  return {
    run: () => instance.invoke(new BenchCall()),
    async [Symbol.asyncDispose]() {
      await instance.stop({ signal: never })
      await remove()
    },
  }
}
