import type { Logger, LogMethod } from './contracts/logger.ts'

/** What loggers put into each record of their own, and what a host says of who wrote it. */
const reserved: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'v', 'plugin'])

/**
 * Makes fields that others chose fit for a record of the host's log: a key of the record's own gets `_` before it
 * (`_level`), since loggers write both and readers take the last.
 */
export function foreignFields(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields)
  if (!entries.some(([key]) => reserved.has(key))) return fields as Record<string, unknown>
  return Object.fromEntries(entries.map(([key, value]) => [reserved.has(key) ? `_${key}` : key, value]))
}

/** A logger for whoever may not speak for the host: its fields are {@link foreignFields}. */
export function foreignLogger(logger: Logger): Logger {
  const method =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogMethod =>
    (first: object | string, message?: string) => {
      if (typeof first === 'string') logger[level](first)
      else logger[level](foreignFields(first), message)
    }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (fields) => foreignLogger(logger.child(foreignFields(fields))),
  }
}
