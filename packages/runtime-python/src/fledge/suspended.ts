import type { PluginInstance } from '@backplane/core'
import { pythonSurface } from '../surface.ts'

/**
 * Remembers which instances have handed their state over, and lets them go on when the one that it was for does not come to run.
 *
 * A Fledge plugin shuts down to hand over, so that its successor finds devices and ports free; the slot then goes on with it as if
 * nothing had been asked, but tells it nothing.
 */
export class Suspended {
  readonly #byPlugin = new Map<string, PluginInstance>()

  /** Watches an instance; gives it back. */
  watch(pluginId: string, instance: PluginInstance): PluginInstance {
    const { handOver } = instance
    if (!handOver || pythonSurface(instance).facts.resumes !== true) return instance
    const stop = instance.stop.bind(instance)
    return Object.assign(instance, {
      handOver: (options: Parameters<typeof handOver>[0]) => {
        this.#byPlugin.set(pluginId, instance)
        return handOver(options)
      },
      stop: async (options: Parameters<typeof stop>[0]) => {
        const former = this.#byPlugin.get(pluginId)
        this.#byPlugin.delete(pluginId)
        await stop(options)
        // The one that handed over ends as it should; another that ends meanwhile leaves the work to it again.
        if (former !== undefined && former !== instance) resume(former)
      },
    })
  }
}

function resume(instance: PluginInstance): void {
  pythonSurface(instance)
    .request('resume')
    .catch(() => {})
}
