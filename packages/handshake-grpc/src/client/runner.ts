import { type ChildProcess, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { type Logger, silentLogger } from '@backplane/core'
import { failureToStart } from '@backplane/core/runtime'
import { handshakeError } from '../errors.ts'
import { atExit } from '../net/exit.ts'
import { diagnose } from './diagnose.ts'
import { guard } from './guardian.ts'

/** How a plugin's process ended. */
export interface ExitInfo {
  /** Exit code; absent after a signal, and for plugins that were reattached. */
  readonly code?: number
  /** The signal that ended it. */
  readonly signal?: string
}

/** The command that a host wants run, with the environment that the plugin must get. */
export interface CommandSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env: Readonly<Record<string, string>>
  /** What the plugin gets as stdin: the host's own (prompts work), or nothing. */
  readonly stdin: 'inherit' | 'ignore'
  /** Whether the plugin leads a process group of its own, which is killed as a whole. */
  readonly processGroup: boolean
  /** Folder for the plugin's sockets; shared with the plugin by whatever means the runner has. */
  readonly socketDir?: string
  /** Whether the plugin ends with this process, in whatever way that ends. @default true */
  readonly endWithHost?: boolean
  /** Gets what a runner has to say of its own work. @default silent */
  readonly logger?: Logger
}

/** Where and how a plugin runs: a child process by default, a container or another machine's process by choice. */
export interface PluginRunner {
  /** For people: the process id, a container's name. */
  readonly id: string
  /** The process id, where there is one on this machine. */
  readonly pid?: number
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves when it has ended. */
  wait(): Promise<ExitInfo>
  /** Ends it at once, by force; resolves when the request is made. */
  kill(): Promise<void> | void
  /** Lets the plugin outlive this process, which no longer waits for it. */
  release?(): void
  /** Says why it may have failed to start, in a paragraph. */
  diagnose?(): Promise<string> | string
  /** Turns an address that the plugin printed into one that this host can dial. */
  pluginToHost?(network: string, address: string): { network: string; address: string }
  /** Turns an address of this host into one that the plugin can dial. */
  hostToPlugin?(network: string, address: string): { network: string; address: string }
}

/** Starts a plugin; resolves once it runs. */
export type RunnerFactory = (spec: CommandSpec) => Promise<PluginRunner>

/**
 * Runs plugins as child processes of this one. When this process exits the child is killed with it; when it is killed,
 * a guardian process ends the child (SIGTERM, and SIGKILL after two seconds) unless `endWithHost` is false.
 *
 * @throws BP_HANDSHAKE_SPAWN
 */
export const processRunner: RunnerFactory = async (spec) => {
  try {
    // It throws at once for what no system takes: an empty name, a zero byte.
    const child = spawn(spec.command, [...spec.args], {
      env: spec.env,
      stdio: [spec.stdin, 'pipe', 'pipe'],
      detached: spec.processGroup && process.platform !== 'win32',
      windowsHide: true,
      ...(spec.cwd !== undefined && { cwd: spec.cwd }),
    })
    // Without a process id it has not started, and says why in a moment.
    if (child.pid === undefined) {
      await new Promise((_, reject) => {
        child.once('error', reject)
      })
    }
    return new ChildRunner(child, spec)
  } catch (cause) {
    const { code: errno } = cause as NodeJS.ErrnoException
    throw handshakeError('BP_HANDSHAKE_SPAWN', {
      details: { command: spec.command, reason: wrongFolder(spec.cwd) ?? failureToStart(cause), errno },
      cause,
    })
  }
}

/** What the system says of a folder that is not there reads as if the program were missing. */
function wrongFolder(cwd: string | undefined): string | undefined {
  if (cwd === undefined) return undefined
  const found = statSync(cwd, { throwIfNoEntry: false })
  if (!found) return `the folder that it should run in, ${cwd}, is not there`
  return found.isDirectory() ? undefined : `what it should run in, ${cwd}, is not a folder`
}

class ChildRunner implements PluginRunner {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly pid: number
  readonly #child: ChildProcess
  readonly #spec: CommandSpec
  readonly #exited: Promise<ExitInfo>
  #gone = false
  readonly #forget: () => void

  constructor(child: ChildProcess, spec: CommandSpec) {
    this.#child = child
    this.#spec = spec
    this.stdout = child.stdout as Readable
    this.stderr = child.stderr as Readable
    this.pid = child.pid as number
    const { processGroup: group, socketDir: folder, endWithHost = true, logger = silentLogger } = spec
    const ward = { pid: this.pid, group, ...(folder !== undefined && { folder }) }
    const undo = endWithHost ? [atExit(() => this.#signal()), guard(ward, logger)] : []
    this.#forget = () => {
      for (const each of undo) each()
    }
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        // What else is in its group goes with it: nobody is left to ask for it.
        if (spec.processGroup) this.#signal()
        this.#gone = true
        this.#forget()
        resolve({ ...(code !== null && { code }), ...(signal !== null && { signal }) })
      })
    })
    // A kill that comes too late is reported here; the exit is what counts.
    child.on('error', () => {})
  }

  get id(): string {
    return String(this.pid)
  }

  wait(): Promise<ExitInfo> {
    return this.#exited
  }

  kill(): void {
    if (!this.#gone) this.#signal()
  }

  release(): void {
    this.#forget()
    this.#child.unref()
    for (const pipe of [this.stdout, this.stderr] as (Readable & { unref?(): void })[]) pipe.unref?.()
  }

  diagnose(): string {
    return diagnose(this.#spec.command, this.#spec.env.PATH)
  }

  #signal(): void {
    if (this.#spec.processGroup && process.platform !== 'win32') {
      try {
        process.kill(-this.pid, 'SIGKILL')
      } catch {
        // The group is empty already.
      }
    } else this.#child.kill('SIGKILL')
  }
}

/** The short name of a command for logs: `./bin/kv-plugin` is `kv-plugin`. */
export function commandName(command: string): string {
  return basename(command)
}
