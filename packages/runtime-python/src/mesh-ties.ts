import type { Params, PluginInstance } from '@backplane/core'
import type { PythonDevice } from './python-runtime.ts'
import { pythonSurface } from './surface.ts'

/** What instances have to do with their host's place on the mesh: its heartbeat, and its connection. */
export class MeshTies {
  readonly #device: PythonDevice
  /** Whose fields the heartbeat has, by plugin: a successor has them before the former has stopped. */
  readonly #beating = new Map<string, PluginInstance>()

  constructor(device: PythonDevice = {}) {
    this.#device = device
  }

  /** Ties an instance for as long as it lives; gives it back. */
  tie(plugin: string, instance: PluginInstance): PluginInstance {
    const { heartbeat, connection } = this.#device
    const surface = pythonSurface(instance)
    surface.onPush('heartbeat', (fields) => {
      this.#beating.set(plugin, instance)
      heartbeat?.(plugin, fields as Params)
      return null
    })
    const off = connection?.onChange((connected) => {
      // Plugins of other kinds have no ear for it.
      surface.request('connection', connected).catch(() => {})
    })
    const stop = instance.stop.bind(instance)
    return Object.assign(instance, {
      stop: async (options: Parameters<typeof stop>[0]) => {
        off?.()
        await stop(options)
        if (this.#beating.get(plugin) !== instance) return
        this.#beating.delete(plugin)
        heartbeat?.(plugin, undefined)
      },
    })
  }
}
