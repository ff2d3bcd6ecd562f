import type { PluginRuntime, PluginSource } from '../contracts/runtime.ts'
import { throwIfAborted } from '../deadline.ts'
import { coreError, messageOf } from '../errors.ts'
import { untilAborted } from '../until-aborted.ts'
import { FunctionInstance } from './function-instance.ts'
import type { FunctionModule, FunctionPlugin } from './function-plugin.ts'

/** Options of {@link functionRuntime}. */
export interface FunctionRuntimeInit {
  /** What manifests name it by, so that it can stand in for any runtime. @default 'function' */
  readonly kind?: string
  /** What it claims to enforce. @default nothing */
  readonly enforces?: PluginRuntime['enforces']
  /** How plugins are found that do not answer. @default nobody asks */
  readonly liveness?: PluginRuntime['liveness']
}

/**
 * Makes a {@link PluginRuntime} whose plugins are plain objects in `PluginSource.module`: the fake for tests of
 * hosts. Not for production: nothing is contained. Values are copied on every way, so nothing is shared by reference.
 */
export function functionRuntime(init: FunctionRuntimeInit = {}): () => PluginRuntime {
  return () => ({
    kind: init.kind ?? 'function',
    enforces: init.enforces ?? [],
    liveness: init.liveness,
    accepts: ({ module }: PluginSource) =>
      typeof module === 'function' || (typeof module === 'object' && module !== null),
    async load(source, context, { signal }) {
      throwIfAborted(signal)
      return new FunctionInstance(await made(source, signal), context)
    },
  })
}

async function made(source: PluginSource, signal: AbortSignal): Promise<FunctionPlugin> {
  const module = source.module as FunctionModule | undefined
  if (module === undefined || module === null) throw failed(source, 'its source has no module')
  if (typeof module !== 'function') return module
  const making = (async () => module())()
  try {
    return await untilAborted(making, signal)
  } catch (error) {
    throwIfAborted(signal)
    throw failed(source, messageOf(error), error)
  }
}

function failed({ manifest }: PluginSource, reason: string, cause?: unknown) {
  return coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: manifest.id, reason }, cause })
}
