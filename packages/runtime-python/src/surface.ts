import { coreError, type Params, type PluginInstance, type Value } from '@backplane/core'
import type { PushHandler } from '@backplane/core/runtime'

/** What an adapter's host side may do with its plugin beyond calling functions. */
export interface PythonSurface {
  /** What the plugin's adapter said of itself. */
  readonly facts: Params
  /** Asks the adapter; rejects with what it raises. */
  request(name: string, body?: Value, options?: { readonly signal?: AbortSignal }): Promise<Value>
  /**
   * Takes what the plugin pushes on a channel; the plugin waits for the handler. Gives a function that takes it back.
   */
  onPush(channel: string, handler: PushHandler): () => void
}

/** Where an instance of this runtime has its surface. */
export const surface = Symbol.for('backplane.python.surface')

/** Gives the surface of an instance that this runtime has made. Throws `BP_INVALID_ARGUMENT` for any other. */
export function pythonSurface(instance: PluginInstance): PythonSurface {
  const found = (instance as { readonly [surface]?: PythonSurface })[surface]
  if (found) return found
  throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'The instance', reason: 'no Python runtime has made it' } })
}
