import { type PluginInstance, throwIfAborted } from '@backplane/core'
import { RemoteInstance } from '@backplane/core/runtime'
import { type RemoteProcessInit, remoteProcess } from '@backplane/runtime-worker'
import { type PythonSurface, surface } from './surface.ts'

/** Hears how the instances of one runtime come and go. */
export interface InstanceListener {
  /** Its code is loaded. */
  loaded?(instance: PythonInstance): void
  started?(instance: PythonInstance): void
  /** It is about to give its state to a successor. */
  handingOver?(instance: PythonInstance): void
  stopping?(instance: PythonInstance): void
  /** Nothing of it is left. */
  stopped?(instance: PythonInstance): void
}

/** A plugin in a Python process of its own, with what its adapter offers beside functions. */
export class PythonInstance extends RemoteInstance {
  readonly plugin: string
  readonly [surface]: PythonSurface
  readonly #listeners: readonly InstanceListener[]

  constructor(init: RemoteProcessInit, listeners: readonly InstanceListener[] = []) {
    super(remoteProcess(init))
    this.plugin = init.context.pluginId
    this.#listeners = listeners
    const facts = () => this.description.surface ?? {}
    this[surface] = {
      get facts() {
        return facts()
      },
      request: async (name, body, { signal } = {}) => {
        throwIfAborted(signal)
        return this.ask('request', { name, body }, signal)
      },
      onPush: (channel, handler) => this.onPush(channel, handler),
    }
  }

  override async loaded(signal: AbortSignal): Promise<this> {
    await super.loaded(signal)
    this.#tell('loaded')
    return this
  }

  override async start(options: Parameters<PluginInstance['start']>[0]): Promise<void> {
    await super.start(options)
    this.#tell('started')
  }

  override get handOver(): PluginInstance['handOver'] {
    const handOver = super.handOver
    if (!handOver) return undefined
    return (options) => {
      this.#tell('handingOver')
      return handOver(options)
    }
  }

  override async stop(options: Parameters<PluginInstance['stop']>[0]): Promise<void> {
    this.#tell('stopping')
    await super.stop(options)
    this.#tell('stopped')
  }

  #tell(moment: keyof InstanceListener): void {
    for (const listener of this.#listeners) listener[moment]?.(this)
  }
}
