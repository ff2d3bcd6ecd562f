import type { BackplaneError } from '@backplane/core'
import { contractError } from '@backplane/core/errors'

/** Nobody could be reached at an address. */
export function connectFailed(address: string, reason: string, cause?: unknown): BackplaneError {
  return contractError('BP_CONNECT_FAILED', { details: { address, reason }, cause })
}
