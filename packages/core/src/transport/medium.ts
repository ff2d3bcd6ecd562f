import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { RefusalKind } from './answering.ts'
import type { Connector, Link } from './link.ts'
import type { PendingRequest, PendingRequests } from './pending-requests.ts'

/**
 * One network, as a {@link LinkedTransport} uses it: what is this network's own, and nothing that transports do alike.
 *
 * `C` is what a connection is there; `R` leads to a caller: a reply subject, a query. Subjects, payloads and options
 * are checked before they come here, and `connection` was live a moment ago. What a method throws or rejects with
 * reaches the caller of the transport, so it is an error with a code.
 */
export interface Medium<C extends object, R> {
  /** The transport's `kind`: `nats`, `zenoh`. */
  readonly kind: string
  /** Makes the connections, and brings them back. */
  readonly connector: Connector<C>
  /** Largest payload that it carries now, in bytes: published, asked and answered. */
  readonly maxPayload: number
  /** Longest subject or pattern that it carries, in bytes of UTF-8. */
  readonly longestSubject: number
  /**
   * How many requests may be under way on one served subject, whatever its `maxPending` says; `Infinity` for any
   * number.
   */
  readonly mostServing: number
  /**
   * Sends to all that are subscribed now, at once and in the order of the calls. A promise is given only where there is
   * something to wait for. The payload is the caller's again when it resolves, or a microtask after this returned.
   */
  publish(connection: C, subject: string, payload: Uint8Array): Promise<void> | undefined
  /**
   * Sends a request. Whatever comes of it is told to `request`; what nobody tells ends by its deadline.
   */
  ask(connection: C, request: PendingRequest, payload: Uint8Array): void
  /**
   * Has what matches `interest` come to it from now on; resolves when the far side knows of it. Rejects with
   * `BP_REFUSED` where the far side does not allow it; whatever it rejects with, nothing is left behind.
   */
  declare(connection: C, interest: Interest<R>): Promise<EndDeclaration>
  /**
   * Resolves when everything that was sent before has reached the far side; may reject, or hang, when the connection
   * goes.
   */
  roundTrip(connection: C): Promise<void>
  /**
   * Answers a request on the connection that it came by. What this and the three below throw, where the connection has
   * gone, is logged and harms nobody.
   */
  answer(connection: C, reply: R, payload: Uint8Array): void
  /**
   * Says that there is an error instead of an answer; the caller's side has {@link PendingRequest.refuse} make it one
   * again.
   */
  refuse(connection: C, reply: R, kind: RefusalKind, reason: string): void
  /** The handler gave no answer, on purpose: the caller is to run into its timeout. */
  silent(connection: C, reply: R): void
  /** The request came after the subject's end: the caller is to find nobody here, `BP_NO_RESPONDER`. */
  unserved(connection: C, reply: R): void
}

/**
 * Ends one declaration, and resolves when the far side knows. Called once at most; also when the connection has gone,
 * and then there is nobody to tell.
 */
export type EndDeclaration = () => Promise<void>

/** What is declared on a connection: one subscription or served subject. */
export interface Interest<R> {
  readonly pattern: string
  readonly queue: string | undefined
  /** Whether it serves: requests come to it beside what is published. Otherwise it hears what is published alone. */
  readonly answers: boolean
  /**
   * Hands over what came; `reply` where somebody waits for an answer. Never throws; the payload is the handler's to
   * keep.
   */
  take(subject: string, payload: Uint8Array, reply: R | undefined): void
  /** So many messages were lost on their way here. */
  lost(count: number): void
  /** The far side does not allow it, or not any longer. */
  forbidden(reason: string): void
}

/** What a medium is given by the transport that it is of. */
export interface MediumComponents<C extends object> {
  readonly clock: Clock
  readonly logger: Logger
  /** Where it tells what becomes of its connections. */
  readonly link: Link<C>
  /** What waits for an answer, by the id of each request. */
  readonly requests: PendingRequests
}
