import type { Clock } from '@backplane/core'

/** The real clock. Its timers limit calls and end with them; until then they keep the process alive, so that no change is cut off half way. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}
