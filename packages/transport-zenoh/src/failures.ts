import { type BackplaneError, coreError } from '@backplane/core'

/** Keys travel with a 16-bit length; far below it, so that what a peer adds still fits. */
const longestSubject = 8000

/** The other side said no. */
export function refused(subject: string, reason: string): BackplaneError {
  return coreError('BP_REFUSED', { details: { subject, reason } })
}

/** A payload is over the limit. */
export function tooLarge(bytes: number, limit: number): BackplaneError {
  return coreError('BP_PAYLOAD_TOO_LARGE', { details: { bytes, limit } })
}

/** An argument or option cannot be meant. */
export function invalid(what: string, reason: string): BackplaneError {
  return coreError('BP_INVALID_ARGUMENT', { details: { what, reason } })
}

/** What everything rejects with after `close`. */
export function closedError(): BackplaneError {
  return coreError('BP_CLOSED', { details: { what: 'The Zenoh transport' } })
}

/** Nobody could be reached at an address. */
export function connectFailed(address: string, reason: string, cause?: unknown): BackplaneError {
  return coreError('BP_CONNECT_FAILED', { details: { address, reason }, cause })
}

/** Rejects a subject that is right in itself, but too long for a key. Throws `BP_SUBJECT_INVALID`. */
export function checkLength(subject: string): void {
  if (subject.length <= longestSubject / 9 || Buffer.byteLength(subject) <= longestSubject) return
  const details = { subject: `${subject.slice(0, 40)}…`, kind: 'subject', reason: `it is over ${longestSubject} bytes` }
  throw coreError('BP_SUBJECT_INVALID', { details })
}

/** Rejects a queue name that cannot be meant. Throws `BP_INVALID_ARGUMENT`. */
export function checkQueue(queue: string): void {
  if (queue.length > 0 && queue.length <= 256 && !/[\s\p{Cc}]/u.test(queue)) return
  throw invalid('queue', 'it must be 1 to 256 visible characters')
}
