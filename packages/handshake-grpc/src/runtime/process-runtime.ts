import { access, constants } from 'node:fs/promises'
import {
  BackplaneError,
  coreError,
  messageOf,
  type Permissions,
  type PluginContext,
  type PluginRuntime,
  type RuntimeComponents,
} from '@backplane/core'
import { type LivenessInit, liveness } from '@backplane/core/runtime'
import { resolveCommand } from '../client/diagnose.ts'
import type { Wire } from '../wire/wire.ts'
import type { HostServices } from './callbacks.ts'
import { enforcedLimits } from './limits.ts'
import { planOf } from './section.ts'

/** Options of {@link processRuntime}. */
export interface ProcessRuntimeInit {
  /**
   * How plugins are found that are stopped or deadlocked though nobody calls them; `false` asks nobody.
   * @default every 10 seconds
   */
  readonly liveness?: LivenessInit | false
  /**
   * Variables of the host that every plugin sees, beside those that its manifest's `permissions.env` names.
   * @default PATH, HOME, TMPDIR, LANG, TZ and what Windows needs
   */
  readonly env?: readonly string[]
  /**
   * How long a plugin may leave a health check unanswered, in milliseconds; then it counts as hung and is killed, and
   * its slot restarts it. It is asked after a call that was given up, and as often as this while calls are under way;
   * what uses processor time meanwhile is taken to be at work on them (Linux; elsewhere it always is). @default 5000
   */
  readonly hangMs?: number
  /**
   * Ends plugins by their own means when SIGINT, SIGTERM or SIGHUP would end this process; see `PluginClientInit`.
   * @default false
   */
  readonly endOnSignals?: boolean
  /**
   * gRPC services that this host offers to plugins over their broker, by name. A plugin gets those that `callbacks` of
   * its manifest's `process` section names, in the calls that it names. @default none
   */
  readonly services?: Readonly<Record<string, HostServices>>
  /** What speaks gRPC. @default fastWire() */
  readonly wire?: Wire
}

/** What {@link processRuntime} needs from its host. */
export type ProcessRuntimeComponents = RuntimeComponents

const plainEnv = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'SystemRoot', 'TEMP', 'TMP', 'PATHEXT', 'USERPROFILE']

/**
 * Makes the runtime that runs go-plugin plugins as processes of their own: their gRPC methods become the plugin's
 * functions, `Service.Method`, with JSON in and out. For one plugin without a host use `pluginClient`.
 *
 * It takes manifests whose `runtime` is `process`, or that have a `process` section; see {@link ProcessSection}.
 * A plugin learns of its surroundings by environment: BACKPLANE_PLUGIN_ID, BACKPLANE_CONFIG (JSON), BACKPLANE_SIMULATED
 * and BACKPLANE_STATE_DIR. So a change of its configuration starts it again, beside the old one.
 */
export function processRuntime(init: ProcessRuntimeInit = {}): (components: ProcessRuntimeComponents) => PluginRuntime {
  return () => ({
    kind: 'process',
    liveness: liveness(init.liveness),
    enforces: ['permissions.env', 'limits.start_timeout_ms', ...enforcedLimits],
    accepts: ({ manifest, module }) =>
      module === undefined && (manifest.runtime === 'process' || manifest.process !== undefined),
    async load(source, context, { signal }) {
      const { manifest, dir } = source
      const plan = planOf(source)
      const env = environmentOf(init.env ?? plainEnv, manifest.permissions, plan.env, context)
      const failed = (reason: string, cause?: unknown) =>
        coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: manifest.id, reason }, cause })
      const command = resolveCommand(plan.command, env.PATH)
      await access(command, constants.X_OK).catch((cause) => {
        throw failed(`its program cannot be run: ${messageOf(cause)}`, cause)
      })
      try {
        // Loaded here, since what reads protobuf descriptions is of no use to a plugin or a plain client.
        const { catalogFromProto } = await import('./descriptors.ts')
        const { ProcessInstance } = await import('./process-instance.ts')
        const catalog = plan.protos.length > 0 ? await catalogFromProto(plan.protos) : undefined
        signal.throwIfAborted()
        return new ProcessInstance({
          plan: { ...plan, command },
          context,
          limits: manifest.limits,
          env,
          cwd: dir,
          hangMs: init.hangMs ?? 5000,
          functions: manifest.functions ?? [],
          events: manifest.events ?? [],
          catalog: catalog && {
            ...catalog,
            services: catalog.services.filter(({ typeName }) => plan.services?.includes(typeName) ?? true),
          },
          endOnSignals: init.endOnSignals ?? false,
          services: init.services ?? {},
          wire: init.wire,
        })
      } catch (cause) {
        if (signal.aborted) throw coreError('BP_ABORTED', { cause })
        throw cause instanceof BackplaneError ? failed(cause.message, cause) : failed(messageOf(cause), cause)
      }
    },
  })
}

/** A clean environment: what every program needs, what the manifest may see, what it sets, and its configuration. */
function environmentOf(
  names: readonly string[],
  permissions: Permissions | undefined,
  own: Readonly<Record<string, string>>,
  context: PluginContext,
): Record<string, string> {
  const env: Record<string, string> = {}
  for (const name of [...names, ...(permissions?.env ?? [])]) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return {
    ...env,
    BACKPLANE_PLUGIN_ID: context.pluginId,
    BACKPLANE_CONFIG: JSON.stringify(context.config),
    BACKPLANE_SIMULATED: String(context.simulated),
    ...(context.stateDir !== undefined && { BACKPLANE_STATE_DIR: context.stateDir }),
    ...own,
  }
}
