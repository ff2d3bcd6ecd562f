import type { Logger, LogMethod } from '@backplane/core'

/** One record of a host's log. */
export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Record<string, unknown>
  /** Empty where the record has fields alone. */
  readonly message: string
}

/** A logger that keeps what it is told. */
export function recordingLogger(records: LogRecord[], own: Record<string, unknown> = {}): Logger {
  const method =
    (level: LogRecord['level']): LogMethod =>
    (first: object | string, message?: string) => {
      if (typeof first === 'string') records.push({ level, fields: own, message: first })
      else records.push({ level, fields: { ...own, ...first }, message: message ?? '' })
    }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (fields) => recordingLogger(records, { ...own, ...fields }),
  }
}
