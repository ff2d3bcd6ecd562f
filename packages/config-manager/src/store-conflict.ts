import type { BackplaneError, StoreWrite } from '@backplane/core'
import { contractError } from '@backplane/core/errors'

/** The error of a write whose document is no longer at the revision that it expects, if that is so. */
export function conflictOf(write: StoreWrite, present: number | undefined): BackplaneError | undefined {
  const { name, expectedRevision } = write
  const actual = present ?? 0
  if (expectedRevision === undefined || expectedRevision === actual) return undefined
  return contractError('BP_CONFIG_CONFLICT', { details: { category: name, actual, expected: expectedRevision } })
}
