import { describe, test } from 'vitest'
import { skipReport } from '../report.ts'
import { RuntimeBench, type RuntimeCase, type RuntimeUnderTest } from './bench.ts'
import { contextCases } from './context-cases.ts'
import { endCases } from './end-cases.ts'
import { invokeCases } from './invoke-cases.ts'
import { loadCases } from './load-cases.ts'

/** Options of {@link runtimeCompliance}. */
export interface RuntimeComplianceInit<T extends RuntimeUnderTest = RuntimeUnderTest> {
  /** What the suite is called in reports. @default 'runtime' */
  readonly name?: string
  /** Called before each case. */
  setup(): T | Promise<T>
  /** Called after each case with what `setup` gave; every instance has been stopped and the runtime closed by then. */
  teardown?(under: T): void | Promise<void>
}

const groups: Record<string, Record<string, RuntimeCase>> = {
  'loading and starting': loadCases,
  calls: invokeCases,
  'the plugin and its host': contextCases,
  'ending and replacing': endCases,
}

/**
 * Declares the compliance suite of `PluginRuntime` as vitest tests, driven by plugins that the runtime brings in its own
 * language. Not for timing: it says nothing about speed.
 */
export function runtimeCompliance<T extends RuntimeUnderTest>(init: RuntimeComplianceInit<T>): void {
  const name = init.name ?? 'runtime'
  describe(`runtime compliance: ${name}`, () => {
    const report = skipReport(`runtime compliance: ${name}`)
    for (const [group, cases] of Object.entries(groups))
      describe(group, () => {
        for (const [title, run] of Object.entries(cases))
          test(title, { timeout: 60_000 }, async (context) => {
            const under = await init.setup()
            const bench = new RuntimeBench(under, (reason) => report.skip(context, reason))
            try {
              await run(bench)
            } finally {
              try {
                await bench.end()
              } finally {
                await init.teardown?.(under)
              }
            }
          })
      })
  })
}
