import { describe, type TestContext, test } from 'vitest'
import { skipReport } from './report.ts'

/** What every suite is told by who runs it. */
export interface SuiteInit<T> {
  /** What the suite is called in reports. @default the name of the contract */
  readonly name?: string
  /** Called before each case; gives what is under test. What is dear (a server) may be made once and shared. */
  setup(): T | Promise<T>
  /** Called after each case with what `setup` gave, when the case has closed all that it opened. */
  teardown?(under: T): void | Promise<void>
}

/** What a suite's cases work with. */
export interface Bench {
  /** Ends all that the case has made, and fails when something is left. */
  end(): Promise<void>
}

/** The cases of a suite, by group and title. */
export type Groups<B> = Readonly<Record<string, Readonly<Record<string, (bench: B) => Promise<void>>>>>

/** Declares a suite: each case gets a bench of its own, and the end of the run says what was skipped. */
export function declareSuite<T, B extends Bench>(
  contract: string,
  init: SuiteInit<T>,
  groups: Groups<B>,
  makeBench: (under: T, skip: (reason: string) => never) => B,
): void {
  const title = `${contract} compliance: ${init.name ?? contract}`
  describe(title, () => {
    const report = skipReport(title)
    const run = async (context: TestContext, work: (bench: B) => Promise<void>) => {
      const under = await init.setup()
      try {
        const bench = makeBench(under, (reason) => report.skip(context, reason))
        try {
          await work(bench)
        } finally {
          await bench.end()
        }
      } finally {
        await init.teardown?.(under)
      }
    }
    for (const [group, cases] of Object.entries(groups))
      describe(group, () => {
        for (const [name, work] of Object.entries(cases))
          test(name, { timeout: 60_000 }, (context) => run(context, work))
      })
  })
}
