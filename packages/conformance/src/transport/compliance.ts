import { describe, test } from 'vitest'
import { skipReport } from '../report.ts'
import { TransportBench, type TransportCase, type TransportUnderTest } from './bench.ts'
import { flowCases } from './flow-cases.ts'
import { lifeCases } from './life-cases.ts'
import { patternCases } from './pattern-cases.ts'
import { publishCases } from './publish-cases.ts'
import { queueCases } from './queue-cases.ts'
import { reconnectCases } from './reconnect-cases.ts'
import { requestCases } from './request-cases.ts'

/** Options of {@link transportCompliance}. */
export interface TransportComplianceInit<T extends TransportUnderTest = TransportUnderTest> {
  /** What the suite is called in reports. @default 'transport' */
  readonly name?: string
  /** Called before each case. What is dear (a server) may be made once and shared: subjects never collide between cases. */
  setup(): T | Promise<T>
  /** Called after each case with what `setup` gave; every transport is closed by then. */
  teardown?(under: T): void | Promise<void>
}

const groups: Record<string, Record<string, TransportCase>> = {
  'connecting and closing': lifeCases,
  'publishing and hearing': publishCases,
  'wildcards and subjects': patternCases,
  'queue groups': queueCases,
  'requests and answers': requestCases,
  'flow and draining': flowCases,
  'losing the connection': reconnectCases,
}

/**
 * Declares the compliance suite of `Transport` as vitest tests. Not for timing: it says nothing about speed.
 *
 * What `setup` cannot give is skipped, and the end of the run says what nobody checked.
 */
export function transportCompliance<T extends TransportUnderTest>(init: TransportComplianceInit<T>): void {
  const name = init.name ?? 'transport'
  describe(`transport compliance: ${name}`, () => {
    const report = skipReport(`transport compliance: ${name}`)
    for (const [group, cases] of Object.entries(groups))
      describe(group, () => {
        for (const [title, run] of Object.entries(cases))
          test(title, { timeout: 30_000 }, async (context) => {
            const under = await init.setup()
            const bench = new TransportBench(under, (reason) => report.skip(context, reason))
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
