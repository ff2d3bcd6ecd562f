import { type BackplaneError, type Clock, messageOf } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { type Connector, type Link, untilAborted } from '@backplane/core/transport'
import type { ClientEvents, NatsClient } from './client.ts'
import { connectClient } from './connecting.ts'
import { natsError } from './errors.ts'
import type { TransportSettings } from './options.ts'
import { addressOf, type ServerAddress } from './servers.ts'

/** Until a broker says otherwise: nats-server's default. */
const defaultMaxPayload = 1024 * 1024

/** How long a server that asks its clients to leave is still used, at most, while requests are under way. */
const moveMs = 2000

/** Makes the connections of one transport: by the client library, which brings a lost one back by itself. */
export class NatsConnector implements Connector<NatsClient> {
  readonly name = 'NATS'
  readonly #settings: TransportSettings
  readonly #servers: readonly ServerAddress[]
  readonly #clock: Clock
  readonly #begin: (client: NatsClient) => void
  /** Until the library gives it up: also while the connection is lost. */
  #client: NatsClient | undefined
  #maxPayload = defaultMaxPayload

  /** `begin` is called with each new client, before anything is declared on it. */
  constructor(
    settings: TransportSettings,
    servers: readonly ServerAddress[],
    clock: Clock,
    begin: (client: NatsClient) => void,
  ) {
    this.#settings = settings
    this.#servers = servers
    this.#clock = clock
    this.#begin = begin
  }

  get address(): string {
    if (this.#client) return `nats://${this.#client.server}`
    return this.#servers[0] ? addressOf(this.#servers[0]) : 'nats://127.0.0.1:4222'
  }

  get maxPayload(): number {
    return this.#maxPayload
  }

  open(link: Link<NatsClient>, timeoutMs: number, signal: AbortSignal): Promise<void> {
    // The library cannot be interrupted: nobody waits for it any longer, and what it brings too late is closed again.
    return untilAborted(this.#open(link, timeoutMs, signal), signal)
  }

  async end(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.close()
  }

  async #open(link: Link<NatsClient>, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const client = await connectClient({
      settings: this.#settings,
      servers: this.#servers,
      clock: this.#clock,
      timeoutMs,
      signal,
      events: this.#events(link),
    })
    try {
      this.#begin(client)
      await link.attach(client)
      // What the broker forbids is told before the flush returns.
      await client.flush()
      signal.throwIfAborted()
    } catch (thrown) {
      await client.close()
      throw signal.aborted ? signal.reason : link.disconnectedError(thrown)
    }
    this.#up(link, client)
  }

  #up(link: Link<NatsClient>, client: NatsClient): void {
    this.#client = client
    this.#maxPayload = client.maxPayload
    link.up(client)
  }

  #events(link: Link<NatsClient>): ClientEvents {
    return {
      disconnected: (reason) => link.lost(reason),
      reconnecting: () => {
        if (link.status === 'disconnected') link.emit({ type: 'reconnecting' })
      },
      reconnected: () => void this.#reattached(link),
      publishForbidden: (subject, reason) => link.forbidden(subject, reason),
      leaving: () => void this.#leave(link),
      error: (error) => link.emit({ type: 'error', error: this.#brokerError(error) }),
      ended: (error) => {
        if (link.status !== 'connected' && link.status !== 'disconnected') return
        link.lost(error === undefined ? undefined : messageOf(error))
        link.gaveUp()
        this.#client = undefined
        if (error !== undefined) link.emit({ type: 'error', error: this.#brokerError(error) })
      },
    }
  }

  /** The library has sent its subscriptions again: it counts as connected once the broker has them. */
  async #reattached(link: Link<NatsClient>): Promise<void> {
    const client = this.#client
    if (link.status !== 'disconnected' || !client) return
    try {
      await client.flush()
    } catch {
      return
    }
    if (link.status === 'disconnected' && this.#client === client) this.#up(link, client)
  }

  /** A server that is about to go says so (lame duck mode): another one is gone to before it hangs up. */
  async #leave(link: Link<NatsClient>): Promise<void> {
    const client = this.#client
    link.emit({ type: 'leaving', reason: 'the server is about to shut down' })
    await link.quiet(moveMs)
    if (this.#client === client && link.status === 'connected') client?.move()
  }

  #brokerError(error: unknown): BackplaneError {
    const details = { address: this.address, reason: messageOf(error) }
    const init = { details, cause: error }
    if (/authorization|authentication/i.test(details.reason)) return contractError('BP_AUTH_FAILED', init)
    return natsError('BP_NATS_SERVER', init)
  }
}
