import { declareSuite, type Groups, type SuiteInit } from '../suite.ts'
import { RuntimeBench, type RuntimeUnderTest } from './bench.ts'
import { contextCases } from './context-cases.ts'
import { endCases } from './end-cases.ts'
import { invokeCases } from './invoke-cases.ts'
import { loadCases } from './load-cases.ts'

/** Options of {@link runtimeCompliance}. Each case makes a runtime of its own, and closes it. */
export type RuntimeComplianceInit<T extends RuntimeUnderTest = RuntimeUnderTest> = SuiteInit<T>

/** The cases, by group. */
export const runtimeCases: Groups<RuntimeBench> = {
  'loading and starting': loadCases,
  calls: invokeCases,
  'the plugin and its host': contextCases,
  'ending and replacing': endCases,
}

/**
 * Declares the compliance suite of `PluginRuntime` as vitest tests, driven by plugins that the runtime brings in its
 * own language. Not for timing: it says nothing about speed.
 */
export function runtimeCompliance<T extends RuntimeUnderTest>(init: RuntimeComplianceInit<T>): void {
  declareSuite('runtime', init, runtimeCases, (under, skip) => new RuntimeBench(under, skip))
}
