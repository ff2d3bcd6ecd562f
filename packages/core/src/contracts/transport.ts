import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'

/**
 * Where bytes travel between hosts.
 *
 * Subjects are dot-separated tokens of letters, digits and any other visible character but `.`, `*` and `>`. In a
 * subscription, `*` stands for one token and a last `>` for one or more; anything else rejects with
 * `BP_SUBJECT_INVALID`. A transport maps them to its own form. A payload, handler or option that cannot be meant
 * rejects with `BP_INVALID_ARGUMENT` before anything is sent. All methods reject with `BP_CLOSED` after `close`, and
 * all but `connect` with `BP_DISCONNECTED` at once while there is no connection (nothing is queued for later, so a late
 * message never surprises anybody); subscriptions and served subjects survive a reconnect by themselves. What a handler
 * is given is its own: it may write into the payload, and a publisher may use its buffer again once `publish` has
 * resolved.
 */
export interface Transport extends AsyncDisposable {
  /** Short name of the medium: `memory`, `nats`, `zenoh`. */
  readonly kind: string
  readonly status: TransportStatus
  /** Where it is or wants to be connected, for people. */
  readonly address: string
  /**
   * Largest payload in bytes that it carries. `publish` and `request` over it reject with `BP_PAYLOAD_TOO_LARGE`; so
   * does the request whose answer is over it.
   */
  readonly maxPayload: number
  /**
   * Connects once; a second call waits for the first. Rejects with `BP_CONNECT_FAILED`, `BP_AUTH_FAILED`, `BP_TIMEOUT`
   * or `BP_ABORTED`, and may then be called again.
   */
  connect(options?: TransportOptions): Promise<void>
  /** Sends to all that are subscribed now. Resolves when the client has taken it; `flush` waits for the far side. */
  publish(subject: string, payload: Uint8Array, options?: TransportOptions): Promise<void>
  /** Resolves when everything published and every subscription made before it has reached the other side. */
  flush(options?: TransportOptions): Promise<void>
  /**
   * Calls `handler` for each message, in the order in which each publisher sent them, one at a time where it returns a
   * promise. What is not handled in time is bounded by `maxPending`: the oldest are dropped and a `slow` status event
   * says so.
   */
  subscribe(pattern: string, handler: MessageHandler, options?: SubscribeOptions): Promise<Subscription>
  /**
   * Asks on a subject and gives the first answer. Rejects with `BP_NO_RESPONDER` (nobody serves it), `BP_TIMEOUT`
   * (somebody does, but did not answer), `BP_REFUSED` (the responder threw or the broker forbids it) or `BP_ABORTED`;
   * and with `BP_DISCONNECTED` when the connection is lost meanwhile. Whether plain subscribers hear requests is the
   * medium's affair; where nobody else does, it is `BP_NO_RESPONDER` or, on a medium that cannot tell, `BP_TIMEOUT`.
   */
  request(subject: string, payload: Uint8Array, options?: RequestOptions): Promise<Message>
  /**
   * Answers requests on a subject (wildcards allowed), concurrently. What the handler throws reaches the caller as
   * `BP_REFUSED` with its message. A plain publish on the subject reaches the handler as well, with `expectsReply`
   * false, and its answer is dropped. A handler that gives `undefined` sends no answer: the caller runs into
   * `BP_TIMEOUT`.
   */
  serve(pattern: string, handler: RequestHandler, options?: SubscribeOptions): Promise<Subscription>
  /** Tells each change of connection; returns an unsubscribe function. Listeners must not throw. */
  onStatus(listener: (event: TransportEvent) => void): () => void
  /**
   * Ends it: requests under way reject with `BP_CLOSED`; handlers under way may finish and answer until `drainMs` is
   * over (by default after a second), and nothing is delivered any more. Anyone who still waits for a handler then is
   * refused (`BP_REFUSED`). Idempotent, never rejects.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>
}

/**
 * Where a connection stands: `idle` before the first {@link Transport.connect} and after one that failed,
 * `disconnected` when it was lost and is being brought back, `closed` for good.
 */
export type TransportStatus = 'idle' | 'connecting' | 'connected' | 'disconnected' | 'closed'

/** What a transport tells about itself. */
export type TransportEvent =
  | { readonly type: 'connected' | 'disconnected' | 'reconnecting' | 'closed'; readonly reason?: string }
  /** The server is about to go and asks its clients to leave; where another is known, the connection moves there. */
  | { readonly type: 'leaving'; readonly reason?: string }
  /**
   * So many messages were dropped since this was last said. Without a `reason` a subscription's handler is too slow;
   * with one they were lost on the way to it, or could not be sent. `subject` is the subscription's pattern, or what
   * was published on.
   */
  | { readonly type: 'slow'; readonly subject: string; readonly dropped: number; readonly reason?: string }
  | { readonly type: 'error'; readonly error: Error }

/** How long to wait for a transport. */
export interface TransportOptions {
  /** Gives up the waiting: rejects with `BP_ABORTED`. */
  readonly signal?: AbortSignal
  /** How long to wait, in milliseconds; then it rejects with `BP_TIMEOUT`. @default 10000 */
  readonly timeoutMs?: number
}

/** How long to wait for an answer. */
export interface RequestOptions extends TransportOptions {
  /** How long to wait for the answer, in milliseconds; then it rejects with `BP_TIMEOUT`. @default 5000 */
  readonly timeoutMs?: number
}

/** How a subscription or a served subject takes what comes. */
export interface SubscribeOptions {
  /** Members of one queue group share messages: each goes to one of them. */
  readonly queue?: string
  /** How many messages may wait for the handler. @default 65536 */
  readonly maxPending?: number
  /** Gives up the subscribing. What stands already is ended by {@link Subscription.unsubscribe}. */
  readonly signal?: AbortSignal
}

/** What a subscriber hears, and what a request is answered with: bytes on a subject, and nothing beside them. */
export interface Message {
  /** The subject that it was sent on, in dot form. */
  readonly subject: string
  readonly payload: Uint8Array
}

/** What a served subject is asked; what was merely published on it comes so as well. */
export interface IncomingRequest extends Message {
  /** False when it was merely published: the answer goes nowhere. */
  readonly expectsReply: boolean
  /** Aborts when the transport has closed and the time to drain is over. */
  readonly signal: AbortSignal
}

/**
 * Takes one message. The next one waits for the promise, where there is one; what it throws is told as an `error`
 * event.
 */
export type MessageHandler = (message: Message) => void | Promise<void>
/**
 * Gives the answer, or `undefined` where a protocol says that there is none (a JSON-RPC notification). What it throws
 * reaches the caller as `BP_REFUSED`.
 */
export type RequestHandler = (request: IncomingRequest) => Uint8Array | undefined | Promise<Uint8Array | undefined>

/** One subscription or served subject. */
export interface Subscription extends AsyncDisposable {
  readonly pattern: string
  /** Ends it; messages already here are not delivered any more. Idempotent, never rejects. */
  unsubscribe(): Promise<void>
}

/** What every transport is given. */
export interface TransportComponents {
  readonly logger: Logger
  readonly clock: Clock
}

/** What a mesh takes: a transport waiting for its components. */
export type TransportFactory = (components: TransportComponents) => Transport
