import type { Clock } from './contracts/clock.ts'

/** The system's own time; the default wherever none is injected. */
export const systemClock: Clock = {
  now: Date.now,
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
}
