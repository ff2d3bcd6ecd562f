import {
  type BackplaneError,
  coreError,
  type Message,
  type MessageHandler,
  messageOf,
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
import { validatePattern, validateSubject } from '@backplane/core/subjects'
import { Answering, refusalCodes } from './answering.ts'
import { type Call, CallTable } from './calls.ts'
import { type ClientEvents, errorCodeHeader, errorHeader, type NatsClient, type NatsMessage } from './client.ts'
import { connectClient, serversOf } from './connecting.ts'
import { Inbound } from './inbound.ts'
import { type NatsTransportComponents, type NatsTransportInit, settingsOf, type TransportSettings } from './options.ts'
import { addressOf, type ServerAddress } from './servers.ts'

/**
 * Makes a transport over NATS: a broker on this machine, a server, or a cluster.
 *
 * Not for JetStream, and it needs none: it uses core subjects and `_INBOX` alone, so the narrowest permissions suffice.
 *
 * @example
 * const transport = natsTransport({ servers: 'nats://127.0.0.1:4222' })({ logger: silentLogger, clock: systemClock })
 * await transport.connect()
 */
export function natsTransport(init: NatsTransportInit = {}): (components: NatsTransportComponents) => Transport {
  const settings = settingsOf(init)
  validateSubject(settings.inboxPrefix)
  const servers = serversOf(settings.servers)
  return (components) => new NatsTransport(settings, servers, components)
}

const defaultTimeoutMs = 10_000
const defaultRequestTimeoutMs = 5000
const defaultMaxPending = 65_536
const defaultDrainMs = 1000
/** Until a broker says otherwise: nats-server's default. */
const defaultMaxPayload = 1024 * 1024
/** A longer one would be cut off by a broker's limit for a protocol line (4096), and the whole connection with it. */
const longestSubject = 3800

/** One subscription or served subject; it is made again on each new connection. */
interface Entry {
  readonly pattern: string
  readonly queue: string | undefined
  deliver(message: NatsMessage): void
  close(): void
  /** Resolves when nothing of it is under way. */
  idle(): Promise<void>
  native: { unsubscribe(): void } | undefined
  forbidden: string | undefined
}

class NatsTransport implements Transport {
  readonly kind = 'nats'
  readonly #settings: TransportSettings
  readonly #servers: readonly ServerAddress[]
  readonly #components: NatsTransportComponents
  readonly #calls: CallTable
  readonly #entries = new Set<Entry>()
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  /** Aborts what is being made when the transport closes. */
  readonly #lifetime = new AbortController()
  /** Aborts the handlers that outlast the drain. */
  readonly #handlers = new AbortController()
  readonly #inbox: string
  #status: TransportStatus = 'idle'
  #client: NatsClient | undefined
  #connecting: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #maxPayload = defaultMaxPayload
  #inboxForbidden: string | undefined

  constructor(settings: TransportSettings, servers: readonly ServerAddress[], components: NatsTransportComponents) {
    this.#settings = settings
    this.#servers = servers
    this.#components = components
    this.#calls = new CallTable(components.clock)
    this.#inbox = `${settings.inboxPrefix}.${crypto.randomUUID().replaceAll('-', '')}.`
  }

  get status(): TransportStatus {
    return this.#status
  }

  get address(): string {
    if (this.#client) return `nats://${this.#client.server}`
    return this.#servers[0] ? addressOf(this.#servers[0]) : 'nats://127.0.0.1:4222'
  }

  get maxPayload(): number {
    return this.#maxPayload
  }

  async connect({ signal, timeoutMs = defaultTimeoutMs }: TransportOptions = {}): Promise<void> {
    this.#throwIfClosed()
    throwIfAborted(signal)
    if (this.#status === 'connected') return
    if (this.#connecting) {
      await within(this.#connecting, this.#limit('Connecting', timeoutMs, signal))
      return
    }
    this.#connecting = this.#open(timeoutMs, signal).finally(() => {
      this.#connecting = undefined
    })
    await this.#connecting
  }

  publish(subject: string, payload: Uint8Array, options?: TransportOptions): Promise<void> {
    try {
      throwIfAborted(options?.signal)
      this.#ready(subject, payload).publish(subject, payload)
      return Promise.resolve()
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  request(subject: string, payload: Uint8Array, options?: RequestOptions): Promise<Message> {
    try {
      throwIfAborted(options?.signal)
      const client = this.#ready(subject, payload)
      if (this.#inboxForbidden !== undefined) throw refused(subject, this.#inboxForbidden)
      const { id, answer } = this.#calls.open(subject, options?.timeoutMs ?? defaultRequestTimeoutMs, options?.signal)
      client.publish(subject, payload, this.#inbox + id)
      return answer
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  async flush({ signal, timeoutMs = defaultTimeoutMs }: TransportOptions = {}): Promise<void> {
    throwIfAborted(signal)
    const client = this.#connected()
    const flushed = client.flush().catch((thrown) => {
      throw this.#status === 'closed' ? closedError() : this.#disconnectedError(thrown)
    })
    await within(flushed, this.#limit('The flush', timeoutMs, signal))
  }

  subscribe(pattern: string, handler: MessageHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    const inbound = new Inbound(handler, options.maxPending ?? defaultMaxPending, {
      dropped: (dropped) => this.#emit({ type: 'slow', subject: pattern, dropped }),
      failed: (thrown) => this.#handlerFailed(pattern, thrown),
    })
    return this.#add(pattern, options, {
      deliver: ({ subject, data }) => inbound.push({ subject, payload: data }),
      close: () => inbound.close(),
      idle: () => Promise.resolve(),
    })
  }

  serve(pattern: string, handler: RequestHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    const transport = this
    const answering = new Answering(handler, options.maxPending ?? defaultMaxPending, {
      signal: this.#handlers.signal,
      get maxPayload() {
        return transport.#maxPayload
      },
      answer: (reply, payload) => this.#whenUp((client) => client.publish(reply, payload)),
      refuse: (reply, refusal) => this.#whenUp((client) => client.refuse(reply, refusal)),
      busy: (dropped) => this.#emit({ type: 'slow', subject: pattern, dropped }),
      failed: (thrown) => this.#handlerFailed(pattern, thrown),
    })
    return this.#add(pattern, options, {
      deliver: (message) => answering.push(message),
      close: () => answering.close(),
      idle: () => answering.idle(),
    })
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close({ drainMs = defaultDrainMs }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#shutDown(drainMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #open(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#components
    const before = this.#status
    this.#status = 'connecting'
    const given = new AbortController()
    const either = AbortSignal.any([this.#lifetime.signal, given.signal])
    try {
      const connected = connectClient({
        settings: this.#settings,
        servers: this.#servers,
        clock,
        timeoutMs,
        signal: either,
        events: this.#events(),
      }).then(async (client) => {
        await this.#attach(client)
        return client
      })
      await within(connected, { clock, timeoutMs, what: `Connecting to ${this.address}`, signal })
      this.#throwIfClosed()
      this.#status = 'connected'
      this.#emit({ type: 'connected' })
    } catch (thrown) {
      given.abort(thrown)
      const client = this.#client
      this.#client = undefined
      await client?.close()
      if (this.#lifetime.signal.aborted) throw closedError()
      this.#status = before
      throw thrown
    }
  }

  /** Makes everything that was subscribed to on a new connection. */
  async #attach(client: NatsClient): Promise<void> {
    this.#client = client
    this.#maxPayload = client.maxPayload
    this.#inboxForbidden = undefined
    client.subscribe(
      `${this.#inbox}*`,
      undefined,
      (message) => this.#answered(message),
      (reason) => {
        this.#inboxForbidden = reason
      },
    )
    for (const entry of this.#entries) this.#attachEntry(client, entry)
    // Forbidden subscriptions are told of before the flush returns.
    await client.flush()
  }

  /** The library has sent its subscriptions again: it counts as connected once the broker has them. */
  async #reattached(): Promise<void> {
    const client = this.#client
    if (this.#status !== 'disconnected' || !client) return
    this.#maxPayload = client.maxPayload
    try {
      await client.flush()
    } catch {
      return
    }
    if (this.#status !== 'disconnected' || this.#client !== client) return
    this.#status = 'connected'
    this.#emit({ type: 'connected' })
  }

  #attachEntry(client: NatsClient, entry: Entry): void {
    entry.native = client.subscribe(entry.pattern, entry.queue, entry.deliver, (reason) => {
      entry.forbidden = reason
      this.#emit({ type: 'error', error: refused(entry.pattern, reason) })
    })
  }

  async #add(
    pattern: string,
    { queue, signal, maxPending = defaultMaxPending }: SubscribeOptions,
    behaviour: Pick<Entry, 'deliver' | 'close' | 'idle'>,
  ): Promise<Subscription> {
    validatePattern(pattern)
    checkLength(pattern)
    if (queue !== undefined) checkQueue(queue)
    if (!(maxPending >= 1)) throw invalid('maxPending', 'it must be 1 or more')
    throwIfAborted(signal)
    const client = this.#connected()
    const entry: Entry = { pattern, queue, native: undefined, forbidden: undefined, ...behaviour }
    this.#entries.add(entry)
    this.#attachEntry(client, entry)
    const remove = () => {
      signal?.removeEventListener('abort', remove)
      if (!this.#entries.delete(entry)) return
      entry.close()
      entry.native?.unsubscribe()
    }
    try {
      await this.flush(signal ? { signal } : {})
      if (entry.forbidden !== undefined) throw refused(pattern, entry.forbidden)
    } catch (thrown) {
      remove()
      throw thrown
    }
    signal?.addEventListener('abort', remove, { once: true })
    const unsubscribe = async () => {
      const live = this.#entries.has(entry)
      remove()
      // So that a publisher elsewhere finds nobody any more; where the broker does not answer, it is of no use to wait.
      if (live && this.#status === 'connected') await this.flush({ timeoutMs: 1000 }).catch(() => {})
    }
    return { pattern, unsubscribe, [Symbol.asyncDispose]: unsubscribe }
  }

  #answered(message: NatsMessage): void {
    const { subject, data } = message
    const call = this.#calls.take(subject.slice(this.#inbox.length))
    if (!call) return
    const { headers } = message
    if (headers) {
      const failure = failureOf(call, headers, data)
      if (failure) {
        call.fail(failure)
        return
      }
    }
    call.settle({ subject, payload: data })
  }

  #events(): ClientEvents {
    const gone = (reason?: string) => {
      if (this.#status !== 'connected') return
      this.#status = 'disconnected'
      this.#calls.failAll(() => this.#disconnectedError())
      this.#emit(reason === undefined ? { type: 'disconnected' } : { type: 'disconnected', reason })
    }
    return {
      disconnected: gone,
      reconnecting: () => {
        if (this.#status === 'disconnected') this.#emit({ type: 'reconnecting' })
      },
      reconnected: () => void this.#reattached(),
      publishForbidden: (subject, reason) => {
        const error = refused(subject, reason)
        const waiting = (call: Call) => call.subject === subject
        this.#calls.failAll(() => error, waiting)
        this.#emit({ type: 'error', error })
      },
      error: (error) => this.#emit({ type: 'error', error: this.#brokerError(error) }),
      ended: (error) => {
        if (this.#status === 'closed' || this.#status === 'connecting') return
        gone(error === undefined ? undefined : messageOf(error))
        this.#client = undefined
        if (error !== undefined) this.#emit({ type: 'error', error: this.#brokerError(error) })
      },
    }
  }

  async #shutDown(drainMs: number): Promise<void> {
    const { clock } = this.#components
    const wasConnected = this.#status === 'connected'
    const client = this.#client
    this.#status = 'closed'
    this.#lifetime.abort(closedError())
    this.#calls.failAll(closedError)
    this.#calls.stop()
    const entries = [...this.#entries]
    this.#entries.clear()
    for (const entry of entries) {
      entry.close()
      entry.native?.unsubscribe()
    }
    if (client && wasConnected) {
      const drained = Promise.all(entries.map((entry) => entry.idle()))
      await within(drained, { clock, timeoutMs: drainMs, what: 'The drain' }).catch(() => {})
      await within(client.flush(), { clock, timeoutMs: 1000, what: 'The flush' }).catch(() => {})
    }
    this.#handlers.abort(closedError())
    await this.#connecting?.catch(() => {})
    this.#client = undefined
    await client?.close().catch((thrown) => this.#components.logger.warn({ reason: messageOf(thrown) }, 'NATS close'))
    this.#emit({ type: 'closed' })
    this.#listeners.clear()
  }

  #ready(subject: string, payload: Uint8Array): NatsClient {
    validateSubject(subject)
    checkLength(subject)
    if (!(payload instanceof Uint8Array)) throw invalid('payload', 'it is not a Uint8Array')
    const client = this.#connected()
    if (payload.length <= this.#maxPayload) return client
    throw coreError('BP_PAYLOAD_TOO_LARGE', { details: { bytes: payload.length, limit: this.#maxPayload } })
  }

  #connected(): NatsClient {
    this.#throwIfClosed()
    if (this.#status === 'connected' && this.#client) return this.#client
    throw this.#disconnectedError()
  }

  /** While handlers finish their work during `close`, the connection is still there. */
  #whenUp(send: (client: NatsClient) => void): void {
    if (!this.#client || (this.#status !== 'connected' && this.#status !== 'closed')) return
    try {
      send(this.#client)
    } catch (thrown) {
      this.#components.logger.warn({ reason: messageOf(thrown) }, 'NATS answer not sent')
    }
  }

  #emit(event: TransportEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (thrown) {
        this.#components.logger.error({ reason: messageOf(thrown) }, 'NATS status listener threw')
      }
    }
  }

  #handlerFailed(pattern: string, thrown: unknown): void {
    this.#components.logger.warn({ pattern, err: thrown }, 'NATS handler failed')
  }

  #limit(what: string, timeoutMs: number, signal: AbortSignal | undefined) {
    return { clock: this.#components.clock, what, timeoutMs, signal }
  }

  #throwIfClosed(): void {
    if (this.#status === 'closed') throw closedError()
  }

  #disconnectedError(cause?: unknown): BackplaneError {
    return coreError('BP_DISCONNECTED', { details: { address: this.address }, cause })
  }

  #brokerError(error: unknown): BackplaneError {
    const details = { address: this.address, reason: messageOf(error) }
    const auth = /authorization|authentication/i.test(details.reason)
    return coreError(auth ? 'BP_AUTH_FAILED' : 'BP_CONNECT_FAILED', { details, cause: error })
  }
}

function failureOf(
  { subject }: Call,
  headers: NonNullable<NatsMessage['headers']>,
  data: Uint8Array,
): BackplaneError | undefined {
  if (headers.code === 503 && data.length === 0) return coreError('BP_NO_RESPONDER', { details: { subject } })
  const code = headers.get(errorCodeHeader)
  const reason = headers.get(errorHeader)
  if (code === '' && reason === '') return undefined
  const sizes = code === refusalCodes.tooLarge ? /^(\d+) (\d+)$/.exec(reason) : null
  if (!sizes) return refused(subject, reason === '' ? `error ${code}` : reason)
  return coreError('BP_PAYLOAD_TOO_LARGE', { details: { bytes: Number(sizes[1]), limit: Number(sizes[2]) } })
}

function refused(subject: string, reason: string): BackplaneError {
  return coreError('BP_REFUSED', { details: { subject, reason } })
}

function closedError(): BackplaneError {
  return coreError('BP_CLOSED', { details: { what: 'The NATS transport' } })
}

function invalid(what: string, reason: string): BackplaneError {
  return coreError('BP_INVALID_ARGUMENT', { details: { what, reason } })
}

function checkLength(subject: string): void {
  if (subject.length <= longestSubject / 4 || Buffer.byteLength(subject) <= longestSubject) return
  const details = { subject: `${subject.slice(0, 40)}…`, kind: 'subject', reason: `it is over ${longestSubject} bytes` }
  throw coreError('BP_SUBJECT_INVALID', { details })
}

/** A queue name goes into a protocol line as it is. */
function checkQueue(queue: string): void {
  if (queue.length > 0 && queue.length <= 256 && !/[\s\p{Cc}]/u.test(queue)) return
  throw invalid('queue', 'it must be 1 to 256 visible characters')
}
