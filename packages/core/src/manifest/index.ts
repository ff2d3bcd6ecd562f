/**
 * Manifests: the schema's issues with paths and next steps, and readers for this family's form and Device Connect's.
 *
 * @packageDocumentation
 */

export type { ManifestOrigin } from './device-connect.ts'
export type * from './generated/types.ts'
export { type ManifestIssue, manifestIssues, parseManifest, parseManifestText } from './parse.ts'
