import type { Clock } from './contracts/clock.ts'

/** The system's own time; the default wherever none is injected. */
export const systemClock: Clock = {
  now: Date.now,
  after(delayMs, run) {
    // A longer wait overflows the platform's timers, which then fire at once: it is cut into pieces.
    let handle: ReturnType<typeof setTimeout>
    let held = true
    const wait = (leftMs: number) => {
      const restMs = leftMs - longestTimerMs
      handle = restMs > 0 ? setTimeout(wait, longestTimerMs, restMs) : setTimeout(run, leftMs)
      if (!held) letGo(handle)
    }
    wait(delayMs)
    return {
      cancel: () => clearTimeout(handle),
      unref() {
        held = false
        letGo(handle)
      },
    }
  },
}

/** Only Node's timers hold a process; a browser's are numbers. */
function letGo(handle: unknown): void {
  ;(handle as { unref?(): void }).unref?.()
}

/**
 * What timers of Node and browsers take at most, in milliseconds: 2^31 - 1. A longer one fires at once; `systemClock`
 * cuts it.
 */
export const longestTimerMs = 2_147_483_647
