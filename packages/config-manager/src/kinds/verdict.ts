import type { Verdict } from './kind.ts'

/** The verdict of a test that upstream makes without failing. */
export function verdict(accepted: boolean): Verdict {
  return accepted ? 'accepted' : 'refused'
}
