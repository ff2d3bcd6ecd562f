import type { Logger } from '@backplane/core'
import { parseJson } from '@backplane/core/json'
import { foreignFields } from '@backplane/core/runtime'
import type { StreamLine } from './lines.ts'

/** The levels that hclog writes. */
export type PluginLogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** What a line on a plugin's stderr says. */
export interface PluginLogEntry {
  readonly level: PluginLogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

const levels: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error']
const prefixes: readonly (readonly [string, PluginLogLevel])[] = [
  ['[TRACE]', 'trace'],
  ['[DEBUG]', 'debug'],
  ['[INFO]', 'info'],
  ['[WARN]', 'warn'],
  ['[ERROR]', 'error'],
]

/**
 * Reads the lines of one plugin's stderr as go-plugin's host does: hclog's JSON, then level prefixes, then plain text.
 * After `panic: ` or `fatal error: ` every plain line is an error, since a Go stack trace follows.
 */
export class PluginLogParser {
  #panicking = false

  /** Reads the next line; never throws. A piece of a line that was too long is a `debug` entry of its own. */
  parse(line: StreamLine): PluginLogEntry {
    const { text } = line
    if (!line.whole) return { level: 'debug', message: text, fields: {} }
    const entry = text.startsWith('{') ? fromJson(text) : undefined
    if (entry) return entry
    if (text.startsWith('panic: ') || text.startsWith('fatal error: ')) this.#panicking = true
    if (this.#panicking) return { level: 'error', message: text, fields: {} }
    const level = prefixes.find(([prefix]) => text.startsWith(prefix))?.[1] ?? 'debug'
    return { level, message: text, fields: {} }
  }
}

/**
 * Hands an entry to a logger; `trace`, which pino-shaped loggers need not have, goes to `debug` as `_level`. What else
 * a plugin calls like a key of the record's own gets `_` before it too: it must not pass for the host's.
 */
export function logEntry(logger: Logger, entry: PluginLogEntry): void {
  const level = entry.level === 'trace' ? 'debug' : entry.level
  logger[level]({ ...foreignFields(entry.fields), ...(entry.level === 'trace' && { _level: 'trace' }) }, entry.message)
}

function fromJson(text: string): PluginLogEntry | undefined {
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const record = value as Record<string, unknown>
  const level = record['@level']
  if (typeof level !== 'string' || !levels.includes(level)) return { level: 'debug', message: text, fields: {} }
  const { '@level': _level, '@message': message, '@timestamp': timestamp, ...rest } = record
  return {
    level: level as PluginLogLevel,
    message: typeof message === 'string' ? message : '',
    fields: { ...rest, ...(timestamp !== undefined && { timestamp }) },
  }
}
