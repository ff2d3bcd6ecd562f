import { contractError } from '../contract-errors.ts'
import type { SubscribeOptions, TransportOptions } from '../contracts/transport.ts'
import { throwIfAborted } from '../deadline.ts'
import { validatePattern, validateSubject } from '../subjects.ts'
import { invalidArgument } from './failures.ts'

/** The most bytes in UTF-8 that one unit of a JavaScript string comes to. */
const bytesPerUnit = 3

/**
 * Checks what is published or asked, but for what depends on the connection: whether there is one, and its largest
 * payload.
 *
 * `mostBytes` is how long a subject may be in UTF-8 on this medium. Throws `BP_SUBJECT_INVALID` or
 * `BP_INVALID_ARGUMENT`.
 */
export function checkOutgoing(subject: string, payload: Uint8Array, mostBytes: number): void {
  validateSubject(subject)
  checkLength(subject, mostBytes)
  if (!(payload instanceof Uint8Array)) throw invalidArgument('payload', 'it is not a Uint8Array')
}

/**
 * Checks what a subscription or served subject is asked for with.
 *
 * `mostBytes` is how long a pattern may be in UTF-8 on this medium. Throws `BP_SUBJECT_INVALID`, `BP_INVALID_ARGUMENT`
 * or, where it was given up already, `BP_ABORTED`.
 */
export function checkSubscribing(
  pattern: string,
  handler: unknown,
  options: SubscribeOptions,
  mostBytes: number,
): void {
  const { queue, maxPending, signal } = options
  validatePattern(pattern)
  checkLength(pattern, mostBytes)
  if (typeof handler !== 'function') throw invalidArgument('handler', 'it is not a function')
  if (queue !== undefined && !isQueueName(queue)) {
    throw invalidArgument('queue', 'it must be a text of 1 to 256 visible characters')
  }
  if (maxPending !== undefined && !(typeof maxPending === 'number' && maxPending >= 1))
    throw invalidArgument('maxPending', 'it must be a number from 1 on')
  checkWaiting({ signal })
  throwIfAborted(signal)
}

/**
 * Checks how long something may be waited for. A time that is over already is right: it ends with `BP_TIMEOUT`.
 *
 * Throws `BP_INVALID_ARGUMENT`. Not for whether `signal` has aborted.
 */
export function checkWaiting({
  signal,
  timeoutMs,
}: { [K in keyof TransportOptions]: TransportOptions[K] | undefined }) {
  if (timeoutMs !== undefined && (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)))
    throw invalidArgument('timeoutMs', 'it must be a number of milliseconds')
  // Not by `instanceof`: a signal of another realm, or of a library that brings its own, is one too.
  if (signal !== undefined && !(typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function'))
    throw invalidArgument('signal', 'it is not an AbortSignal')
}

/** A queue's name stands in protocol lines and keys. */
function isQueueName(queue: unknown): boolean {
  return typeof queue === 'string' && queue.length > 0 && queue.length <= 256 && !/[\s\p{Cc}]/u.test(queue)
}

/** Rejects a subject that is right in itself, but too long for the medium. */
function checkLength(subject: string, mostBytes: number): void {
  if (subject.length * bytesPerUnit <= mostBytes || new TextEncoder().encode(subject).length <= mostBytes) return
  const details = { subject: `${subject.slice(0, 40)}…`, kind: 'subject', reason: `it is over ${mostBytes} bytes` }
  throw contractError('BP_SUBJECT_INVALID', { details })
}
