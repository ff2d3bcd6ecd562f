import { type BackplaneError, coreError } from '@backplane/core'
import { refusalCodes } from './answering.ts'
import { errorCodeHeader, errorHeader, type NatsMessage } from './client.ts'

/** A longer one would be cut off by a broker's limit for a protocol line (4096), and the whole connection with it. */
const longestSubject = 3800

/** The failure that an answer to a request on `subject` stands for; none for a plain answer. */
export function failureOf(subject: string, { headers, data }: NatsMessage): BackplaneError | undefined {
  if (!headers) return undefined
  if (headers.code === 503 && data.length === 0) return coreError('BP_NO_RESPONDER', { details: { subject } })
  const code = headers.get(errorCodeHeader)
  const reason = headers.get(errorHeader)
  if (code === '' && reason === '') return undefined
  const sizes = code === refusalCodes.tooLarge ? /^(\d+) (\d+)$/.exec(reason) : null
  if (!sizes) return refused(subject, reason === '' ? `error ${code}` : reason)
  return tooLarge(Number(sizes[1]), Number(sizes[2]))
}

/** The other side, or the broker, said no. */
export function refused(subject: string, reason: string): BackplaneError {
  return coreError('BP_REFUSED', { details: { subject, reason } })
}

/** A payload is over the limit of the broker. */
export function tooLarge(bytes: number, limit: number): BackplaneError {
  return coreError('BP_PAYLOAD_TOO_LARGE', { details: { bytes, limit } })
}

/** An argument or option cannot be meant. */
export function invalid(what: string, reason: string): BackplaneError {
  return coreError('BP_INVALID_ARGUMENT', { details: { what, reason } })
}

/** Rejects a subject that is right in itself, but too long for a broker. Throws `BP_SUBJECT_INVALID`. */
export function checkLength(subject: string): void {
  if (subject.length <= longestSubject / 4 || Buffer.byteLength(subject) <= longestSubject) return
  const details = { subject: `${subject.slice(0, 40)}…`, kind: 'subject', reason: `it is over ${longestSubject} bytes` }
  throw coreError('BP_SUBJECT_INVALID', { details })
}

/** Rejects a queue name that would not survive in a protocol line. Throws `BP_INVALID_ARGUMENT`. */
export function checkQueue(queue: string): void {
  if (queue.length > 0 && queue.length <= 256 && !/[\s\p{Cc}]/u.test(queue)) return
  throw invalid('queue', 'it must be 1 to 256 visible characters')
}
