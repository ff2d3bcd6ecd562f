import {
  BackplaneError,
  type Message,
  type MessageHandler,
  type RequestHandler,
  type RequestOptions,
  type SubscribeOptions,
  type Subscription,
  type Transport,
  type TransportEvent,
  type TransportOptions,
  type TransportStatus,
  throwIfAborted,
  within,
} from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import {
  Answering,
  checkOutgoing,
  checkSubscribing,
  Inbound,
  Link,
  PendingRequests,
  payloadTooLarge,
  refusalError,
  transportDefaults,
} from '@backplane/core/transport'
import { type OpenSession, ZenohConnector } from './connector.ts'
import { type Behaviour, Entry } from './entry.ts'
import { keyOf, subjectOf } from './key-expressions.ts'
import { Losses } from './losses.ts'
import {
  settingsOf,
  type TransportSettings,
  type ZenohTransportComponents,
  type ZenohTransportInit,
} from './options.ts'
import { ZenohReplies } from './replies.ts'
import { SampleNumbers } from './sample-numbers.ts'
import type { ZenohSession } from './session.ts'
import { errorReplyOf, QueryIds } from './wire.ts'
import { openZenohTs } from './zenoh-ts/session.ts'

/**
 * Makes a transport over Zenoh, through a remote-api bridge (`backplane zenoh-bridge` runs one).
 *
 * Not for storage, liveliness or attachments of your own: it carries publishes and requests, and nothing else of Zenoh. The
 * client library `@eclipse-zenoh/zenoh-ts` is an optional peer: `connect` loads it, and rejects with
 * `BP_ZENOH_CLIENT_MISSING` or `BP_ZENOH_NODE_TOO_OLD` where it cannot. Throws `BP_INVALID_ARGUMENT` for an option that
 * cannot be meant.
 *
 * @example
 * const transport = zenohTransport({ endpoint: 'ws://127.0.0.1:10000' })({ logger: silentLogger, clock: systemClock })
 * await transport.connect()
 */
export function zenohTransport(init: ZenohTransportInit = {}): (components: ZenohTransportComponents) => Transport {
  const settings = settingsOf(init)
  return (components) =>
    new ZenohTransport(settings, components, (opening) =>
      openZenohTs({
        ...opening,
        endpoint: settings.endpoint,
        tls: settings.tls,
        headers: settings.headers,
        congestion: settings.congestion,
        clock: components.clock,
      }),
    )
}

/** Keys travel with a 16-bit length; far below it, so that what a peer adds still fits. */
const longestSubject = 8000
/** A bridge forgets the oldest query of a client that has more than 1000 open; beyond this many they are refused. */
const mostQueriesUnderWay = 900
/**
 * Who has just joined may not have the routes yet, and a query that meets nobody ends at once. As the driver of Device
 * Connect does, it is asked again: so long after joining, and with so much time between.
 */
const joiningMs = 1000
const askAgainMs = 300
/** So many bytes may wait to be written; what is published beyond them under `congestion: 'drop'` is lost, and told. */
const mostUnwritten = 64 * 1024 * 1024
/** How long to wait for the router where it is a courtesy to others: that something has gone, that last answers are out. */
const courtesyMs = 1000

class ZenohTransport implements Transport {
  readonly kind = 'zenoh'
  readonly address: string
  readonly maxPayload: number
  readonly #components: ZenohTransportComponents
  readonly #link: Link<ZenohSession>
  readonly #replies: ZenohReplies
  readonly #requests: PendingRequests
  readonly #ids = new QueryIds()
  readonly #numbers = new SampleNumbers()
  readonly #mayDrop: boolean
  readonly #losses = new Losses((subject) => this.#link.handlerEvents(subject))
  readonly #entries = new Set<Entry>()
  /** Aborts the handlers that outlast the drain. */
  readonly #handlers = new AbortController()
  #closing: Promise<void> | undefined
  #joined = Number.NEGATIVE_INFINITY

  constructor(settings: TransportSettings, components: ZenohTransportComponents, openSession: OpenSession) {
    this.address = settings.endpoint
    this.maxPayload = settings.maxPayload
    this.#mayDrop = settings.congestion === 'drop'
    this.#components = components
    this.#replies = new ZenohReplies(settings.maxPayload)
    this.#requests = new PendingRequests(components.clock)
    const attach = (session: ZenohSession) => this.#attach(session)
    this.#link = new Link(new ZenohConnector(settings, components, openSession, attach), {
      clock: components.clock,
      logger: components.logger,
      lost: (error) => {
        this.#requests.failAll(() => error)
        for (const entry of this.#entries) entry.forget()
      },
    })
  }

  get status(): TransportStatus {
    return this.#link.status
  }

  connect(options?: TransportOptions): Promise<void> {
    return this.#link.connect(options)
  }

  flush(options?: TransportOptions): Promise<void> {
    return this.#link.use((session) => session.roundTrip(), 'The flush', options)
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    return this.#link.onStatus(listener)
  }

  publish(subject: string, payload: Uint8Array, options?: TransportOptions): Promise<void> {
    try {
      const session = this.#ready(subject, payload, options?.signal)
      const key = keyOf(subject)
      // One that is not sent has its number too, so those who miss it know.
      const attachment = this.#numbers.next(key)
      if (this.#mayDrop && session.unwritten > mostUnwritten) this.#losses.notSent(subject)
      else session.put(key, payload, attachment)
      return session.room() ?? Promise.resolve()
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  request(subject: string, payload: Uint8Array, options?: RequestOptions): Promise<Message> {
    try {
      const session = this.#ready(subject, payload, options?.signal)
      const timeoutMs = options?.timeoutMs ?? transportDefaults.requestTimeoutMs
      const { id, answer } = this.#requests.open(subject, timeoutMs, options?.signal)
      this.#ask(session, id, subject, payload, timeoutMs)
      return answer
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  subscribe(pattern: string, handler: MessageHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    const { maxPending = transportDefaults.maxPending } = options
    const inbound = new Inbound(handler, maxPending, this.#link.handlerEvents(pattern))
    return this.#add(pattern, options, {
      kind: 'subscribe',
      lost: this.#losses.onTheWayTo(pattern),
      push: ({ key, payload }) => inbound.push({ subject: subjectOf(key), payload }),
      close: () => inbound.close(),
      cutOff: () => {},
      idle: () => Promise.resolve(),
    })
  }

  serve(pattern: string, handler: RequestHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    const answering = new Answering(handler, {
      replies: this.#replies,
      maxPending: Math.min(options.maxPending ?? mostQueriesUnderWay, mostQueriesUnderWay),
      signal: this.#handlers.signal,
      events: this.#link.handlerEvents(pattern),
    })
    return this.#add(pattern, options, {
      kind: 'serve',
      lost: this.#losses.onTheWayTo(pattern),
      push: (incoming) =>
        answering.push(subjectOf(incoming.key), incoming.payload, 'end' in incoming ? incoming : undefined),
      close: () => answering.close(),
      cutOff: () => answering.cutOff(),
      idle: () => answering.idle(),
    })
  }

  close({ drainMs = transportDefaults.drainMs }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#shutDown(drainMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #attach(session: ZenohSession): Promise<void> {
    this.#joined = this.#components.clock.now()
    await Promise.all([...this.#entries].map((entry) => entry.attach(session)))
  }

  async #add(pattern: string, options: SubscribeOptions, behaviour: Behaviour): Promise<Subscription> {
    checkSubscribing(pattern, options, longestSubject)
    const { signal } = options
    this.#link.live()
    const entry = new Entry(pattern, options, behaviour)
    this.#entries.add(entry)
    const remove = async () => {
      if (!this.#entries.delete(entry)) return
      // The router is waited for, so that others find nobody any more.
      const { clock } = this.#components
      await within(entry.remove(), { clock, timeoutMs: courtesyMs, what: 'Undeclaring' }).catch(() => {})
    }
    try {
      await this.#link.use((session) => entry.attach(session), `Declaring '${pattern}'`, signal ? { signal } : {})
    } catch (thrown) {
      void remove()
      throw thrown
    }
    return { pattern, unsubscribe: remove, [Symbol.asyncDispose]: remove }
  }

  #ask(session: ZenohSession, id: string, subject: string, payload: Uint8Array, timeoutMs: number): void {
    let refusal: BackplaneError | undefined
    let silent = false
    try {
      session.get({
        key: keyOf(subject),
        payload,
        attachment: this.#ids.next(),
        timeoutMs,
        onReply: (bytes) => this.#requests.take(id)?.settle({ subject, payload: bytes }),
        onError: (bytes, encoding) => {
          const text = new TextDecoder().decode(bytes)
          const kind = errorReplyOf(encoding)
          if (kind === 'silent') silent = true
          else refusal = refusalError(subject, kind, text === '' ? 'error reply without text' : text)
        },
        // Another may still give an answer where one has refused, so only the end decides.
        onEnd: () => {
          if (silent && !refusal) return
          if (!refusal && this.#askAgain(session, id, subject, payload, timeoutMs)) return
          this.#requests.take(id)?.fail(refusal ?? contractError('BP_NO_RESPONDER', { details: { subject } }))
        },
      })
    } catch (thrown) {
      this.#requests.take(id)?.fail(BackplaneError.from(thrown))
    }
  }

  /** Whether a query that met nobody is asked once more, since this session has only just joined. */
  #askAgain(session: ZenohSession, id: string, subject: string, payload: Uint8Array, timeoutMs: number): boolean {
    const { clock } = this.#components
    if (!this.#requests.has(id) || clock.now() - this.#joined > joiningMs) return false
    clock.after(askAgainMs, () => {
      if (!this.#requests.has(id)) return
      if (this.#link.current === session) this.#ask(session, id, subject, payload, timeoutMs)
      else this.#requests.take(id)?.fail(contractError('BP_NO_RESPONDER', { details: { subject } }))
    })
    return true
  }

  #shutDown(drainMs: number): Promise<void> {
    const { clock } = this.#components
    const entries = [...this.#entries]
    const closing = this.#link.close(async (session) => {
      const removed = Promise.all(entries.map((entry) => entry.remove()))
      await within(removed, { clock, timeoutMs: courtesyMs, what: 'Undeclaring' }).catch(() => {})
      const drained = Promise.all(entries.map((entry) => entry.behaviour.idle()))
      await within(drained, { clock, timeoutMs: drainMs, what: 'The drain' }).catch(() => {})
      for (const entry of entries) entry.behaviour.cutOff()
      await within(session.roundTrip(), { clock, timeoutMs: courtesyMs, what: 'The flush' }).catch(() => {})
    })
    this.#requests.failAll(() => this.#link.closedError())
    this.#requests.stop()
    this.#entries.clear()
    for (const entry of entries) entry.behaviour.close()
    return closing.finally(() => this.#handlers.abort(this.#link.closedError()))
  }

  #ready(subject: string, payload: Uint8Array, signal: AbortSignal | undefined): ZenohSession {
    checkOutgoing(subject, payload, longestSubject)
    const session = this.#link.live()
    throwIfAborted(signal)
    if (payload.length > this.maxPayload) throw payloadTooLarge(payload.length, this.maxPayload)
    return session
  }
}
