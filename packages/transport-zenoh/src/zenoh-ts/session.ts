import { type BackplaneError, messageOf } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { connectFailed } from '../failures.ts'
import type { Declaration, IncomingQuery, OutgoingQuery, ZenohSample, ZenohSession } from '../session.ts'
import { type BridgeSocket, openSocket, type SocketInit } from '../socket.ts'
import { loadZenohTs } from './load.ts'
import type { KeyExpr, Query, Reply, ReplyError, Sample, Session, ZenohTs } from './shapes.ts'
import { SocketFacade } from './socket-facade.ts'

/** Requests of the library are ended by the loss of the link, or by the caller's deadline; this is the last resort. */
const requestTimeoutMs = 60_000
/** So long the router keeps a query beyond the caller's deadline, so the two never race. */
const queryGraceMs = 1000
const keptExpressions = 1000

/**
 * An empty put for this session alone, on a key that no wildcard meets: it goes nowhere and is not answered. Message
 * 14, key, payload, encoding, no attachment, no timestamp, quality of service with a locality of 0.
 */
const nothing = Uint8Array.from([14, 10, ...Buffer.from('@backplane'), 0, 0, 0, 0, 0, 0, 0b00_1_0_0_101])

/** Options of {@link openZenohTs}. */
export interface ZenohTsInit extends Omit<SocketInit, 'events' | 'nothing'> {
  readonly congestion: 'drop' | 'block'
  /** The link has gone, or fell silent. Told once, and not after `close`. */
  lost(reason: string): void
  /** Something came from the router, whatever it was. */
  heard(): void
}

/**
 * Opens a session of `@eclipse-zenoh/zenoh-ts` on a bridge. Rejects as `openSocket` and `loadZenohTs` do, and with
 * `BP_CONNECT_FAILED` where what answers is not a bridge of this version.
 */
export async function openZenohTs(init: ZenohTsInit): Promise<ZenohSession> {
  const library = await loadZenohTs()
  let facade: SocketFacade | undefined
  const socket = await openSocket({
    ...init,
    nothing,
    events: {
      frame: (frame) => {
        init.heard()
        facade?.take(frame)
      },
      gone: (reason) => {
        init.lost(reason)
        facade?.fail(reason)
      },
    },
  })
  facade = new SocketFacade(socket)
  const abandon = () => {
    socket.destroy()
    facade.fail('given up')
  }
  init.signal.addEventListener('abort', abandon, { once: true })
  const timer = init.clock.after(init.timeoutMs, abandon)
  try {
    const session = await openOn(library, facade)
    return new ZenohTsSession(library, session, socket, facade, init)
  } catch (thrown) {
    socket.destroy()
    throw connectFailed(init.endpoint, `no remote-api bridge of Zenoh 1.10 answers there: ${messageOf(thrown)}`, thrown)
  } finally {
    timer.cancel()
    init.signal.removeEventListener('abort', abandon)
  }
}

/**
 * The library dials by itself, without limit of time; so it is given a socket that is open already. It takes the global
 * `WebSocket` in the same turn in which it is called, so nobody else ever sees the one that stands there meanwhile.
 */
function openOn({ Session, Config }: ZenohTs, facade: SocketFacade): Promise<Session> {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
  const stand = function WebSocket() {
    return facade
  }
  Object.defineProperty(globalThis, 'WebSocket', { configurable: true, writable: true, value: stand })
  try {
    return Session.open(new Config('ws/backplane', requestTimeoutMs))
  } finally {
    if (own) Object.defineProperty(globalThis, 'WebSocket', own)
    else Reflect.deleteProperty(globalThis, 'WebSocket')
  }
}

class ZenohTsSession implements ZenohSession {
  readonly #library: ZenohTs
  readonly #session: Session
  readonly #socket: BridgeSocket
  readonly #facade: SocketFacade
  readonly #init: ZenohTsInit
  readonly #congestionControl: number
  /** Checking an expression takes a call into WebAssembly, so those in use are kept. */
  readonly #expressions = new Map<string, KeyExpr>()
  #closing: Promise<void> | undefined

  constructor(library: ZenohTs, session: Session, socket: BridgeSocket, facade: SocketFacade, init: ZenohTsInit) {
    this.#library = library
    this.#session = session
    this.#socket = socket
    this.#facade = facade
    this.#init = init
    const { DROP, BLOCK } = library.CongestionControl
    this.#congestionControl = init.congestion === 'block' ? BLOCK : DROP
  }

  put(key: string, payload: Uint8Array, attachment: Uint8Array): void {
    this.#alive()
    const options = { congestionControl: this.#congestionControl, attachment }
    void this.#session.put(this.#expression(key), payload, options).catch(ignore)
  }

  get({ key, payload, attachment, timeoutMs, onReply, onError, onEnd }: OutgoingQuery): void {
    this.#alive()
    const { Duration, QueryTarget, ConsolidationMode } = this.#library
    const reply = (reply: Reply) => {
      const result = reply.result()
      const bytes = result.payload().toBytes()
      if (isSample(result)) onReply(bytes)
      else onError(bytes, result.encoding().toString())
    }
    const options = {
      payload,
      attachment,
      timeout: Duration.milliseconds.of(Math.min(timeoutMs + queryGraceMs, 2 ** 32 - 1)),
      target: QueryTarget.ALL,
      consolidation: ConsolidationMode.NONE,
      handler: [reply, () => this.#whileOpen(onEnd)] as const,
    }
    void this.#session.get(this.#expression(key), options).catch(ignore)
  }

  async declareSubscriber(expression: string, onSample: (sample: ZenohSample) => void): Promise<Declaration> {
    const put = this.#library.SampleKind.PUT
    const take = (sample: Sample) => {
      // A deletion is no message.
      if (sample.kind() !== put) return
      const attachment = sample.attachment()?.toBytes()
      onSample({ key: sample.keyexpr().toString(), payload: sample.payload().toBytes(), attachment })
    }
    return this.#declare(this.#session.declareSubscriber(this.#expression(expression), { handler: [take, ignore] }))
  }

  async declareQueryable(expression: string, onQuery: (query: IncomingQuery) => void): Promise<Declaration> {
    const take = (query: Query) => onQuery(new ZenohTsQuery(query, (key) => this.#expression(key)))
    this.#facade.declaring()
    try {
      const options = { complete: true, handler: [take, ignore] as const }
      return await this.#declare(this.#session.declareQueryable(this.#expression(expression), options))
    } finally {
      this.#facade.declared()
    }
  }

  declareToken(key: string): Promise<Declaration> {
    return this.#declare(this.#session.liveliness().declareToken(this.#expression(key)))
  }

  watchTokens(expression: string, onChange: (key: string, alive: boolean) => void): Promise<Declaration> {
    const put = this.#library.SampleKind.PUT
    const take = (sample: Sample) => onChange(sample.keyexpr().toString(), sample.kind() === put)
    const options = { handler: [take, ignore] as const }
    return this.#declare(this.#session.liveliness().declareSubscriber(this.#expression(expression), options))
  }

  tokens(expression: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const found: string[] = []
      const take = (reply: Reply) => {
        const result = reply.result()
        if (isSample(result)) found.push(result.keyexpr().toString())
      }
      const options = {
        timeout: this.#library.Duration.milliseconds.of(5000),
        handler: [take, () => (this.#closing ? reject(this.#gone()) : resolve(found))] as const,
      }
      this.#session.liveliness().get(this.#expression(expression), options).catch(reject)
    })
  }

  async roundTrip(): Promise<void> {
    await this.#session.newTimestamp()
  }

  get unwritten(): number {
    return this.#socket.unwritten
  }

  room(): Promise<void> | undefined {
    return this.#socket.room()
  }

  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    await this.#socket.close()
    this.#facade.fail('the session is closed')
    await this.#session.close().catch(ignore)
  }

  async #declare(declaring: Promise<{ undeclare(): Promise<void> }>): Promise<Declaration> {
    const declared = await declaring
    // With the session, all that was declared on it has gone.
    return async () => {
      if (this.#socket.open) await declared.undeclare()
    }
  }

  #expression(text: string): KeyExpr {
    const kept = this.#expressions.get(text)
    if (kept) return kept
    const made = new this.#library.KeyExpr(text)
    if (this.#expressions.size >= keptExpressions) this.#expressions.clear()
    this.#expressions.set(text, made)
    return made
  }

  /** The library calls what it holds once more when it is closed; by then everything has been told already. */
  #whileOpen(run: () => void): void {
    if (!this.#closing && this.#socket.open) run()
  }

  #alive(): void {
    if (!this.#socket.open) throw this.#gone()
  }

  #gone(): BackplaneError {
    return contractError('BP_DISCONNECTED', { details: { address: this.#init.endpoint } })
  }
}

class ZenohTsQuery implements IncomingQuery {
  readonly #query: Query
  readonly #expression: (key: string) => KeyExpr

  constructor(query: Query, expression: (key: string) => KeyExpr) {
    this.#query = query
    this.#expression = expression
  }

  get key(): string {
    return this.#query.keyExpr().toString()
  }

  get payload(): Uint8Array {
    return this.#query.payload()?.toBytes() ?? new Uint8Array()
  }

  get attachment(): Uint8Array | undefined {
    return this.#query.attachment()?.toBytes()
  }

  reply(payload: Uint8Array, key?: string): void {
    const expression = key === undefined ? this.#query.keyExpr() : this.#expression(key)
    void this.#query.reply(expression, payload).catch(ignore)
  }

  replyError(payload: Uint8Array, encoding: string): void {
    void this.#query.replyErr(payload, { encoding }).catch(ignore)
  }

  end(): void {
    void this.#query.finalize().catch(ignore)
  }
}

function isSample(result: Sample | ReplyError): result is Sample {
  return 'keyexpr' in result
}

/** A failure here is that of the link, which is told where the socket tells it. */
function ignore(): void {}
