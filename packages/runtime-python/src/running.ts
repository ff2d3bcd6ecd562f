import { coreError, type Host, type PluginInstance, type PluginRuntime } from '@backplane/core'

/** The instances of one runtime that have started and not been stopped. */
export class Running {
  readonly #byPlugin = new Map<string, readonly PluginInstance[]>()

  /** Watches an instance; gives it back. */
  watch(plugin: string, instance: PluginInstance): PluginInstance {
    const start = instance.start.bind(instance)
    const stop = instance.stop.bind(instance)
    return Object.assign(instance, {
      start: async (options: Parameters<typeof start>[0]) => {
        await start(options)
        this.#byPlugin.set(plugin, [...(this.#byPlugin.get(plugin) ?? []), instance])
      },
      stop: async (options: Parameters<typeof stop>[0]) => {
        const left = this.#byPlugin.get(plugin)?.filter((each) => each !== instance) ?? []
        if (left.length > 0) this.#byPlugin.set(plugin, left)
        else this.#byPlugin.delete(plugin)
        await stop(options)
      },
    })
  }

  /** The one that started last: while one takes another's place, both have started. */
  of(plugin: string): PluginInstance | undefined {
    return this.#byPlugin.get(plugin)?.at(-1)
  }
}

/** What runs, by the runtime that runs it. */
export const runningIn = new WeakMap<PluginRuntime, Running>()

/**
 * Gives the instance of a Python plugin that runs in a host, for {@link fledgePlugin} and {@link pythonSurface}. It is the one of now: ask
 * again when the host tells that the plugin was reloaded or restarted. Callers of functions need none of it: they have `host.call`.
 *
 * Throws `BP_PLUGIN_NOT_LOADED` where no such Python plugin runs.
 */
export function runningInstance(host: Pick<Host, 'runtimes'>, plugin: string): PluginInstance {
  for (const runtime of host.runtimes) {
    const instance = runningIn.get(runtime)?.of(plugin)
    if (instance) return instance
  }
  throw coreError('BP_PLUGIN_NOT_LOADED', { details: { plugin } })
}
