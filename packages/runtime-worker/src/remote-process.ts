import { type Limits, type Manifest, messageOf, type Params, type RuntimeContext } from '@backplane/core'
import type { RemoteInit } from '@backplane/core/runtime'
import { Overdue } from './overdue.ts'
import { ProcessLine } from './process-line.ts'

/** The version of the protocol that this package speaks; docs/worker-protocol.md describes it. */
export const protocolVersion = 1

/** Items of a stream that may be on their way. */
const streamWindow = 32

/** The first message: what to load, and what it is given. */
export interface WorkerInit {
  readonly protocol: typeof protocolVersion
  readonly plugin: {
    readonly id: string
    readonly manifest: Manifest
    /** Absolute path of the plugin's folder. */
    readonly dir: string
    /** Absolute path of its `entry_point`, where the manifest has one. */
    readonly entry?: string | undefined
  }
  readonly context: {
    readonly config: Params
    readonly state_dir?: string | undefined
    readonly simulated: boolean
    readonly device_id?: string | undefined
    readonly device_type?: string | undefined
    readonly tenant?: string | undefined
    readonly identity?: Params | undefined
    readonly ttl?: number | undefined
    readonly connected?: boolean | undefined
  }
  readonly limits: Limits
  readonly settings: {
    readonly message_bytes: number
    /** How many synchronous functions may run at once, for workers that give each a thread. */
    readonly threads?: number
    /** What should be there, where nobody has installed it. */
    readonly requirements?: readonly string[]
  }
}

/** How a plugin's process is started, and what it is told first. */
export interface RemoteProcessInit {
  /** The program: an absolute path, or a name on the PATH of `env`. */
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** All the variables that it sees. */
  readonly env: Readonly<Record<string, string>>
  readonly init: WorkerInit
  readonly context: RuntimeContext
  /** How long an answer that nobody waits for any more may be overdue, in milliseconds; then the process is ended. */
  readonly hangMs: number
  /** How long the event loop is kept awake for an answer, in milliseconds; 0 is not at all. */
  readonly busyPollMs: number
  /**
   * How long the process may take to end by itself when it is ended by force and its lifeline was closed, in
   * milliseconds: for workers that then end what has left their process group. @default 0
   */
  readonly graceMs?: number
  /** The host's clock, in milliseconds since the Unix epoch. */
  now(): number
  /** Called when nothing of the process is left. @default nothing */
  ended?(): void
}

/**
 * Makes the init of a `RemoteInstance` (`@backplane/core/runtime`) whose plugin runs in a process of its own that
 * speaks docs/worker-protocol.md. For runtimes that know more of their plugins than `workerRuntime` does.
 */
export function remoteProcess(init: RemoteProcessInit): RemoteInit {
  const { context, hangMs } = init
  return {
    context,
    now: () => init.now(),
    streamWindow,
    guard: (process) => new Overdue(hangMs, process),
    open(ends) {
      const line = new ProcessLine({
        graceMs: 0,
        ...init,
        maxMessageBytes: init.init.settings.message_bytes,
        logger: context.logger,
        ends: {
          receive: ends.receive,
          ended(reason, more) {
            init.ended?.()
            ends.ended(reason, more)
          },
        },
      })
      try {
        line.post(['init', init.init])
      } catch (error) {
        line.kill(`what it is given cannot be sent: ${messageOf(error)}`)
      }
      return line
    },
  }
}
