import { contractError } from '../contract-errors.ts'
import type { SubscribeOptions } from '../contracts/transport.ts'
import { throwIfAborted } from '../deadline.ts'
import { validatePattern, validateSubject } from '../subjects.ts'
import { invalidArgument } from './failures.ts'

/** The most bytes in UTF-8 that one unit of a JavaScript string comes to. */
const bytesPerUnit = 3

/**
 * Checks what is published or asked, but for what depends on the connection: whether there is one, and its largest payload.
 *
 * `mostBytes` is how long a subject may be in UTF-8 on this medium. Throws `BP_SUBJECT_INVALID` or `BP_INVALID_ARGUMENT`.
 */
export function checkOutgoing(subject: string, payload: Uint8Array, mostBytes: number): void {
  validateSubject(subject)
  checkLength(subject, mostBytes)
  if (!(payload instanceof Uint8Array)) throw invalidArgument('payload', 'it is not a Uint8Array')
}

/**
 * Checks what a subscription or served subject is asked for with.
 *
 * `mostBytes` is how long a pattern may be in UTF-8 on this medium. Throws `BP_SUBJECT_INVALID`, `BP_INVALID_ARGUMENT` or,
 * where it was given up already, `BP_ABORTED`.
 */
export function checkSubscribing(pattern: string, options: SubscribeOptions, mostBytes: number): void {
  const { queue, maxPending, signal } = options
  validatePattern(pattern)
  checkLength(pattern, mostBytes)
  // A queue's name stands in protocol lines and keys.
  if (queue !== undefined && (queue.length === 0 || queue.length > 256 || /[\s\p{Cc}]/u.test(queue))) {
    throw invalidArgument('queue', 'it must be 1 to 256 visible characters')
  }
  if (maxPending !== undefined && !(maxPending >= 1)) throw invalidArgument('maxPending', 'it must be 1 or more')
  throwIfAborted(signal)
}

/** Rejects a subject that is right in itself, but too long for the medium. */
function checkLength(subject: string, mostBytes: number): void {
  if (subject.length * bytesPerUnit <= mostBytes || new TextEncoder().encode(subject).length <= mostBytes) return
  const details = { subject: `${subject.slice(0, 40)}…`, kind: 'subject', reason: `it is over ${mostBytes} bytes` }
  throw contractError('BP_SUBJECT_INVALID', { details })
}
