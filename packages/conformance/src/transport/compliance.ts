import { declareSuite, type Groups, type SuiteInit } from '../suite.ts'
import { argumentCases } from './argument-cases.ts'
import { TransportBench, type TransportUnderTest } from './bench.ts'
import { flowCases } from './flow-cases.ts'
import { handlerCases } from './handler-cases.ts'
import { lifeCases } from './life-cases.ts'
import { optionCases } from './option-cases.ts'
import { patternCases } from './pattern-cases.ts'
import { publishCases } from './publish-cases.ts'
import { queueCases } from './queue-cases.ts'
import { reconnectCases } from './reconnect-cases.ts'
import { requestCases } from './request-cases.ts'
import { tellingCases } from './telling-cases.ts'

/** Options of {@link transportCompliance}. Subjects never collide between cases, so a server may be shared. */
export type TransportComplianceInit<T extends TransportUnderTest = TransportUnderTest> = SuiteInit<T>

/** The cases, by group. */
export const transportCases: Groups<TransportBench> = {
  'connecting and closing': lifeCases,
  'publishing and hearing': publishCases,
  'wildcards and subjects': patternCases,
  'queue groups': queueCases,
  'requests and answers': requestCases,
  'what handlers do and give': handlerCases,
  'flow and draining': flowCases,
  'what cannot be meant': argumentCases,
  'options that cannot be meant': optionCases,
  'what is told, and when': tellingCases,
  'losing the connection': reconnectCases,
}

/**
 * Declares the compliance suite of `Transport` as vitest tests. Not for timing: it says nothing about speed.
 *
 * What `setup` cannot give is skipped, and the end of the run says what nobody checked.
 */
export function transportCompliance<T extends TransportUnderTest>(init: TransportComplianceInit<T>): void {
  declareSuite('transport', init, transportCases, (under, skip) => new TransportBench(under, skip))
}
