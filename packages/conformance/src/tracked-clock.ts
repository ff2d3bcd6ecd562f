import { type Clock, systemClock } from '@backplane/core'

/** The system's clock, which knows how many of its timers are pending. */
export interface TrackedClock extends Clock {
  readonly pending: number
}

/** Makes a {@link TrackedClock}: after all is closed nothing may be pending on it. */
export function trackedClock(): TrackedClock {
  let pending = 0
  return {
    now: () => systemClock.now(),
    get pending() {
      return pending
    },
    after(delayMs, run) {
      let open = true
      const done = () => {
        if (open) pending--
        open = false
      }
      pending++
      const timer = systemClock.after(delayMs, () => {
        done()
        run()
      })
      return {
        cancel() {
          done()
          timer.cancel()
        },
      }
    },
  }
}
