/**
 * The seam between the transport and what speaks Zenoh: one session from its opening to its loss, keys instead of
 * subjects.
 *
 * A session never comes back; the transport opens another. `put`, `get` and answers are given out in the order of the
 * calls and at once, or they throw; declarations resolve when the router has them.
 */
export interface ZenohSession {
  put(key: string, payload: Uint8Array, attachment: Uint8Array): void
  get(query: OutgoingQuery): void
  declareSubscriber(expression: string, onSample: (sample: ZenohSample) => void): Promise<Declaration>
  /** Complete: a router may ask it alone. Every {@link IncomingQuery} is to be ended by the one who takes it. */
  declareQueryable(expression: string, onQuery: (query: IncomingQuery) => void): Promise<Declaration>
  /** Shows others that this session is there, until it is undeclared or the session ends. */
  declareToken(key: string): Promise<Declaration>
  /** Tells which tokens come and go from now on, this session's own too. */
  watchTokens(expression: string, onChange: (key: string, alive: boolean) => void): Promise<Declaration>
  /** The tokens that are there now. */
  tokens(expression: string): Promise<string[]>
  /** Resolves when the router has taken everything that was given out before. */
  roundTrip(): Promise<void>
  /** Waits while too much is on its way to the router; `undefined` where there is nothing to wait for. */
  room(): Promise<void> | undefined
  /** So many bytes are still to be written to the router. */
  readonly unwritten: number
  /** Ends it and everything declared on it; never rejects, and is not told by `lost`. */
  close(): Promise<void>
}

/** Ends one declaration; rejects when the session is lost meanwhile, and does nothing where it was lost before. */
export type Declaration = () => Promise<void>

/** What came on a subscription. */
export interface ZenohSample {
  readonly key: string
  readonly payload: Uint8Array
  readonly attachment: Uint8Array | undefined
}

/** A query to send: to all that match. */
export interface OutgoingQuery {
  readonly key: string
  readonly payload: Uint8Array
  readonly attachment: Uint8Array
  /** Told to the router, which ends the query then. */
  readonly timeoutMs: number
  onReply(payload: Uint8Array): void
  /** `encoding` as Zenoh writes it: `text/plain;schema`. */
  onError(payload: Uint8Array, encoding: string): void
  /** All who match have had their say; at once where nobody does. Not called once the session is lost. */
  onEnd(): void
}

/** A query that came to a queryable; `reply` and `replyError` may be left out, `end` may not. */
export interface IncomingQuery {
  readonly key: string
  readonly payload: Uint8Array
  readonly attachment: Uint8Array | undefined
  /** Answers on `key`, which the query's key must meet. @default the query's own key */
  reply(payload: Uint8Array, key?: string): void
  replyError(payload: Uint8Array, encoding: string): void
  end(): void
}
