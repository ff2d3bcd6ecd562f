import type { Writable } from 'node:stream'
import type { BackplaneError, Logger } from '@backplane/core'
import { longestTimerMs } from '@backplane/core/runtime'
import { type HandshakeErrorCode, handshakeError } from '../errors.ts'
import { FirstLine, maxLineBytes } from '../handshake/line.ts'
import { LineSplitter } from '../log/lines.ts'
import { logEntry, PluginLogParser } from '../log/parse.ts'
import { StderrTail } from '../log/tail.ts'
import type { ExitInfo, PluginRunner } from './runner.ts'

/** One start of a plugin: its output, its end, and what is known when it fails. */
export class PluginChild {
  readonly runner: PluginRunner
  readonly exited: Promise<ExitInfo>
  /**
   * Resolves when the process has ended and what it wrote has been read: its pipes may still hold its line and its last
   * words when the exit is known. It waits for them for 500 ms at most, since a grandchild may hold the pipes open.
   */
  readonly ended: Promise<ExitInfo>
  /** How it ended, once it has. */
  exit: ExitInfo | undefined
  readonly #first = new FirstLine()
  readonly #line: Promise<string>
  readonly #tail = new StderrTail()
  readonly #drained: Promise<void>

  constructor(runner: PluginRunner, init: { readonly logger: Logger; readonly stderr?: Writable }) {
    this.runner = runner
    this.exited = runner.wait().then((exit) => {
      this.exit = exit
      return exit
    })
    let settle: { resolve(line: string): void; reject(error: unknown): void } | undefined
    this.#line = new Promise((resolve, reject) => {
      settle = { resolve, reject }
    })
    // Rejections reach anyone who waits in handshakeLine; before that nobody does.
    this.#line.catch(() => {})
    runner.stdout.on('data', (chunk: Buffer) => {
      // Everything after the first line is drained and dropped, for ever: a full pipe would stop the plugin.
      try {
        const line = this.#first.push(chunk)
        if (line !== undefined) settle?.resolve(line)
      } catch (error) {
        settle?.reject(error)
      }
    })
    const stdoutEnd = endOf(runner.stdout).then(() => {
      const rest = this.#first.end()
      if (rest !== undefined) settle?.resolve(rest)
      else settle?.reject(handshakeError('BP_HANDSHAKE_LINE', { details: { line: '' } }))
    })
    const parser = new PluginLogParser()
    const lines = new LineSplitter(maxLineBytes)
    const log = (line: { text: string; whole: boolean }) => {
      this.#tail.push(line.text)
      logEntry(init.logger, parser.parse(line))
    }
    const unread: Buffer[] = []
    const read = () => {
      for (const chunk of unread.splice(0)) {
        init.stderr?.write(chunk)
        for (const line of lines.push(chunk)) log(line)
      }
    }
    runner.stderr.on('data', (chunk: Buffer) => {
      // A plugin logs before it prints its line; the line goes first.
      if (unread.push(chunk) === 1) setImmediate(read)
    })
    const stderrEnd = endOf(runner.stderr).then(() => {
      read()
      for (const line of lines.end()) log(line)
    })
    this.#drained = Promise.all([stdoutEnd, stderrEnd]).then(() => {})
    this.ended = this.exited.then(async (exit) => {
      await Promise.race([this.#drained, pause(500)])
      return exit
    })
  }

  /** The last stderr lines, and before them the first ones of a crash. */
  get tail(): readonly string[] {
    return this.#tail.lines
  }

  /** How it ended, with the line that says why where it crashed. */
  get ending(): string {
    const { crash } = this.#tail
    return `${describeExit(this.exit ?? {})}${crash === undefined ? '' : `: ${crash}`}`
  }

  /**
   * Waits for the first line on stdout, unless `stopped` rejects before.
   *
   * @throws BP_HANDSHAKE_TIMEOUT, BP_HANDSHAKE_EXITED, BP_HANDSHAKE_LINE
   */
  async handshakeLine(timeoutMs: number, stopped: Promise<never>): Promise<string> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      const late = () => reject(this.error('BP_HANDSHAKE_TIMEOUT', { timeoutMs }))
      // A timer that is given more fires at once.
      timer = setTimeout(late, Math.min(timeoutMs, longestTimerMs))
    })
    const gone = this.ended.then(() => Promise.reject(this.error('BP_HANDSHAKE_EXITED')))
    gone.catch(() => {})
    try {
      return await Promise.race([this.#line, gone, limit, stopped])
    } catch (error) {
      const { code, details } = error as BackplaneError
      if (code !== 'BP_HANDSHAKE_LINE') throw error
      // stdout may close a moment before the exit is known; the exit says more.
      if (details.line === '') await Promise.race([this.exited, pause(500)])
      throw this.exit ? await gone : await this.badLine(error as BackplaneError)
    } finally {
      clearTimeout(timer)
      limit.catch(() => {})
    }
  }

  /** Adds to an "unrecognized message" error what go-plugin adds: the reasons that usually lie behind it. */
  async badLine(error: BackplaneError): Promise<BackplaneError> {
    const { line } = error.details
    const lost = line === '' ? "\nFailed to read any lines from plugin's stdout" : ''
    const notes = await this.runner.diagnose?.()
    const message = `${error.message}${lost}${notes ? `\n${notes}` : ''}`
    return this.error('BP_HANDSHAKE_LINE', { line }, { message })
  }

  /** Makes an error that carries what is known of the process. */
  error(
    code: HandshakeErrorCode,
    details: Record<string, unknown> = {},
    init: { readonly message?: string; readonly next?: string; readonly cause?: unknown } = {},
  ): BackplaneError {
    const known = { ...init, details: { ...details, ...this.facts() } }
    const error = handshakeError(code, known)
    const { crash } = this.#tail
    if (crash === undefined || !this.exit) return error
    return handshakeError(code, { ...known, message: `${error.message}: ${crash}` })
  }

  /** Exit code or signal, process id and last stderr lines. */
  facts(): Record<string, unknown> {
    return {
      id: this.runner.id,
      ...(this.exit && { exitCode: this.exit.code, signal: this.exit.signal, how: describeExit(this.exit) }),
      stderr: this.tail,
    }
  }

  /** Resolves when both pipes are at their end, or after `timeoutMs`: a grandchild may hold them open. */
  async drained(timeoutMs: number): Promise<void> {
    const waited = pause(timeoutMs)
    await Promise.race([this.#drained, waited])
    this.runner.stdout.destroy()
    this.runner.stderr.destroy()
  }
}

/** `code 1`, `signal SIGKILL`, or `gone` when neither is known. */
export function describeExit(exit: ExitInfo): string {
  if (exit.signal !== undefined) return `signal ${exit.signal}`
  return exit.code === undefined ? 'gone' : `code ${exit.code}`
}

/** Waits without keeping the process alive. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}

function endOf(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('end', resolve)
    stream.once('close', resolve)
    stream.once('error', () => resolve())
  })
}
