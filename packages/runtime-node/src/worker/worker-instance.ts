import type { Clock, Manifest, PluginInstance, RuntimeContext } from '@backplane/core'
import { RemoteInstance } from '@backplane/core/runtime'
import { HangGuard } from './hang-guard.ts'
import { PluginWorker } from './plugin-worker.ts'
import { streamWindow, threadErrors } from './protocol.ts'

export interface WorkerInit {
  readonly manifest: Manifest
  /** URL of the plugin's code. */
  readonly entry: string
  readonly context: RuntimeContext
  readonly clock: Clock
  readonly hangMs: number
}

/**
 * Loads a plugin in a thread of its own. Rejects with `BP_PLUGIN_LOAD_FAILED`, or with the reason of `signal`; nothing
 * of the thread is left then.
 */
export function inWorker(init: WorkerInit, signal: AbortSignal): Promise<PluginInstance> {
  const { manifest, entry, context, clock, hangMs } = init
  const { config, stateDir, permissions, simulated } = context
  const limits = manifest.limits ?? {}
  const data = {
    manifest,
    entry,
    context: { config, stateDir, permissions, simulated },
    logLinesPerSecond: limits.log_lines_per_second ?? 1000,
  }
  const instance = new RemoteInstance({
    context,
    now: () => clock.now(),
    streamWindow,
    errors: threadErrors,
    open: (ends) => new PluginWorker({ data, limits, permissions, logger: context.logger, ends }),
    guard: (plugin) => new HangGuard(hangMs, plugin),
  })
  return instance.loaded(signal)
}
