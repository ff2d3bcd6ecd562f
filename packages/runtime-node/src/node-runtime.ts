import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type Clock,
  coreError,
  type Logger,
  type Manifest,
  type PluginRuntime,
  type PluginSource,
} from '@backplane/core'
import { type LivenessInit, liveness, untilAborted } from '@backplane/core/runtime'
import { exportedPlugin, isPlugin } from './authoring/exported.ts'
import { importFailed } from './authoring/import-failed.ts'
import { freshImport } from './fresh-import.ts'
import { inProcess } from './in-process.ts'
import { inWorker } from './worker/worker-instance.ts'

/** Options of {@link nodeRuntime}. */
export interface NodeRuntimeInit {
  /**
   * How plugins are found that are stopped or deadlocked though nobody calls them; `false` asks nobody.
   * @default every 10 seconds
   */
  readonly liveness?: LivenessInit | false
  /**
   * Where plugins run when their manifest does not say: `worker`, a thread of their own that contains crashes and
   * hangs, or `none`, the host's own thread, which contains nothing. Neither is a sandbox. @default 'worker'
   */
  readonly isolation?: 'worker' | 'none'
  /**
   * Whether a manifest may choose `node.isolation: 'none'` for itself; without it such a plugin is refused.
   * @default true only when `isolation` is `none`
   */
  readonly allowInProcess?: boolean
  /**
   * How long a thread may show no sign of life once a call's deadline has passed or its caller has gone, in
   * milliseconds; then it is ended and its slot restarts it. A function that computes longer than this without a pause
   * risks being taken for hung. @default 2000
   */
  readonly hangMs?: number
}

/** What {@link nodeRuntime} needs from its host. */
export interface NodeRuntimeComponents {
  readonly logger: Logger
  readonly clock: Clock
}

/**
 * Makes the runtime of plugins in JavaScript and TypeScript. Not a sandbox: anyone who may install a plugin may run
 * anything that the host's user may.
 *
 * It takes manifests whose `entry_point` ends in `.js`, `.mjs`, `.cjs`, `.ts`, `.mts` or `.cts` (Node's own type
 * stripping runs those), and in-memory plugins whose `module` is a plugin definition or class; the latter always run in
 * process. Throws `BP_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * await using host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [nodeRuntime()] })
 * await host.load({ dir: '/plugins/greeter', manifest: { id: 'greeter', entry_point: 'plugin.ts' } })
 * ```
 */
export function nodeRuntime(init: NodeRuntimeInit = {}): (components: NodeRuntimeComponents) => PluginRuntime {
  const { isolation = 'worker', hangMs = 2000 } = init
  const allowInProcess = init.allowInProcess ?? isolation === 'none'
  if (!(hangMs > 0)) {
    throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'hangMs', reason: 'it must be more than 0' } })
  }

  return ({ logger, clock }) => {
    const fresh = freshImport()
    return {
      kind: 'node',
      liveness: liveness(init.liveness),
      // Memory is measured and log records are counted in a thread; nothing bounds the host's own.
      enforces: isolation === 'worker' ? ['limits.memory_mb', 'limits.log_lines_per_second'] : [],
      accepts: ({ manifest, module }) =>
        manifest.runtime === 'node' ||
        (manifest.entry_point === undefined ? isPlugin(module) : endings.test(manifest.entry_point)),
      async load(source, context, { signal }) {
        const { manifest, module } = source
        if (module !== undefined)
          return inProcess(exportedPlugin({ default: module }, withoutClass(manifest)), manifest, context, clock)
        const entry = await entryOf(source)
        const home = manifest.node?.isolation ?? isolation
        if (home === 'worker') return inWorker({ manifest, entry, context, clock, hangMs }, signal)
        if (!allowInProcess) throw notAllowed(manifest)
        if (manifest.limits?.memory_mb !== undefined) {
          logger.warn({ plugin: manifest.id }, 'limits.memory_mb is not enforced in process')
        }
        return inProcess(
          exportedPlugin(await untilAborted(importOf(fresh, entry, manifest), signal), manifest),
          manifest,
          context,
          clock,
        )
      },
    }
  }
}

const endings = /\.[cm]?[jt]s$/

async function entryOf({ dir, manifest }: PluginSource): Promise<string> {
  const { entry_point } = manifest
  if (dir === undefined || entry_point === undefined) {
    throw failed(
      manifest,
      dir === undefined ? 'it has neither a folder nor a module' : 'its manifest has no entry_point',
    )
  }
  const path = join(dir, entry_point)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw failed(manifest, `its entry_point '${entry_point}' is not a file in its folder`)
  return pathToFileURL(path).href
}

async function importOf(fresh: (url: string) => Promise<unknown>, entry: string, manifest: Manifest): Promise<unknown> {
  try {
    return await fresh(entry)
  } catch (cause) {
    throw await importFailed(cause, manifest.id, entry)
  }
}

// A module given in memory is the plugin itself.
function withoutClass({ class_name: _, ...manifest }: Manifest): Manifest {
  return manifest
}

function notAllowed(manifest: Manifest) {
  return coreError('BP_PLUGIN_LOAD_FAILED', {
    details: { plugin: manifest.id, reason: "it asks for node.isolation 'none', which this host does not allow" },
    next: 'Remove node.isolation from its manifest, or allow it for trusted plugins: nodeRuntime({ allowInProcess: true }).',
  })
}

function failed(manifest: Manifest, reason: string) {
  return coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: manifest.id, reason } })
}
