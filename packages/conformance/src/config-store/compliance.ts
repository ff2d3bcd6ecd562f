import { declareSuite, type Groups, type SuiteInit } from '../suite.ts'
import { ConfigStoreBench, type ConfigStoreUnderTest } from './bench.ts'
import { documentCases, patchCases, placeCases } from './cases.ts'

/** Options of {@link configStoreCompliance}. */
export type ConfigStoreComplianceInit<T extends ConfigStoreUnderTest = ConfigStoreUnderTest> = SuiteInit<T>

/** The cases, by group. */
export const configStoreCases: Groups<ConfigStoreBench> = {
  'documents and batches': documentCases,
  patches: patchCases,
  'places and their stores': placeCases,
}

/**
 * Declares the compliance suite of `ConfigStore` as vitest tests. Not for durability across crashes: that needs faults
 * that only the store's own tests can inject.
 */
export function configStoreCompliance<T extends ConfigStoreUnderTest>(init: ConfigStoreComplianceInit<T>): void {
  declareSuite('config store', init, configStoreCases, (under, skip) => new ConfigStoreBench(under, skip))
}
