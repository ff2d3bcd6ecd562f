import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { coreError, type Params, type PluginRuntime, type RuntimeComponents } from '@backplane/core'
import { type LivenessInit, liveness, RemoteInstance } from '@backplane/core/runtime'
import { enforcedLimits, underLimits } from './limits.ts'
import { protocolVersion, remoteProcess } from './remote-process.ts'
import { planOf } from './section.ts'

/** Options of {@link workerRuntime}. */
export interface WorkerRuntimeInit {
  /**
   * What a manifest's `runtime` says to choose it; another name makes room for several of these in one host.
   * @default 'worker'
   */
  readonly kind?: string
  /**
   * The program that runs plugins whose manifest has no `worker.command`, as its words: a path or a name on the PATH,
   * then arguments. It finds the plugin's code by `plugin.entry` of the first message. @default each manifest names its
   * own
   */
  readonly command?: readonly string[]
  /** Endings of an `entry_point` that it takes without being asked by `runtime`: `['.rb']`. @default none */
  readonly endings?: readonly string[]
  /**
   * How plugins are found that are stopped or deadlocked though nobody calls them; `false` asks nobody.
   * @default every 10 seconds
   */
  readonly liveness?: LivenessInit | false
  /**
   * Variables of the host that every plugin sees, beside those that its manifest's `permissions.env` names.
   * @default PATH, HOME, TMPDIR, LANG, LC_ALL and TZ
   */
  readonly env?: readonly string[]
  /**
   * How long a call may go on past its deadline, or a health check past its caller's patience, in milliseconds; then
   * the process is ended, and its slot starts another. @default 2000
   */
  readonly hangMs?: number
  /**
   * Longest message either way, in bytes: what is longer fails its call with `BP_PAYLOAD_TOO_LARGE`.
   * @default 33554432 (32 MiB)
   */
  readonly maxMessageBytes?: number
  /**
   * How long the host keeps its event loop from sleeping for the answer of a plugin that has answered as quickly
   * before, in milliseconds, at most 10; it about halves the time of a quick call, and costs processor time. @default 0
   */
  readonly busyPollMs?: number
  /** The host, as the first message tells it. @default nothing */
  readonly device?: WorkerDevice
}

/** The host as plugins see it. */
export interface WorkerDevice {
  readonly id?: string
  readonly tenant?: string
  readonly type?: string
  readonly identity?: Params
}

/** What programs need to find their way; anything else (secrets above all) a plugin gets only by `permissions.env`. */
const harmless = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ']

/**
 * Makes the runtime of plugins in any language: each is a process of its own that speaks `docs/worker-protocol.md`. Not
 * a sandbox: a plugin may do what the host's user may. Not for go-plugin programs, which speak gRPC (`processRuntime`).
 *
 * It takes manifests whose `runtime` is `worker` or that have a section `worker`, see {@link WorkerSection}. There is
 * no Windows support. Throws `BP_INVALID_ARGUMENT`; loading rejects as every runtime does.
 *
 * @example
 * ```ts
 * await using host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [workerRuntime()] })
 * await host.load({ dir: '/plugins/meter', manifest: { id: 'meter', runtime: 'worker', worker: { command: './meter' } }
 * })
 * ```
 */
export function workerRuntime(init: WorkerRuntimeInit = {}): (components: RuntimeComponents) => PluginRuntime {
  const { kind = 'worker', endings = [], hangMs = 2000, maxMessageBytes = 32 << 20, busyPollMs = 0, device } = init
  check('hangMs', hangMs > 0, 'it must be more than 0')
  check('maxMessageBytes', maxMessageBytes > 0, 'it must be more than 0')
  check('busyPollMs', busyPollMs >= 0 && busyPollMs <= 10, 'it must be from 0 to 10')
  check('kind', /^[a-z][a-z0-9-]*$/.test(kind), "it must be lower case letters, digits and '-'")
  return ({ clock }) => ({
    kind,
    liveness: liveness(init.liveness),
    enforces: ['permissions.env', ...enforcedLimits()],
    accepts: ({ manifest: { runtime, entry_point, worker }, module }) =>
      module === undefined &&
      (runtime === kind ||
        (runtime === undefined && kind === 'worker' && worker !== undefined) ||
        endings.some((ending) => entry_point?.endsWith(ending))),
    async load(source, context, { signal }) {
      const { manifest } = source
      const env = variables([...(init.env ?? harmless), ...(manifest.permissions?.env ?? [])])
      const plan = await planOf(source, init.command, env.PATH)
      if (context.stateDir !== undefined) await mkdir(context.stateDir, { recursive: true })
      const { command, args } = await underLimits(plan, manifest.limits ?? {})
      const instance = new RemoteInstance(
        remoteProcess({
          command,
          args,
          cwd: plan.dir,
          env: { ...env, ...plan.env },
          context,
          hangMs,
          busyPollMs,
          now: () => clock.now(),
          init: {
            protocol: protocolVersion,
            plugin: {
              id: manifest.id,
              manifest,
              dir: plan.dir,
              entry: manifest.entry_point && join(plan.dir, manifest.entry_point),
            },
            context: {
              config: context.config,
              state_dir: context.stateDir,
              simulated: context.simulated,
              device_id: device?.id,
              device_type: device?.type,
              tenant: device?.tenant,
              identity: device?.identity,
            },
            limits: manifest.limits ?? {},
            settings: { message_bytes: maxMessageBytes },
          },
        }),
      )
      return instance.loaded(signal)
    },
  })
}

function check(what: string, isRight: boolean, reason: string): void {
  if (!isRight) throw coreError('BP_INVALID_ARGUMENT', { details: { what, reason } })
}

function variables(names: readonly string[]): Record<string, string> {
  const found = names.map((name) => [name, process.env[name]] as const)
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined))
}
