import type { Clock, Logger, LogMethod } from '@backplane/core'

/** How many records of one text are passed on in each period, and how long that is. */
const most = 10
const periodMs = 10_000
/** Texts that are told apart; who writes a new text each time shares one ration with all others of that kind. */
const mostTexts = 200

interface Ration {
  until: number
  count: number
}

/**
 * A logger that passes on at most ten records of one text in ten seconds, and says afterwards how many it dropped: what
 * strangers can bring about again and again (malformed connections, messages over a limit) must not drown the log.
 * Records of plugins are rationed by core, plugin by plugin, so they pass.
 */
export function rationedLogger(logger: Logger, clock: Pick<Clock, 'now'>): Logger {
  return limited(logger, clock, new Map())
}

function limited(logger: Logger, clock: Pick<Clock, 'now'>, rations: Map<string, Ration>): Logger {
  const method =
    (level: 'debug' | 'info' | 'warn' | 'error'): LogMethod =>
    (first: object | string, message?: string) => {
      if (!admit(logger, rations, level, typeof first === 'string' ? first : (message ?? ''), clock.now())) return
      if (typeof first === 'string') logger[level](first)
      else logger[level](first, message)
    }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (fields) => ('plugin' in fields ? logger.child(fields) : limited(logger.child(fields), clock, rations)),
  }
}

function admit(logger: Logger, rations: Map<string, Ration>, level: string, text: string, now: number): boolean {
  // Numbers, addresses and quoted names differ from one stranger to the next; the record is the same.
  const kind = `${level} ${text.slice(0, 200).replace(/'[^']*'|"[^"]*"|[\d.:a-f]*\d[\w.:-]*/g, '…')}`
  const key = rations.has(kind) || rations.size < mostTexts ? kind : level
  const ration = rations.get(key)
  if (ration && now < ration.until) {
    ration.count++
    return ration.count <= most
  }
  for (const [old, { until, count }] of rations) {
    if (now < until) continue
    rations.delete(old)
    if (count > most) logger.warn({ dropped: count - most, of: old.replace(/^\w+ ?/, '') }, 'log records dropped')
  }
  rations.set(key, { until: now + periodMs, count: 1 })
  return true
}
