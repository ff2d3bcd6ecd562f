import {
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
import {
  Answering,
  checkOutgoing,
  checkSubscribing,
  Inbound,
  Link,
  PendingRequests,
  payloadTooLarge,
  refused,
  transportDefaults,
} from '@backplane/core/transport'
import type { NatsClient, NatsMessage } from './client.ts'
import { serversOf } from './connecting.ts'
import { NatsConnector } from './connector.ts'
import { failureOf } from './failures.ts'
import { type NatsTransportComponents, type NatsTransportInit, settingsOf, type TransportSettings } from './options.ts'
import { NatsReplies } from './replies.ts'
import type { ServerAddress } from './servers.ts'

/**
 * Makes a transport over NATS: a broker on this machine, a server, or a cluster.
 *
 * Not for JetStream, and it needs none: it uses core subjects and `_INBOX` alone, so the narrowest permissions suffice.
 * Throws `BP_INVALID_ARGUMENT` or `BP_SUBJECT_INVALID` for an option that cannot be meant.
 *
 * @example
 * const transport = natsTransport({ servers: 'nats://127.0.0.1:4222' })({ logger: silentLogger, clock: systemClock })
 * await transport.connect()
 */
export function natsTransport(init: NatsTransportInit = {}): (components: NatsTransportComponents) => Transport {
  const settings = settingsOf(init)
  const servers = serversOf(settings.servers)
  return (components) => new NatsTransport(settings, servers, components)
}

/** A longer one would be cut off by a broker's limit for a protocol line (4096), and the whole connection with it. */
const longestSubject = 3800
/**
 * How long to wait for the broker where it is a courtesy to others: that a subscription has gone, that last answers are
 * out.
 */
const courtesyMs = 1000
/** How long a server that asks its clients to leave is still used, at most, while requests are under way. */
const moveMs = 2000
const lookMs = 20

/** What one subscription or served subject does with messages. */
interface Behaviour {
  deliver(message: NatsMessage): void
  close(): void
  /** Waits no longer for what is under way, and tells those who wait for it. */
  cutOff(): void
  /** Resolves when nothing of it is under way. */
  idle(): Promise<void>
}

/** One subscription or served subject; it is made again on each new client. */
interface Entry extends Behaviour {
  readonly pattern: string
  readonly queue: string | undefined
  native: { unsubscribe(): void } | undefined
  forbidden: string | undefined
}

class NatsTransport implements Transport {
  readonly kind = 'nats'
  readonly #components: NatsTransportComponents
  readonly #connector: NatsConnector
  readonly #link: Link<NatsClient>
  readonly #replies: NatsReplies
  readonly #requests: PendingRequests
  readonly #entries = new Set<Entry>()
  /** Aborts the handlers that outlast the drain. */
  readonly #handlers = new AbortController()
  readonly #inbox: string
  #inboxForbidden: string | undefined
  #closing: Promise<void> | undefined

  constructor(settings: TransportSettings, servers: readonly ServerAddress[], components: NatsTransportComponents) {
    this.#components = components
    this.#requests = new PendingRequests(components.clock)
    this.#inbox = `${settings.inboxPrefix}.${crypto.randomUUID().replaceAll('-', '')}.`
    this.#connector = new NatsConnector(settings, servers, components, {
      attach: (client) => this.#attach(client),
      mayMove: () => this.#quiet(),
      publishForbidden: (subject, reason) => {
        const error = refused(subject, reason)
        this.#requests.failAll(
          () => error,
          (request) => request.subject === subject,
        )
        this.#link.emit({ type: 'error', error })
      },
    })
    this.#link = new Link(this.#connector, {
      clock: components.clock,
      logger: components.logger,
      lost: (error) => this.#requests.failAll(() => error),
    })
    this.#replies = new NatsReplies({ link: this.#link, connector: this.#connector, settings, ...components })
  }

  get status(): TransportStatus {
    return this.#link.status
  }

  get address(): string {
    return this.#connector.address
  }

  get maxPayload(): number {
    return this.#connector.maxPayload
  }

  connect(options?: TransportOptions): Promise<void> {
    return this.#link.connect(options)
  }

  flush(options?: TransportOptions): Promise<void> {
    const flushed = (client: NatsClient) =>
      client.flush().catch((thrown) => {
        throw this.#link.disconnectedError(thrown)
      })
    return this.#link.use(flushed, 'The flush', options)
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    return this.#link.onStatus(listener)
  }

  publish(subject: string, payload: Uint8Array, options?: TransportOptions): Promise<void> {
    try {
      this.#ready(subject, payload, options?.signal).publish(subject, payload)
      return Promise.resolve()
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  request(subject: string, payload: Uint8Array, options?: RequestOptions): Promise<Message> {
    try {
      const client = this.#ready(subject, payload, options?.signal)
      if (this.#inboxForbidden !== undefined) throw refused(subject, this.#inboxForbidden)
      const { id, answer } = this.#requests.open(
        subject,
        options?.timeoutMs ?? transportDefaults.requestTimeoutMs,
        options?.signal,
      )
      client.publish(subject, payload, this.#inbox + id)
      return answer
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  subscribe(pattern: string, handler: MessageHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    const { maxPending = transportDefaults.maxPending } = options
    const inbound = new Inbound(handler, maxPending, this.#link.handlerEvents(pattern))
    return this.#add(pattern, options, {
      deliver: ({ subject, data }) => inbound.push({ subject, payload: data }),
      close: () => inbound.close(),
      cutOff: () => {},
      idle: () => Promise.resolve(),
    })
  }

  serve(pattern: string, handler: RequestHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    const answering = new Answering(handler, {
      replies: this.#replies,
      maxPending: options.maxPending ?? transportDefaults.maxPending,
      signal: this.#handlers.signal,
      events: this.#link.handlerEvents(pattern),
    })
    return this.#add(pattern, options, {
      deliver: ({ subject, data, reply }) => {
        if (!reply || this.#replies.mayAnswer(reply, subject)) answering.push(subject, data, reply || undefined)
      },
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

  #attach(client: NatsClient): void {
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
  }

  #attachEntry(client: NatsClient, entry: Entry): void {
    entry.native = client.subscribe(entry.pattern, entry.queue, entry.deliver, (reason) => {
      entry.forbidden = reason
      this.#link.emit({ type: 'error', error: refused(entry.pattern, reason) })
    })
  }

  async #add(pattern: string, options: SubscribeOptions, behaviour: Behaviour): Promise<Subscription> {
    checkSubscribing(pattern, options, longestSubject)
    const { queue, signal } = options
    const client = this.#link.live()
    const entry: Entry = { pattern, queue, native: undefined, forbidden: undefined, ...behaviour }
    this.#entries.add(entry)
    this.#attachEntry(client, entry)
    const remove = () => {
      if (!this.#entries.delete(entry)) return false
      entry.close()
      entry.native?.unsubscribe()
      return true
    }
    try {
      await this.flush(signal ? { signal } : {})
      if (entry.forbidden !== undefined) throw refused(pattern, entry.forbidden)
    } catch (thrown) {
      remove()
      throw thrown
    }
    const unsubscribe = async () => {
      // The broker is waited for, so that others find nobody any more.
      if (remove()) await this.flush({ timeoutMs: courtesyMs }).catch(() => {})
    }
    return { pattern, unsubscribe, [Symbol.asyncDispose]: unsubscribe }
  }

  #answered(message: NatsMessage): void {
    const request = this.#requests.take(message.subject.slice(this.#inbox.length))
    if (!request) return
    const failure = failureOf(request.subject, message)
    if (failure) request.fail(failure)
    else request.settle({ subject: request.subject, payload: message.data })
  }

  /** Resolves when no request is under way in either direction, or soon. */
  async #quiet(): Promise<void> {
    const { clock } = this.#components
    const until = clock.now() + moveMs
    const serving = Promise.all([...this.#entries].map((entry) => entry.idle()))
    await within(serving, { clock, timeoutMs: moveMs, what: 'The move' }).catch(() => {})
    while (this.#requests.size > 0 && clock.now() < until) {
      await new Promise<void>((resolve) => clock.after(lookMs, resolve))
    }
  }

  #shutDown(drainMs: number): Promise<void> {
    const { clock } = this.#components
    const entries = [...this.#entries]
    const closing = this.#link.close(async (client) => {
      const drained = Promise.all(entries.map((entry) => entry.idle()))
      await within(drained, { clock, timeoutMs: drainMs, what: 'The drain' }).catch(() => {})
      for (const entry of entries) entry.cutOff()
      await within(client.flush(), { clock, timeoutMs: courtesyMs, what: 'The flush' }).catch(() => {})
    })
    this.#requests.failAll(() => this.#link.closedError())
    this.#requests.stop()
    this.#entries.clear()
    for (const entry of entries) {
      entry.close()
      entry.native?.unsubscribe()
    }
    return closing.finally(() => this.#handlers.abort(this.#link.closedError()))
  }

  #ready(subject: string, payload: Uint8Array, signal: AbortSignal | undefined): NatsClient {
    checkOutgoing(subject, payload, longestSubject)
    const client = this.#link.live()
    throwIfAborted(signal)
    if (payload.length > this.maxPayload) throw payloadTooLarge(payload.length, this.maxPayload)
    return client
  }
}
