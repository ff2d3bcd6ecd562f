import type { RestartPolicy } from './contracts/manifest.ts'

/** A restart policy with nothing left open. */
export type Policy = Required<RestartPolicy>

/** What manifests and hosts leave open. */
export const defaultPolicy: Policy = {
  intensity: 5,
  period_ms: 60_000,
  backoff_ms: 200,
  max_backoff_ms: 30_000,
  drain_ms: 5_000,
  stop_ms: 5_000,
}
