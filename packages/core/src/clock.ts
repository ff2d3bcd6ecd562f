import type { Clock } from './contracts/clock.ts'

/** The system's own time; the default wherever none is injected. */
export const systemClock: Clock = {
  now: Date.now,
  after(delayMs, run) {
    // A longer wait overflows the platform's timers, which then fire at once: it is cut into pieces.
    let leftMs = delayMs
    let handle: ReturnType<typeof setTimeout>
    const wait = () => {
      const pieceMs = Math.min(leftMs, longestTimerMs)
      leftMs -= pieceMs
      handle = setTimeout(leftMs > 0 ? wait : run, pieceMs)
    }
    wait()
    return { cancel: () => clearTimeout(handle) }
  },
}

/** 2^31 - 1: what timers of Node and browsers take at most. */
const longestTimerMs = 2_147_483_647
