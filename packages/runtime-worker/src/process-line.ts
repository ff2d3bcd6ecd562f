import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { type Logger, messageOf } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { failureToStart, type RemoteEnds, type RemoteLine } from '@backplane/core/runtime'
import { BusyPoll } from './busy-poll.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import { Lines } from './lines.ts'

/** Descriptors of the process beside the usual three. */
const descriptors = { fromHost: 3, toHost: 4, lifeline: 5 } as const

/** How many lines of stderr an error carries. */
const tailLines = 20
/** How long what is left in the pipes may take to arrive once a process has ended, in milliseconds. */
const drainMs = 250

/** How long a process may take to end by itself once its plugin has been stopped, in milliseconds. */
const leaveMs = 1000

/** What a {@link ProcessLine} is made of. */
export interface ProcessLineInit {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Longest message, in bytes. */
  readonly maxMessageBytes: number
  /** How long the event loop is kept awake for an answer, in milliseconds. */
  readonly busyPollMs: number
  /** How long it may take to end by itself once its lifeline was closed, in milliseconds. */
  readonly graceMs: number
  readonly logger: Logger
  readonly ends: RemoteEnds
}

/** One process and the line to it: what it prints is logged, and when it ends so does all that it has started. */
export class ProcessLine implements RemoteLine {
  readonly leaveMs = leaveMs
  readonly exited: Promise<void>
  readonly #child: ChildProcess
  readonly #toWorker: Writable | undefined
  readonly #tail: string[] = []
  readonly #lifeline: Readable | undefined
  readonly #limit: number
  readonly #graceMs: number
  readonly #busyPoll: BusyPoll
  #reason: string | undefined
  /** How many calls and questions have no answer yet. */
  #open = 0
  #deaf: NodeJS.Timeout | undefined
  #force: NodeJS.Timeout | undefined
  #busy = false
  #corked = false

  constructor(init: ProcessLineInit) {
    this.#limit = init.maxMessageBytes
    this.#graceMs = init.graceMs
    this.#busyPoll = new BusyPoll({ windowMs: init.busyPollMs })
    // A group of its own, so that what it forks can be ended with it.
    this.#child = spawn(init.command, init.args, {
      cwd: init.cwd,
      env: init.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    // Where there are no descriptors left for its pipes it has none: its end is listened for before they are touched.
    const stdio: readonly unknown[] = this.#child.stdio ?? []
    this.exited = new Promise((resolve) => {
      const finish = (reason: string) => {
        const end = () => {
          clearTimeout(timer)
          // To destroy the pipes closes them too.
          this.#child.off('close', end)
          destroyAll(stdio)
          this.#ended(init.ends, reason)
          resolve()
        }
        // What it wrote last may still be in the pipes; a process that has left the group could hold those open for
        // ever.
        const timer = setTimeout(end, drainMs)
        this.#child.once('close', end)
      }
      let finished = false
      // Not once: a kill that comes too late is told here as well.
      this.#child.on('error', (error) => {
        if (this.#child.pid !== undefined || finished) return
        finished = true
        // What is told of a working directory that is gone reads as if the program were.
        const why = existsSync(init.cwd) ? failureToStart(error) : `its folder '${init.cwd}' is not there`
        this.#reason ??= `it could not be started: ${why}`
        destroyAll(stdio)
        this.#ended(init.ends, this.#reason)
        resolve()
      })
      this.#child.once('exit', (code, signal) => {
        finished = true
        clearTimeout(this.#deaf)
        clearTimeout(this.#force)
        this.#signalGroup('SIGKILL')
        finish(describeExit(code, signal))
      })
    })
    this.#lifeline = stdio[descriptors.lifeline] as Readable | undefined
    this.#toWorker = stdio[descriptors.fromHost] as Writable | undefined
    if (this.#toWorker) this.#listen(init, stdio)
  }

  #listen(init: ProcessLineInit, stdio: readonly unknown[]): void {
    const fromWorker = stdio[descriptors.toHost] as Readable
    // A process that has ended takes no more; that it has is told by its exit.
    for (const stream of [this.#toWorker, fromWorker, this.#lifeline]) stream?.on('error', () => {})

    const reader = new FrameReader(init.maxMessageBytes)
    fromWorker.on('data', (chunk: Buffer) => {
      if (this.#reason !== undefined) return
      try {
        reader.push(chunk, (message) => {
          if (message[0] === 'result' || message[0] === 'error') this.#answered()
          init.ends.receive(message)
        })
      } catch (error) {
        this.kill(`it broke the protocol: ${messageOf(error)}`)
      }
    })
    fromWorker.once('end', () => {
      // A process that ends closes it too, and its exit says more.
      this.#deaf = setTimeout(() => this.kill('it closed its line to the host'), drainMs).unref()
    })
    const { logger } = init
    this.#log(this.#child.stdout as Readable, (line) => logger.info({ stream: 'stdout' }, line))
    this.#log(this.#child.stderr as Readable, (line) => {
      this.#tail.push(line.slice(0, 2000))
      if (this.#tail.length > tailLines) this.#tail.shift()
      logger.warn({ stream: 'stderr' }, line)
    })
  }

  post(message: readonly unknown[]): void {
    const frame = encodeFrame(message)
    const limit = this.#limit
    if (frame.length > limit) throw contractError('BP_PAYLOAD_TOO_LARGE', { details: { bytes: frame.length, limit } })
    const toWorker = this.#toWorker
    if (this.#reason !== undefined || !toWorker || toWorker.destroyed) return
    // The first message of a turn leaves at once, and the others of that turn together.
    if (!this.#busy) {
      this.#busy = true
      process.nextTick(() => {
        this.#busy = false
        if (!this.#corked) return
        this.#corked = false
        toWorker.uncork()
      })
    } else if (!this.#corked) {
      this.#corked = true
      toWorker.cork()
    }
    toWorker.write(frame)
    if (message[0] === 'call' || message[0] === 'ask') this.#asked(message[0] === 'call')
  }

  #asked(isCall: boolean): void {
    this.#open++
    if (isCall && this.#open === 1) this.#busyPoll.asked()
  }

  #answered(): void {
    if (this.#open > 0 && --this.#open === 0) this.#busyPoll.answered()
  }

  kill(reason: string): void {
    this.#reason ??= reason
    this.#lifeline?.destroy()
    if (this.#graceMs === 0) this.#killGroup()
    else if (this.#runs) this.#force ??= setTimeout(() => this.#killGroup(), this.#graceMs)
  }

  /** Before its exit is known its id cannot have been given to another. */
  get #runs(): boolean {
    const { pid, exitCode, signalCode } = this.#child
    return pid !== undefined && exitCode === null && signalCode === null
  }

  #killGroup(): void {
    if (this.#runs) this.#signalGroup('SIGKILL')
  }

  #ended(ends: RemoteEnds, reason: string): void {
    this.#busyPoll.answered()
    const stderr = [...this.#tail]
    const said = stderr.length > 0 ? `; its stderr ends with: ${stderr.slice(-5).join(' / ')}` : ''
    ends.ended(`${this.#reason ?? reason}${said}`, { details: { stderr } })
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch {
      // Nobody is left in the group, or it has not been made yet: then the process itself is what there is.
      if (this.#runs) this.#child.kill(signal)
    }
  }

  #log(stream: Readable, line: (text: string) => void): void {
    const lines = new Lines()
    stream.on('data', (chunk: Buffer) => lines.push(chunk, line))
    stream.on('end', () => lines.end(line))
    stream.on('error', () => {})
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGXCPU') return 'it used up its processor time (limits.cpu_seconds)'
  return signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`
}

function destroyAll(streams: readonly unknown[]): void {
  for (const stream of streams) (stream as Readable | null)?.destroy()
}
