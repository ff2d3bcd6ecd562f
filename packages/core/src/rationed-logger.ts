import type { Clock } from './contracts/clock.ts'
import type { Logger, LogMethod } from './contracts/logger.ts'

/**
 * Keeps at most `perSecond` records of each second, and says with the first record of a later second how many were
 * dropped. For whatever others can cause to be logged: plugins, peers, strangers. Children count with their parent.
 */
export function rationedLogger(logger: Logger, perSecond: number, clock: Clock): Logger {
  let second = Number.NEGATIVE_INFINITY
  let count = 0
  const admit = (): boolean => {
    const now = Math.floor(clock.now() / 1000)
    if (now !== second) {
      if (count > perSecond) logger.warn({ dropped: count - perSecond }, 'log records dropped')
      second = now
      count = 0
    }
    return ++count <= perSecond
  }
  return limited(logger, admit)
}

function limited(logger: Logger, admit: () => boolean): Logger {
  const method =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogMethod =>
    (first: object | string, message?: string) => {
      if (!admit()) return
      if (typeof first === 'string') logger[level](first)
      else logger[level](first, message)
    }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (fields) => limited(logger.child(fields), admit),
  }
}
