import type { Clock, Timer } from '../contracts/clock.ts'

/** A clock that moves only when told to, so a test decides when time passes. */
export interface ManualClock extends Clock {
  /** Moves time by `ms`, running what falls due in order; lets promise callbacks run before each and at the end. */
  advance(ms: number): Promise<void>
  /** How many calls are pending. */
  readonly pending: number
}

/** Makes a {@link ManualClock}. Not for production: nothing ever happens by itself. */
export function manualClock(startMs = 0): ManualClock {
  let now = startMs
  let order = 0
  const due = new Map<object, { at: number; order: number; run: () => void }>()
  const next = (limit: number) => {
    let first: { key: object; at: number; order: number; run: () => void } | undefined
    for (const [key, entry] of due) {
      if (entry.at > limit) continue
      if (!first || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
        first = { key, ...entry }
    }
    return first
  }
  return {
    now: () => now,
    get pending() {
      return due.size
    },
    after(delayMs, run): Timer {
      const key = {}
      due.set(key, { at: now + Math.max(0, delayMs), order: order++, run })
      return { cancel: () => void due.delete(key) }
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (let entry = next(end); entry; entry = next(end)) {
        due.delete(entry.key)
        now = entry.at
        entry.run()
        await settle()
      }
      now = end
    },
  }
}

/** Long chains of promises need as many turns; this is enough for any that the family builds. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 64; turn++) await undefined
}
