/**
 * Compliance suites for Backplane's contracts: certify a transport, a plugin runtime, a mesh or a configuration store
 * in about 15 lines.
 *
 * @packageDocumentation
 */
export type { ConfigStoreUnderTest } from './config-store/bench.ts'
export { type ConfigStoreComplianceInit, configStoreCompliance } from './config-store/compliance.ts'
export type { MeshUnderTest } from './mesh/bench.ts'
export { type MeshComplianceInit, meshCompliance } from './mesh/compliance.ts'
export type { RuntimeUnderTest } from './runtime/bench.ts'
export { type RuntimeComplianceInit, runtimeCompliance } from './runtime/compliance.ts'
export type { FixtureName, RuntimeFixtures, RuntimeLack } from './runtime/fixtures.ts'
export type { SuiteInit } from './suite.ts'
export type { TransportUnderTest } from './transport/bench.ts'
export { type TransportComplianceInit, transportCompliance } from './transport/compliance.ts'
