import type { Engine } from './engine.ts'
import type { ChangeOptions } from './options.ts'
export interface ConfigSnapshot {
  readonly x?: number
}
export interface ImportResult {
  readonly x?: number
}
export interface SnapshotDifference {
  readonly x?: number
}
export function exportSnapshot(_e: Engine, _o: object): ConfigSnapshot {
  return {}
}
export function diffSnapshot(_e: Engine, _s: ConfigSnapshot): SnapshotDifference[] {
  return []
}
export async function importSnapshot(_e: Engine, _s: ConfigSnapshot, _o: ChangeOptions): Promise<ImportResult> {
  return {}
}
