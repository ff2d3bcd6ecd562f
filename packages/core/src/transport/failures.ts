import { contractError } from '../contract-errors.ts'
import { type BackplaneError, coreError } from '../errors.ts'

/** An argument or option cannot be meant: `BP_INVALID_ARGUMENT`. Not for subjects, which have a code of their own. */
export function invalidArgument(what: string, reason: string): BackplaneError {
  return coreError('BP_INVALID_ARGUMENT', { details: { what, reason } })
}

/** The other side, or what lies between, said no: `BP_REFUSED`. */
export function refused(subject: string, reason: string): BackplaneError {
  return contractError('BP_REFUSED', { details: { subject, reason } })
}

/** A payload is over the limit, both in bytes: `BP_PAYLOAD_TOO_LARGE`. */
export function payloadTooLarge(bytes: number, limit: number): BackplaneError {
  return contractError('BP_PAYLOAD_TOO_LARGE', { details: { bytes, limit } })
}
