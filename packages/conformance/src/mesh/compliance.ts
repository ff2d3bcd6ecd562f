import { declareSuite, type Groups, type SuiteInit } from '../suite.ts'
import { announceCases } from './announce-cases.ts'
import { MeshBench, type MeshUnderTest } from './bench.ts'
import { invokeCases } from './invoke-cases.ts'
import { lifeCases } from './life-cases.ts'

/** Options of {@link meshCompliance}. Each case has a tenant of its own, so a server may be shared. */
export type MeshComplianceInit<T extends MeshUnderTest = MeshUnderTest> = SuiteInit<T>

/** The cases, by group. */
export const meshCases: Groups<MeshBench> = {
  'joining and leaving': lifeCases,
  'advertising, discovering, events': announceCases,
  'calls from device to device': invokeCases,
}

/**
 * Declares the compliance suite of `Mesh` as vitest tests. Not for a mesh's own protocol: that needs its own vectors.
 *
 * What `setup` cannot give is skipped, and the end of the run says what nobody checked.
 */
export function meshCompliance<T extends MeshUnderTest>(init: MeshComplianceInit<T>): void {
  declareSuite('mesh', init, meshCases, (under, skip) => new MeshBench(under, skip))
}
