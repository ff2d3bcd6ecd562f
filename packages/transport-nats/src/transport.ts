import {
  BackplaneError,
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
import { CallTable, Inbound } from '@backplane/core/transport'
import { Answering } from './answering.ts'
import type { NatsClient, NatsMessage } from './client.ts'
import { serversOf } from './connecting.ts'
import { checkLength, checkQueue, failureOf, invalid, refused, tooLarge } from './failures.ts'
import { closedError, Link } from './link.ts'
import { type NatsTransportComponents, type NatsTransportInit, settingsOf, type TransportSettings } from './options.ts'
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

const defaultRequestTimeoutMs = 5000
const defaultMaxPending = 65_536
const defaultDrainMs = 1000
/**
 * How long to wait for the broker where it is a courtesy to others: that a subscription has gone, that last answers are
 * out.
 */
const courtesyMs = 1000

/** What one subscription or served subject does with messages. */
interface Behaviour {
  deliver(message: NatsMessage): void
  close(): void
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
  readonly #link: Link
  readonly #calls: CallTable
  readonly #entries = new Set<Entry>()
  /** Aborts the handlers that outlast the drain. */
  readonly #handlers = new AbortController()
  readonly #inbox: string
  #inboxForbidden: string | undefined
  #closing: Promise<void> | undefined

  constructor(settings: TransportSettings, servers: readonly ServerAddress[], components: NatsTransportComponents) {
    this.#components = components
    this.#calls = new CallTable(components.clock)
    this.#inbox = `${settings.inboxPrefix}.${crypto.randomUUID().replaceAll('-', '')}.`
    this.#link = new Link(settings, servers, components, {
      attach: (client) => this.#attach(client),
      lost: (error) => this.#calls.failAll(() => error),
      publishForbidden: (subject, reason) => {
        const error = refused(subject, reason)
        this.#calls.failAll(
          () => error,
          (call) => call.subject === subject,
        )
        this.#link.emit({ type: 'error', error })
      },
    })
  }

  get status(): TransportStatus {
    return this.#link.status
  }

  get address(): string {
    return this.#link.address
  }

  get maxPayload(): number {
    return this.#link.maxPayload
  }

  connect(options?: TransportOptions): Promise<void> {
    return this.#link.connect(options)
  }

  flush(options?: TransportOptions): Promise<void> {
    return this.#link.flush(options)
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
      const { id, answer } = this.#calls.open(subject, options?.timeoutMs ?? defaultRequestTimeoutMs, options?.signal)
      client.publish(subject, payload, this.#inbox + id)
      return answer
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  subscribe(pattern: string, handler: MessageHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    const inbound = new Inbound(handler, options.maxPending ?? defaultMaxPending, {
      dropped: (dropped) => this.#link.emit({ type: 'slow', subject: pattern, dropped }),
      failed: (thrown) => this.#handlerFailed(pattern, thrown),
    })
    return this.#add(pattern, options, {
      deliver: ({ subject, data }) => inbound.push({ subject, payload: data }),
      close: () => inbound.close(),
      idle: () => Promise.resolve(),
    })
  }

  serve(pattern: string, handler: RequestHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    const link = this.#link
    const answering = new Answering(handler, options.maxPending ?? defaultMaxPending, {
      signal: this.#handlers.signal,
      get maxPayload() {
        return link.maxPayload
      },
      answer: (reply, payload) => link.whenUp((client) => client.publish(reply, payload)),
      refuse: (reply, refusal) => link.whenUp((client) => client.refuse(reply, refusal)),
      dropped: (dropped) => link.emit({ type: 'slow', subject: pattern, dropped }),
      failed: (thrown) => this.#handlerFailed(pattern, thrown),
    })
    return this.#add(pattern, options, {
      deliver: (message) => answering.push(message),
      close: () => answering.close(),
      idle: () => answering.idle(),
    })
  }

  close({ drainMs = defaultDrainMs }: { readonly drainMs?: number } = {}): Promise<void> {
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
    const { queue, signal, maxPending = defaultMaxPending } = options
    validatePattern(pattern)
    checkLength(pattern)
    if (queue !== undefined) checkQueue(queue)
    if (!(maxPending >= 1)) throw invalid('maxPending', 'it must be 1 or more')
    throwIfAborted(signal)
    const client = this.#link.client()
    const entry: Entry = { pattern, queue, native: undefined, forbidden: undefined, ...behaviour }
    this.#entries.add(entry)
    this.#attachEntry(client, entry)
    const remove = () => {
      signal?.removeEventListener('abort', remove)
      if (!this.#entries.delete(entry)) return false
      entry.close()
      entry.native?.unsubscribe()
      return true
    }
    try {
      await this.#link.flush(signal ? { signal } : {})
      if (entry.forbidden !== undefined) throw refused(pattern, entry.forbidden)
    } catch (thrown) {
      remove()
      throw thrown
    }
    signal?.addEventListener('abort', remove, { once: true })
    const unsubscribe = async () => {
      // The broker is waited for, so that others find nobody any more.
      if (remove()) await this.#link.flush({ timeoutMs: courtesyMs }).catch(() => {})
    }
    return { pattern, unsubscribe, [Symbol.asyncDispose]: unsubscribe }
  }

  #answered(message: NatsMessage): void {
    const call = this.#calls.take(message.subject.slice(this.#inbox.length))
    if (!call) return
    const failure = failureOf(call.subject, message)
    if (failure) call.fail(failure)
    else call.settle({ subject: call.subject, payload: message.data })
  }

  #shutDown(drainMs: number): Promise<void> {
    const { clock } = this.#components
    const entries = [...this.#entries]
    const closing = this.#link.close(async (client) => {
      const drained = Promise.all(entries.map((entry) => entry.idle()))
      await within(drained, { clock, timeoutMs: drainMs, what: 'The drain' }).catch(() => {})
      await within(client.flush(), { clock, timeoutMs: courtesyMs, what: 'The flush' }).catch(() => {})
    })
    this.#calls.failAll(closedError)
    this.#calls.stop()
    this.#entries.clear()
    for (const entry of entries) {
      entry.close()
      entry.native?.unsubscribe()
    }
    return closing.finally(() => this.#handlers.abort(closedError()))
  }

  #ready(subject: string, payload: Uint8Array, signal: AbortSignal | undefined): NatsClient {
    validateSubject(subject)
    checkLength(subject)
    if (!(payload instanceof Uint8Array)) throw invalid('payload', 'it is not a Uint8Array')
    const client = this.#link.client()
    throwIfAborted(signal)
    if (payload.length > this.#link.maxPayload) throw tooLarge(payload.length, this.#link.maxPayload)
    return client
  }

  #handlerFailed(pattern: string, thrown: unknown): void {
    this.#components.logger.error({ pattern, reason: messageOf(thrown) }, 'NATS handler failed')
    this.#link.emit({ type: 'error', error: BackplaneError.from(thrown) })
  }
}
