import { format } from 'node:util'
import type { Clock, Logger, LogMethod, Timer } from '@backplane/core'
import type { LogLevel } from './protocol.ts'

/** Takes one record; never throws. */
export type LogSink = (level: LogLevel, fields: object, message: string | undefined) => void

/**
 * Makes the logger of a plugin's thread. It keeps at most `perSecond` records of each second and says afterwards how
 * many it dropped: a flood must end here, before it fills the host's memory.
 */
export function threadLogger(sink: LogSink, perSecond: number, clock: Clock): Logger {
  let second = 0
  let count = 0
  let notice: Timer | undefined
  const present = () => Math.floor(clock.now() / 1000)
  const turn = (now: number) => {
    notice?.cancel()
    notice = undefined
    if (count > perSecond)
      sink('warn', { dropped: count - perSecond }, 'log records dropped: over the limit per second')
    second = now
    count = 0
  }
  const limited: LogSink = (level, fields, message) => {
    const now = present()
    if (now !== second) turn(now)
    if (++count <= perSecond) sink(level, fields, message)
    else notice ??= clock.after(1000, () => turn(present()))
  }
  return logger(limited, {})
}

function logger(sink: LogSink, own: object): Logger {
  const method =
    (level: LogLevel): LogMethod =>
    (first: object | string, message?: string) => {
      if (typeof first === 'string') sink(level, own, first)
      else sink(level, { ...own, ...errorFields(first) }, message)
    }
  return {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    child: (fields) => logger(sink, { ...own, ...fields }),
  }
}

// pino's form: an error in place of the fields is their `err`.
function errorFields(first: object): object {
  return first instanceof Error ? { err: first } : first
}

const consoleLevels = {
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
  trace: 'error',
} as const

/**
 * Turns everything that the thread prints into log records: the console by its levels, stdout as `info`, stderr as
 * `warn`.
 */
export function captureOutput(logger: Logger): void {
  for (const [method, level] of Object.entries(consoleLevels)) {
    globalThis.console[method as keyof typeof consoleLevels] = (...args: unknown[]) =>
      logger[level]({ source: 'console' }, format(...args))
  }
  const out = lines((line) => logger.info({ source: 'stdout' }, line))
  const err = lines((line) => logger.warn({ source: 'stderr' }, line))
  replaceWrite(process.stdout, out.write)
  replaceWrite(process.stderr, err.write)
  process.on('exit', () => {
    out.flush()
    err.flush()
  })
}

/** A line longer than this is cut. */
const longestLine = 8192

/** Cuts text into lines. */
export function lines(take: (line: string) => void): { write(text: string): void; flush(): void } {
  let rest = ''
  const flush = () => {
    if (rest !== '') take(rest)
    rest = ''
  }
  return {
    write(text) {
      const parts = (rest + text).split('\n')
      rest = parts.pop() as string
      for (const part of parts) take(part.slice(0, longestLine))
      while (rest.length > longestLine) {
        take(rest.slice(0, longestLine))
        rest = rest.slice(longestLine)
      }
    },
    flush,
  }
}

type Written = (error?: Error | null) => void

function replaceWrite(stream: NodeJS.WriteStream, write: (text: string) => void): void {
  stream.write = (chunk: string | Uint8Array, encoding?: BufferEncoding | Written, done?: Written): boolean => {
    write(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())
    const callback = typeof encoding === 'function' ? encoding : done
    if (callback) process.nextTick(callback)
    return true
  }
}
