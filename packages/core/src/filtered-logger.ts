import type { Logger } from './contracts/logger.ts'

/**
 * A logger whose records go through `clean`, their fields and their message each, and those of its children too. What
 * `admit` answers with false, asked once for each record, is not logged.
 */
export function filteredLogger(logger: Logger, clean: (part: unknown) => unknown, admit = () => true): Logger {
  const method =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (...parts: unknown[]) => {
      if (admit()) (logger[level] as (...parts: unknown[]) => void)(...parts.map(clean))
    }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (fields) => filteredLogger(logger.child(clean(fields) as typeof fields), clean, admit),
  }
}
