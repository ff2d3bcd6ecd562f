import { afterAll, type TestContext } from 'vitest'

/** Counts what a suite skipped, and says so at its end: a skipped case is a promise that nobody checked. */
export interface SkipReport {
  /** Skips the running case for want of something. */
  skip(context: TestContext, reason: string): never
}

/** Makes the {@link SkipReport} of one suite; call it inside the suite's `describe`. */
export function skipReport(suite: string): SkipReport {
  const reasons = new Map<string, number>()
  afterAll(() => {
    if (reasons.size === 0) return
    const lines = [...reasons].map(([reason, count]) => `  ${count} skipped: ${reason}`)
    process.stderr.write(`${suite}: NOT CHECKED\n${lines.join('\n')}\n`)
  })
  return {
    skip(context, reason) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      return context.skip(reason)
    },
  }
}
