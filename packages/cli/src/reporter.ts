import type { BackplaneError, Logger, LogMethod } from '@backplane/core'
import { lenientReplacer } from '@backplane/core/json'
import { maskError, maskText, maskValue } from '@backplane/core/runtime'
import type { CliIo } from './io.ts'
import { Shown, shown } from './shown.ts'
import { framesOf } from './stack.ts'

/** How much a command says. */
export interface ReporterInit {
  /** One line of JSON for machines, in place of text. */
  readonly json: boolean
  /** Results and errors only. */
  readonly quiet: boolean
}

const levels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof levels)[number]

/**
 * Says what a command has to say: results to `out`, everything else to `err`. Nothing else in this package writes
 * there, and it takes only {@link Shown}, so text that others chose has been made harmless before it comes here.
 */
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
  result(value: unknown, text: Shown): void {
    this.#print('out', this.json ? Shown.json(value) : text)
  }

  /** A result that is bytes: as they are to a file or a pipe, as text to a terminal. */
  bytes(value: unknown, bytes: Uint8Array): void {
    const { outBytes } = this.#io
    if (this.json || !outBytes) this.result(value, Shown.whole(new TextDecoder().decode(bytes)))
    else outBytes(bytes)
  }

  /** A result that has no text beside its JSON. */
  value(value: unknown): void {
    this.result(value, Shown.json(value))
  }

  /** A part of a result, for people; with `--json` the whole comes at the end. */
  part(text: Shown): void {
    if (!this.json) this.#print('out', text)
  }

  /** A word beside the result, for people only. */
  note(text: Shown): void {
    if (!this.#quiet && !this.json) this.#print('out', text)
  }

  /** What is being done now; shown only to a person, and gone with the next word. */
  progress(text: Shown): void {
    if (this.#quiet || this.json || !this.#io.errIsTerminal) return
    this.#clear()
    this.#io.err(text.toString())
    this.#progress = text.width
  }

  /** A failure that does not end the command; `about` says of what. */
  warn(thrown: BackplaneError, about = shown``): void {
    const error = maskError(thrown) as BackplaneError
    if (this.json) {
      this.#print('err', Shown.json({ warning: { about: about.toString().trim(), ...error.toJSON() } }))
      return
    }
    const { code, message, next } = error
    const text = shown`${about}${this.#paint(33, Shown.block(message))} [${code}]`
    // Where a plugin's code failed helps its author; where a library of ours did, nobody.
    const frames = code.startsWith('BP_PLUGIN_') ? this.#frames(error) : shown``
    this.#print('err', shown`${text}${frames}\n  Next: ${Shown.block(next)}`)
  }

  failure(thrown: BackplaneError): void {
    const { code, message, next, retryable, details } = maskError(thrown) as BackplaneError
    if (this.json) this.#print('err', Shown.json({ error: { code, message, next, retryable, details } }))
    else {
      const head = this.#paint(31, shown`Error:`)
      const text = shown`${head} ${Shown.block(message)} [${code}]`
      this.#print('err', shown`${text}\nNext: ${Shown.block(next)}`)
    }
  }

  /** The command line's own help, which ends with a line feed. */
  help(stream: 'out' | 'err', text: string): void {
    this.#print(stream, Shown.whole(text.replace(/\n$/, '')))
  }

  /** A logger that writes lines to `err`, from `level` on: one line for each record, whatever it says. */
  logger(level: LogLevel, bindings: Record<string, unknown> = {}): Logger {
    const from = levels.indexOf(level)
    const method =
      (name: LogLevel): LogMethod =>
      (first: object | string, message?: string) => {
        if (levels.indexOf(name) < from) return
        const given = typeof first === 'string' ? bindings : { ...bindings, ...first }
        const fields = maskValue(given) as Record<string, unknown>
        const msg = maskText(typeof first === 'string' ? first : (message ?? ''))
        const record = { time: Date.now(), level: name, ...fields, msg }
        this.#print('err', this.json ? Shown.json(record) : this.#line(name, msg, fields))
      }
    return {
      debug: method('debug'),
      info: method('info'),
      warn: method('warn'),
      error: method('error'),
      child: (more) => this.logger(level, { ...bindings, ...more }),
    }
  }

  #line(level: LogLevel, text: string, { plugin, ...fields }: Record<string, unknown>): Shown {
    const color = level === 'error' ? 31 : level === 'warn' ? 33 : 2
    const told = Object.entries(fields).filter(([, value]) => value !== undefined)
    const unsaid = told.filter(([, value]) => !(value instanceof Error && text.includes(value.message)))
    const facts = unsaid.map(([name, value]) => shown`${name}=${brief(value)}`)
    const parts = [
      this.#io.errIsTerminal ? localTime(new Date()) : new Date().toISOString(),
      level,
      ...(plugin === undefined ? [] : [shown`[${String(plugin)}]`]),
      ...(text === '' ? [] : [text]),
      ...facts,
    ]
    const line = this.#paint(color, Shown.join(parts, ' '))
    return Shown.join([line, ...told.map(([, value]) => this.#frames(value))], '')
  }

  /**
   * Where an error was thrown, on lines of their own: frames of others' code, then ours, dimmed. Nothing for what is
   * none.
   */
  #frames(error: unknown): Shown {
    const frames = framesOf(error)
    if (!frames) return shown``
    const lines = [
      ...frames.theirs.map((frame) => shown`\n    ${frame}`),
      ...frames.ours.map((frame) => this.#paint(2, shown`\n    ${frame}`)),
    ]
    return Shown.join(lines, '')
  }

  #paint(color: 2 | 31 | 33, text: Shown): Shown {
    const begin = { 2: shown`\u001B[2m`, 31: shown`\u001B[31m`, 33: shown`\u001B[33m` }[color]
    return this.#io.colors ? shown`${begin}${text}\u001B[0m` : text
  }

  #print(stream: 'out' | 'err', text: Shown): void {
    this.#clear()
    this.#io[stream](`${text}\n`)
  }

  #clear(): void {
    if (this.#progress === 0) return
    this.#io.err(`\r${' '.repeat(this.#progress)}\r`)
    this.#progress = 0
  }
}

function brief(value: unknown): string {
  if (value instanceof Error) return 'code' in value ? `${String(value.code)} ${value.message}` : value.message
  return typeof value === 'object' ? JSON.stringify(value, lenientReplacer) : String(value)
}

/** The time of this machine, with its distance from UTC: `14:03:07.120+02:00`. */
function localTime(now: Date): string {
  const minutes = -now.getTimezoneOffset()
  const local = new Date(now.getTime() + minutes * 60_000).toISOString().slice(11, 23)
  const distance = Math.abs(minutes)
  const two = (part: number) => String(part).padStart(2, '0')
  return `${local}${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`
}
