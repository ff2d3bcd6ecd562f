import type { BackplaneError, Logger, LogMethod } from '@backplane/core'
import type { CliIo } from './io.ts'
import { plainText } from './plain-text.ts'

/** How much a command says. */
export interface ReporterInit {
  /** One line of JSON for machines, in place of text. */
  readonly json: boolean
  /** Results and errors only. */
  readonly quiet: boolean
}

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof levels)[number]

/** Says what a command has to say: results to `out`, everything else to `err`. */
export class Reporter {
  readonly json: boolean
  readonly #quiet: boolean
  readonly #io: CliIo
  #progress = 0

  constructor(io: CliIo, { json, quiet }: ReporterInit) {
    this.#io = io
    this.json = json
    this.#quiet = quiet
  }

  /** The result: `value` as one line of JSON with `--json`, else `text`. */
  result(value: unknown, text: string): void {
    this.#clear()
    this.#io.out(`${this.json ? toJson(value) : plainText(text)}\n`)
  }

  /** A result that has no text beside its JSON. */
  value(value: unknown): void {
    this.result(value, toJson(value))
  }

  /** A part of a result, for people; with `--json` the whole comes at the end. */
  part(text: string): void {
    if (this.json) return
    this.#clear()
    this.#io.out(`${plainText(text)}\n`)
  }

  /** A word beside the result, for people only. */
  note(text: string): void {
    if (this.#quiet || this.json) return
    this.#clear()
    this.#io.out(`${plainText(text)}\n`)
  }

  /** What is being done now; shown only to a person, and gone with the next word. */
  progress(text: string): void {
    if (this.#quiet || this.json || !this.#io.errIsTerminal) return
    this.#clear()
    this.#io.err(text)
    this.#progress = text.length
  }

  /** A failure that does not end the command; `before` says what it is about. */
  warn(error: BackplaneError, before = ''): void {
    this.#clear()
    if (this.json) this.#io.err(`${toJson({ warning: { about: before.trim(), ...error.toJSON() } })}\n`)
    else {
      const { code, message, next } = error
      this.#io.err(`${before}${this.#paint(33, plainText(message))} [${code}]\n  Next: ${plainText(next)}\n`)
    }
  }

  failure(error: BackplaneError): void {
    this.#clear()
    if (this.json) {
      const { code, message, next, retryable, details } = error
      this.#io.err(`${toJson({ error: { code, message, next, retryable, details } })}\n`)
    } else {
      const { code, message, next } = error
      this.#io.err(`${this.#paint(31, 'Error:')} ${plainText(message)} [${code}]\nNext: ${plainText(next)}\n`)
    }
  }

  /** A logger that writes lines to `err`, from `level` on. */
  logger(level: LogLevel, bindings: Record<string, unknown> = {}): Logger {
    const from = levels.indexOf(level)
    const method =
      (name: LogLevel): LogMethod =>
      (first: object | string, message?: string) => {
        if (levels.indexOf(name) < from) return
        const fields = typeof first === 'string' ? bindings : { ...bindings, ...first }
        const text = typeof first === 'string' ? first : (message ?? '')
        this.#clear()
        this.#io.err(`${this.json ? jsonLine(name, text, fields) : this.#line(name, text, fields)}\n`)
      }
    return {
      debug: method('debug'),
      info: method('info'),
      warn: method('warn'),
      error: method('error'),
      child: (more) => this.logger(level, { ...bindings, ...more }),
    }
  }

  #line(level: LogLevel, text: string, fields: Record<string, unknown>): string {
    const { plugin, ...rest } = fields
    const color = level === 'error' ? 31 : level === 'warn' ? 33 : 2
    const facts = Object.entries(rest).map(([name, value]) => `${name}=${brief(value)}`)
    const parts = [
      new Date().toISOString().slice(11, 23),
      level,
      plugin === undefined ? '' : `[${String(plugin)}]`,
      text,
    ]
    return this.#paint(color, plainText([...parts, ...facts].filter((part) => part !== '').join(' ')))
  }

  #paint(color: number, text: string): string {
    return this.#io.colors ? `\u001B[${color}m${text}\u001B[0m` : text
  }

  #clear(): void {
    if (this.#progress === 0) return
    this.#io.err(`\r${' '.repeat(this.#progress)}\r`)
    this.#progress = 0
  }
}

/** One line of JSON; bytes are in base64, and what a terminal would obey is escaped. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value, (_, one) =>
    one instanceof Uint8Array ? Buffer.from(one).toString('base64') : one,
  )
  return plainText(text)
}

function jsonLine(level: LogLevel, msg: string, fields: Record<string, unknown>): string {
  const text = JSON.stringify({ time: Date.now(), level, ...fields, msg }, (_, value) =>
    value instanceof Error ? plain(value) : value,
  )
  return plainText(text)
}

function plain(error: Error): object {
  return 'code' in error ? { code: error.code, message: error.message } : { message: error.message, stack: error.stack }
}

function brief(value: unknown): string {
  if (value instanceof Error) return 'code' in value ? `${String(value.code)} ${value.message}` : value.message
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
