/** The part of `@eclipse-zenoh/zenoh-ts` 1.10 that is used here, so that none of its own types reach a user. */
export interface ZenohTs {
  readonly Config: new (locator: string, messageResponseTimeoutMs: number) => object
  readonly Session: { open(config: object): Promise<Session> }
  readonly KeyExpr: new (expression: string) => KeyExpr
  readonly Duration: { readonly milliseconds: { of(amount: number): unknown } }
  readonly QueryTarget: { readonly ALL: number }
  readonly ConsolidationMode: { readonly NONE: number }
  readonly CongestionControl: { readonly DROP: number; readonly BLOCK: number }
  readonly SampleKind: { readonly PUT: number }
}

export interface KeyExpr {
  toString(): string
}

interface Bytes {
  toBytes(): Uint8Array
}

export interface Sample {
  keyexpr(): KeyExpr
  payload(): Bytes
  attachment(): Bytes | undefined
  kind(): number
}

export interface ReplyError {
  payload(): Bytes
  encoding(): { toString(): string }
}

export interface Reply {
  result(): Sample | ReplyError
}

export interface Query {
  keyExpr(): KeyExpr
  payload(): Bytes | undefined
  attachment(): Bytes | undefined
  reply(expression: KeyExpr, payload: Uint8Array): Promise<void>
  replyErr(payload: Uint8Array, options: { encoding: string }): Promise<void>
  finalize(): Promise<void>
}

interface Declared {
  undeclare(): Promise<void>
}

/** What is called with each value, and once when there will be no more. */
type Handler<T> = readonly [(value: T) => void, () => void]

export interface Session {
  put(
    expression: KeyExpr,
    payload: Uint8Array,
    options?: { congestionControl?: number; attachment?: Uint8Array },
  ): Promise<void>
  get(
    expression: KeyExpr,
    options: {
      payload: Uint8Array
      attachment?: Uint8Array
      timeout: unknown
      target?: number
      consolidation?: number
      handler: Handler<Reply>
    },
  ): Promise<unknown>
  declareSubscriber(expression: KeyExpr, options: { handler: Handler<Sample> }): Promise<Declared>
  declareQueryable(expression: KeyExpr, options: { complete: boolean; handler: Handler<Query> }): Promise<Declared>
  liveliness(): {
    declareToken(expression: KeyExpr): Promise<Declared>
    declareSubscriber(expression: KeyExpr, options: { handler: Handler<Sample> }): Promise<Declared>
    get(expression: KeyExpr, options: { timeout: unknown; handler: Handler<Reply> }): Promise<unknown>
  }
  newTimestamp(): Promise<unknown>
  close(): Promise<void>
}
