import type { Logger, LogMethod } from '@backplane/core'
import { lenientReplacer } from '@backplane/core/json'
import type { PluginLogLevel } from './parse.ts'

const order: readonly PluginLogLevel[] = ['trace', 'debug', 'info', 'warn', 'error']

/** Options of {@link hclogLogger}. */
export interface HclogLoggerInit {
  /** Gets each line, with its line end. */
  readonly write: (line: string) => void
  /** `@module` of each record. */
  readonly name?: string
  /** The lowest level that is written. @default 'trace', since the host filters */
  readonly level?: PluginLogLevel
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/**
 * A logger whose lines go-plugin hosts read with their levels and fields. For a program that is not a plugin any pino
 * logger does.
 *
 * Hosts are strict: `@timestamp` must have exactly six fractional digits, else the line counts as plain text, and
 * `@level`, `@message` and `@timestamp` that are not strings end a Go host with a panic.
 */
export function hclogLogger(init: HclogLoggerInit): Logger {
  return make(init, {})
}

function make(init: HclogLoggerInit, bound: Record<string, unknown>): Logger {
  const lowest = order.indexOf(init.level ?? 'trace')
  const method = (level: PluginLogLevel): LogMethod => {
    if (order.indexOf(level) < lowest) return () => {}
    return (first: object | string, message?: string) => {
      const fields = typeof first === 'string' ? {} : first
      const text = typeof first === 'string' ? first : (message ?? '')
      init.write(formatHclog(init.now?.() ?? Date.now(), level, text, init.name, { ...bound, ...fields }))
    }
  }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (fields) => make(init, { ...bound, ...fields }),
  }
}

function formatHclog(
  now: number,
  level: PluginLogLevel,
  message: string,
  name: string | undefined,
  fields: Record<string, unknown>,
): string {
  const record: Record<string, unknown> = {
    '@level': level,
    '@message': message,
    ...(name !== undefined && { '@module': name }),
    '@timestamp': `${new Date(now).toISOString().slice(0, -1)}000Z`,
  }
  for (const [key, value] of Object.entries(fields)) record[key.startsWith('@') ? `_${key}` : key] = value
  return `${JSON.stringify(record, plain())}\n`
}

/**
 * Makes JSON of anything: errors as text, integers with all digits, what is not finite as text, a value inside itself
 * as a note.
 */
function plain(): (this: unknown, key: string, value: unknown) => unknown {
  const open: unknown[] = []
  return function (key, value) {
    if (value instanceof Error) return value.stack ?? value.message
    if (typeof value !== 'object' || value === null) return lenientReplacer(key, value)
    while (open.length > 0 && open.at(-1) !== this) open.pop()
    if (open.includes(value)) return '[circular]'
    open.push(value)
    return value
  }
}
