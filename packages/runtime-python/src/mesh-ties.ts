import type { Params } from '@backplane/core'
import type { InstanceListener, PythonInstance } from './python-instance.ts'
import type { PythonDevice } from './python-runtime.ts'
import { surface } from './surface.ts'

/** What instances have to do with their host's place on the mesh: its heartbeat, and its connection. */
export class MeshTies implements InstanceListener {
  readonly #device: PythonDevice
  /** Whose fields the heartbeat has, by plugin: a successor has them before the former has stopped. */
  readonly #beating = new Map<string, PythonInstance>()
  readonly #listening = new Map<PythonInstance, () => void>()

  constructor(device: PythonDevice = {}) {
    this.#device = device
  }

  loaded(instance: PythonInstance): void {
    const { heartbeat, connection } = this.#device
    const { plugin, [surface]: own } = instance
    own.onPush('heartbeat', (fields) => {
      this.#beating.set(plugin, instance)
      heartbeat?.(plugin, fields as Params)
      return null
    })
    if (!connection) return
    const off = connection.onChange((connected) => {
      // Plugins of other kinds do not listen to it.
      own.request('connection', connected).catch(() => {})
    })
    this.#listening.set(instance, off)
  }

  stopping(instance: PythonInstance): void {
    this.#listening.get(instance)?.()
    this.#listening.delete(instance)
  }

  stopped(instance: PythonInstance): void {
    const { plugin } = instance
    if (this.#beating.get(plugin) !== instance) return
    this.#beating.delete(plugin)
    this.#device.heartbeat?.(plugin, undefined)
  }
}
