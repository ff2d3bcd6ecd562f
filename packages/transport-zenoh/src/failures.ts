import { type BackplaneError, coreError } from '@backplane/core'

/** Nobody could be reached at an address. */
export function connectFailed(address: string, reason: string, cause?: unknown): BackplaneError {
  return coreError('BP_CONNECT_FAILED', { details: { address, reason }, cause })
}
