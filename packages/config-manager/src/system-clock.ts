import type { Clock } from '@backplane/core'

/** The real clock; its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    if (typeof timer === 'object') timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
