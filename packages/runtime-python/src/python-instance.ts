import { type Call, coreError, type IncomingEvent, type PluginInstance } from '@backplane/core'
import { untilAborted } from '@backplane/core/runtime'
import { surfaceOf, surfaces } from './surface.ts'
import type { Description } from './worker/protocol.ts'
import { PythonWorker, type PythonWorkerInit } from './worker/python-worker.ts'

/**
 * Loads a plugin in a process of its own. Rejects with `BP_PLUGIN_LOAD_FAILED`, or with the reason of `signal`; nothing of
 * the process is left then.
 */
export async function pythonInstance(init: PythonWorkerInit, signal: AbortSignal): Promise<PluginInstance> {
  const { worker, description } = await loadedWorker(init, signal)
  const can = (question: NonNullable<Description['has']>[number]) => description.has?.includes(question) ?? false
  const instance: PluginInstance = {
    get functions() {
      return worker.description.functions
    },
    get events() {
      return worker.description.events
    },
    get routines() {
      return worker.description.routines ?? []
    },
    get subscriptions() {
      return worker.description.subscriptions ?? []
    },
    get waiting() {
      const { waiting } = worker.description
      if (waiting === undefined) return undefined
      const details = { plugin: init.context.pluginId, reason: waiting.message }
      return { error: coreError('BP_PLUGIN_FAILED', { details, message: waiting.message }), retryAt: waiting.retry_at }
    },
    start: (options) => worker.start(options),
    invoke: (call: Call) => worker.invoke(call),
    ...(can('notify') ? { notify: (event: IncomingEvent) => worker.notify(event) } : {}),
    ...(can('reconfigure') ? { reconfigure: async (change) => void (await worker.ask('reconfigure', change)) } : {}),
    health: async (options) =>
      can('health')
        ? worker.watched('health', undefined, options.signal)
        : worker.watched('ping', undefined, options.signal).then(() => ({ ok: true })),
    ...(can('hand_over')
      ? { handOver: (options: { signal: AbortSignal }) => worker.watched('hand_over', undefined, options.signal) }
      : {}),
    stop: (options) => worker.stop(options.signal),
  }
  surfaces.set(
    instance,
    surfaceOf({
      facts: () => worker.description.surface ?? {},
      request: (name, body, abort) => worker.watched('request', { name, body }, abort),
      onPush: (channel, handler) => worker.wishes.onPush(channel, handler),
    }),
  )
  return instance
}

/** Has a plugin say what it is, and ends its process again. Rejects as {@link pythonInstance} does. */
export async function describedBy(init: PythonWorkerInit, signal: AbortSignal): Promise<Description> {
  const { worker, description } = await loadedWorker(init, signal)
  await worker.end('it was only asked what it is')
  return description
}

async function loadedWorker(init: PythonWorkerInit, signal: AbortSignal) {
  const worker = new PythonWorker(init)
  try {
    return { worker, description: await untilAborted(worker.ready, signal) }
  } catch (error) {
    await worker.end('its loading was given up')
    throw error
  }
}
