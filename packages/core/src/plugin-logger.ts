import type { Clock } from './contracts/clock.ts'
import type { Logger, LogMethod } from './contracts/logger.ts'

/**
 * A plugin's own logger: adds its id, and keeps at most `perSecond` records of each second, saying afterwards how many
 * were dropped, so a flood cannot drown the host's log.
 */
export function pluginLogger(logger: Logger, plugin: string, perSecond: number, clock: Clock): Logger {
  const own = logger.child({ plugin })
  let second = Number.NEGATIVE_INFINITY
  let count = 0
  const admit = (): boolean => {
    const now = Math.floor(clock.now() / 1000)
    if (now !== second) {
      if (count > perSecond) own.warn({ dropped: count - perSecond }, 'log records dropped')
      second = now
      count = 0
    }
    return ++count <= perSecond
  }
  return limited(own, admit)
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
