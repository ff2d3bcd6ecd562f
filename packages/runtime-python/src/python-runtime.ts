import { type Clock, coreError, type Logger, type Params, type PluginRuntime } from '@backplane/core'
import { type LivenessInit, liveness } from '@backplane/core/runtime'
import type { PythonDependencies } from './environment/environments.ts'
import type { PythonHome } from './python-home.ts'
import { type PythonPluginRuntime, Running, running } from './running.ts'

/** Options of {@link pythonRuntime}. */
export interface PythonRuntimeInit {
  /**
   * How plugins are found that are stopped or deadlocked though nobody calls them; `false` asks nobody.
   * @default every 10 seconds
   */
  readonly liveness?: LivenessInit | false
  /** The Python that runs plugins whose manifest names none: a command or a path, 3.9 or newer. @default 'python3' */
  readonly python?: string
  /** What becomes of the packages that plugins ask for. @default they are not installed; what is missing is logged */
  readonly dependencies?: PythonDependencies
  /**
   * Where environments are kept, and Python's cache where this package itself cannot be written to.
   * @default '~/.cache/backplane/python'
   */
  readonly cacheDir?: string
  /**
   * Variables of the host that every plugin sees, beside those that its manifest's `permissions.env` names.
   * @default PATH, HOME, TMPDIR, LANG, LC_ALL and TZ
   */
  readonly env?: readonly string[]
  /**
   * How long a call may go on past its deadline, or a health check past its caller's patience, in milliseconds; then
   * the process is blocked, is killed, and its slot starts another. Asynchronous functions are cancelled and do not
   * come to that. @default 2000
   */
  readonly hangMs?: number
  /**
   * Longest message either way, in bytes: what is longer fails its call with `BP_PAYLOAD_TOO_LARGE`.
   * @default 33554432 (32 MiB)
   */
  readonly maxMessageBytes?: number
  /**
   * How long the host keeps its event loop from sleeping for the answer of a plugin that has answered as quickly
   * before, in milliseconds; 0 saves the processor time instead. It about halves the time of a quick call. @default
   * 0.15
   */
  readonly busyPollMs?: number
  /** How many synchronous functions of one plugin may run at once, each in a thread; more wait. @default 64 */
  readonly threads?: number
  /** Who the host is, for plugins that ask their `device`. */
  readonly device?: PythonDevice
}

/** The host as capabilities see it in their `device`. */
export interface PythonDevice {
  readonly id?: string
  readonly tenant?: string
  readonly type?: string
  /**
   * Device Connect's `identity`: `device_type`, `manufacturer`, `model` and what else there is.
   * @default the type alone
   */
  readonly identity?: Params
  /** Seconds after which the host counts as gone when it is not heard of. @default 15 */
  readonly ttl?: number
  /**
   * Takes what a plugin wants told with the host's heartbeat, each time that it changes; nothing when the plugin has
   * ended.
   */
  readonly heartbeat?: (plugin: string, fields: Params | undefined) => void
  /** The connection to the mesh, which plugins may listen to. @default there is none */
  readonly connection?: PythonConnection
}

/** Whether the host is on its mesh. */
export interface PythonConnection {
  readonly connected: boolean
  /** Tells each change; gives an unsubscribe function. */
  onChange(listener: (connected: boolean) => void): () => void
}

/** Longer than this no wake-up takes. */
const mostBusyPollMs = 10

/** What {@link pythonRuntime} needs from its host. */
export interface PythonRuntimeComponents {
  readonly logger: Logger
  readonly clock: Clock
}

/**
 * Makes the runtime of Python plugins, each in a process of its own under the system's limits. Not a sandbox: a plugin
 * may do what the host's user may.
 *
 * It takes manifests whose `runtime` is `python` or whose `entry_point` ends in `.py`: Device Connect capability
 * folders as they are. There is no Windows support. Throws `BP_INVALID_ARGUMENT`; loading rejects with
 * `BP_PYTHON_MISSING`, `BP_PYTHON_INSTALL_FAILED` and `BP_PYTHON_INSTALL_TIMEOUT` beside what every runtime rejects
 * with.
 *
 * @example
 * ```ts
 * await using host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [pythonRuntime()] })
 * await host.load({ dir: '/plugins/greeter', manifest: { id: 'greeter', entry_point: 'capability.py', class_name:
 * 'Greeter' } })
 * ```
 */
export function pythonRuntime(init: PythonRuntimeInit = {}): (components: PythonRuntimeComponents) => PluginRuntime {
  for (const name of ['hangMs', 'maxMessageBytes', 'threads'] as const) {
    if (init[name] !== undefined && !(init[name] > 0))
      throw coreError('BP_INVALID_ARGUMENT', { details: { what: name, reason: 'it must be more than 0' } })
  }
  const { busyPollMs = 0 } = init
  if (!(busyPollMs >= 0 && busyPollMs <= mostBusyPollMs)) {
    const reason = `it must be from 0 to ${mostBusyPollMs}`
    throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'busyPollMs', reason } })
  }
  return (components) => {
    // Loaded for the first plugin: a host without Python plugins starts no slower for it.
    let home: Promise<PythonHome> | undefined
    const atHome = () => {
      home ??= import('./python-home.ts').then(
        (module) => new module.PythonHome(init, components, instances),
        (error) => {
          // It may have been a moment without descriptors: the next plugin tries again.
          home = undefined
          throw error
        },
      )
      return home
    }
    const instances = new Running()
    const runtime: PythonPluginRuntime = {
      [running]: instances,
      kind: 'python',
      liveness: liveness(init.liveness),
      enforces: enforced(),
      accepts: ({ manifest, module }) =>
        module === undefined && (manifest.runtime === 'python' || (manifest.entry_point?.endsWith('.py') ?? false)),
      recognise: async (folder) => (await import('./fledge/recognise.ts')).recogniseFledge(folder),
      describe: async (source, { signal }) => (await atHome()).describe(source, signal),
      load: async (source, context, { signal }) => (await atHome()).load(source, context, signal),
    }
    return runtime
  }
}

/** What the system holds here. It does not count the processes of its administrator, nor limit memory on macOS. */
function enforced(): PluginRuntime['enforces'] {
  const always = ['permissions.env', 'limits.cpu_seconds', 'limits.open_files'] as const
  if (process.platform !== 'linux') return always
  const memory = [...always, 'limits.memory_mb'] as const
  return process.getuid?.() === 0 ? memory : [...memory, 'limits.processes']
}
