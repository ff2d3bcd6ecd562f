import type { Clock } from './contracts/clock.ts'
import type { Logger } from './contracts/logger.ts'
import { filteredLogger } from './filtered-logger.ts'

/**
 * Keeps at most `perSecond` records of each second, and says with the first record of a later second how many were
 * dropped. For whatever others can cause to be logged: plugins, peers, strangers. Children count with their parent.
 */
export function rationedLogger(
  logger: Logger,
  perSecond: number,
  clock: Clock,
  clean = (part: unknown) => part,
): Logger {
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
  return filteredLogger(logger, clean, admit)
}
