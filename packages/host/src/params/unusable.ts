import type { BackplaneError } from '@backplane/core'
import { hostError } from '../errors.ts'

/** The error of a schema that cannot be used; whose it is, is said by the caller. */
export function unusable(reason: string): BackplaneError {
  return hostError('BP_SCHEMA_INVALID', { details: { name: 'a function', reason } })
}
