import { coreError, type Params, type PluginInstance, throwIfAborted, type Value } from '@backplane/core'
import type { PushHandler } from './worker/wishes.ts'

/** What an adapter's host side may do with its plugin beyond calling functions. */
export interface PythonSurface {
  /** What the plugin's adapter said of itself. */
  readonly facts: Params
  /** Asks the adapter; rejects with what it raises. */
  request(name: string, body?: Value, options?: { readonly signal?: AbortSignal }): Promise<Value>
  /** Takes what the plugin pushes on a channel; the plugin waits for the handler. Gives what takes it back. */
  onPush(channel: string, handler: PushHandler): () => void
}

/** Instances of this runtime, by the object that their slot has. */
export const surfaces = new WeakMap<PluginInstance, PythonSurface>()

/** Gives the surface of an instance that this runtime has made. Throws `BP_INVALID_ARGUMENT` for any other. */
export function pythonSurface(instance: PluginInstance): PythonSurface {
  const surface = surfaces.get(instance)
  if (surface) return surface
  throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'The instance', reason: 'no Python runtime has made it' } })
}

/** Makes the surface of one instance. */
export function surfaceOf(parts: {
  facts(): Params
  request(name: string, body: Value | undefined, signal: AbortSignal | undefined): Promise<Value>
  onPush: PythonSurface['onPush']
}): PythonSurface {
  return {
    get facts() {
      return parts.facts()
    },
    async request(name, body, { signal } = {}) {
      throwIfAborted(signal)
      return parts.request(name, body, signal)
    },
    onPush: parts.onPush,
  }
}
