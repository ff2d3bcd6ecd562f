import {
  type BackplaneError,
  coreError,
  messageOf,
  type TransportEvent,
  type TransportOptions,
  type TransportStatus,
  throwIfAborted,
  within,
} from '@backplane/core'
import type { ClientEvents, NatsClient } from './client.ts'
import { connectClient } from './connecting.ts'
import type { NatsTransportComponents, TransportSettings } from './options.ts'
import { addressOf, type ServerAddress } from './servers.ts'

/** What rides on a {@link Link}. */
export interface LinkUser {
  /** A new connection: subscribe what is to be subscribed; the link waits until the broker has it. */
  attach(client: NatsClient): void
  /** The connection has gone. */
  lost(error: BackplaneError): void
  publishForbidden(subject: string, reason: string): void
}

const defaultTimeoutMs = 10_000
/** Until a broker says otherwise: nats-server's default. */
const defaultMaxPayload = 1024 * 1024

/** One way of getting connected, which any number of callers may wait for. */
interface Attempt {
  readonly done: Promise<void>
  readonly controller: AbortController
  waiters: number
}

/**
 * The connection of one transport through all its ups and downs: its status, its events, and the client while there is
 * one.
 */
export class Link {
  readonly #settings: TransportSettings
  readonly #servers: readonly ServerAddress[]
  readonly #components: NatsTransportComponents
  readonly #user: LinkUser
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  readonly #lifetime = new AbortController()
  #status: TransportStatus = 'idle'
  #client: NatsClient | undefined
  #attempt: Attempt | undefined
  #maxPayload = defaultMaxPayload

  constructor(
    settings: TransportSettings,
    servers: readonly ServerAddress[],
    components: NatsTransportComponents,
    user: LinkUser,
  ) {
    this.#settings = settings
    this.#servers = servers
    this.#components = components
    this.#user = user
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

  /** The client of a live connection. Throws `BP_CLOSED` or `BP_DISCONNECTED`. */
  client(): NatsClient {
    if (this.#status === 'connected' && this.#client) return this.#client
    throw this.#status === 'closed' ? closedError() : this.#disconnectedError()
  }

  /**
   * Sends what belongs to work that began before: also while the link closes, and not at all where there is no
   * connection.
   */
  whenUp(send: (client: NatsClient) => void): void {
    if (!this.#client || (this.#status !== 'connected' && this.#status !== 'closed')) return
    try {
      send(this.#client)
    } catch (thrown) {
      this.#components.logger.warn({ reason: messageOf(thrown) }, 'NATS answer not sent')
    }
  }

  async connect({ signal, timeoutMs = defaultTimeoutMs }: TransportOptions = {}): Promise<void> {
    if (this.#status === 'closed') throw closedError()
    throwIfAborted(signal)
    if (this.#status === 'connected') return
    this.#attempt ??= this.#begin(timeoutMs)
    const attempt = this.#attempt
    attempt.waiters++
    const { clock } = this.#components
    try {
      await within(attempt.done, { clock, timeoutMs, signal, what: `Connecting to ${this.address}` })
    } finally {
      // The last to give up takes the attempt with it.
      if (--attempt.waiters === 0) this.#end(attempt)
    }
  }

  async flush({ signal, timeoutMs = defaultTimeoutMs }: TransportOptions = {}): Promise<void> {
    throwIfAborted(signal)
    const flushed = this.client()
      .flush()
      .catch((thrown) => {
        throw this.#status === 'closed' ? closedError() : this.#disconnectedError(thrown)
      })
    await within(flushed, { clock: this.#components.clock, timeoutMs, signal, what: 'The flush' })
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    const own = (event: TransportEvent) => listener(event)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  emit(event: TransportEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (thrown) {
        this.#components.logger.error({ reason: messageOf(thrown) }, 'NATS status listener threw')
      }
    }
  }

  /** Ends it; a live connection first serves `drain`. Must be called once only. */
  async close(drain: (client: NatsClient) => Promise<void>): Promise<void> {
    const wasConnected = this.#status === 'connected'
    const client = this.#client
    const attempt = this.#attempt
    this.#status = 'closed'
    this.#lifetime.abort(closedError())
    if (client && wasConnected) await drain(client)
    await attempt?.done.catch(() => {})
    this.#client = undefined
    await client?.close()
    this.emit({ type: 'closed' })
    this.#listeners.clear()
  }

  #begin(timeoutMs: number): Attempt {
    const controller = new AbortController()
    const signal = AbortSignal.any([this.#lifetime.signal, controller.signal])
    const work = this.#client ? this.#returned() : this.#open(timeoutMs, signal)
    // The library cannot be interrupted: nobody waits for it any longer, and what it brings too late is closed again.
    const done = Promise.race([work, rejectedBy(signal)])
    return { done, controller, waiters: 0 }
  }

  #end(attempt: Attempt): void {
    attempt.controller.abort()
    if (this.#attempt !== attempt) return
    this.#attempt = undefined
    if (this.#status === 'connecting') this.#status = 'idle'
  }

  async #open(timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#status = 'connecting'
    const client = await connectClient({
      settings: this.#settings,
      servers: this.#servers,
      clock: this.#components.clock,
      timeoutMs,
      signal,
      events: this.#events(),
    })
    try {
      this.#user.attach(client)
      // What the broker forbids is told before the flush returns.
      await client.flush()
      signal.throwIfAborted()
    } catch (thrown) {
      await client.close()
      throw signal.aborted ? signal.reason : this.#disconnectedError(thrown)
    }
    this.#client = client
    this.#maxPayload = client.maxPayload
    this.#status = 'connected'
    this.emit({ type: 'connected' })
  }

  /** Resolves when the client has come back by itself. */
  #returned(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.onStatus(({ type }) => {
        if (type !== 'connected' && type !== 'closed') return
        stop()
        resolve()
      })
    })
  }

  #events(): ClientEvents {
    return {
      disconnected: (reason) => this.#gone(reason),
      reconnecting: () => {
        if (this.#status === 'disconnected') this.emit({ type: 'reconnecting' })
      },
      reconnected: () => void this.#reattached(),
      publishForbidden: (subject, reason) => this.#user.publishForbidden(subject, reason),
      error: (error) => this.emit({ type: 'error', error: this.#brokerError(error) }),
      ended: (error) => {
        if (this.#status !== 'connected' && this.#status !== 'disconnected') return
        this.#gone(error === undefined ? undefined : messageOf(error))
        this.#client = undefined
        if (error !== undefined) this.emit({ type: 'error', error: this.#brokerError(error) })
      },
    }
  }

  #gone(reason: string | undefined): void {
    if (this.#status !== 'connected') return
    this.#status = 'disconnected'
    this.#user.lost(this.#disconnectedError())
    this.emit(reason === undefined ? { type: 'disconnected' } : { type: 'disconnected', reason })
  }

  /** The library has sent its subscriptions again: it counts as connected once the broker has them. */
  async #reattached(): Promise<void> {
    const client = this.#client
    if (this.#status !== 'disconnected' || !client) return
    try {
      await client.flush()
    } catch {
      return
    }
    if (this.#status !== 'disconnected' || this.#client !== client) return
    this.#maxPayload = client.maxPayload
    this.#status = 'connected'
    this.emit({ type: 'connected' })
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

/** What everything rejects with after `close`. */
export function closedError(): BackplaneError {
  return coreError('BP_CLOSED', { details: { what: 'The NATS transport' } })
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
