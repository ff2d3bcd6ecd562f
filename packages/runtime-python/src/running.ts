import { coreError, type Host, type PluginInstance, type PluginRuntime } from '@backplane/core'
import type { InstanceListener, PythonInstance } from './python-instance.ts'

/** The instances of one runtime that have started and not been stopped. */
export class Running implements InstanceListener {
  readonly #byPlugin = new Map<string, readonly PythonInstance[]>()

  started(instance: PythonInstance): void {
    this.#byPlugin.set(instance.plugin, [...(this.#byPlugin.get(instance.plugin) ?? []), instance])
  }

  stopping(instance: PythonInstance): void {
    const left = this.#byPlugin.get(instance.plugin)?.filter((each) => each !== instance) ?? []
    if (left.length > 0) this.#byPlugin.set(instance.plugin, left)
    else this.#byPlugin.delete(instance.plugin)
  }

  /** The one that started last: while one takes another's place, both have started. */
  of(plugin: string): PythonInstance | undefined {
    return this.#byPlugin.get(plugin)?.at(-1)
  }
}

/** Where a Python runtime has what runs in it. */
export const running = Symbol.for('backplane.python.running')

/** A runtime of Python plugins, as {@link runningInstance} finds it among others. */
export interface PythonPluginRuntime extends PluginRuntime {
  readonly [running]: Pick<Running, 'of'>
}

/**
 * Gives the instance of a Python plugin that runs in a host, for {@link fledgePlugin} and {@link pythonSurface}. It is
 * the one of now: ask again when the host tells that the plugin was reloaded or restarted. Callers of functions need
 * none of it: they have `host.call`.
 *
 * Throws `BP_PLUGIN_NOT_LOADED` where no such Python plugin runs.
 */
export function runningInstance(host: Pick<Host, 'runtimes'>, plugin: string): PluginInstance {
  for (const runtime of host.runtimes as readonly Partial<PythonPluginRuntime>[]) {
    const instance = runtime[running]?.of(plugin)
    if (instance) return instance
  }
  throw coreError('BP_PLUGIN_NOT_LOADED', { details: { plugin } })
}
