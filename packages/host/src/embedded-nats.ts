import type {
  MessageHandler,
  RequestHandler,
  RequestOptions,
  SubscribeOptions,
  Transport,
  TransportComponents,
  TransportEvent,
  TransportFactory,
  TransportOptions,
} from '@backplane/core'
import { coreError } from '@backplane/core'
import { natsTransport } from '@backplane/transport-nats'
import { type NatsBroker, natsBroker } from '@backplane/transport-nats/broker'

/** Options of {@link embeddedNats}. */
export interface EmbeddedNatsInit {
  /** Port on 127.0.0.1; 0 takes a free one, which the transport's `address` tells once connected. @default 4222 */
  readonly port?: number
}

/**
 * A NATS transport that brings its own broker: connecting starts it, closing ends it. Other processes of this machine
 * connect to its address with any NATS client. For several machines run nats-server and use `natsTransport` instead.
 *
 * `connect` rejects with `BP_PORT_IN_USE` as well.
 */
export function embeddedNats(init: EmbeddedNatsInit = {}): TransportFactory {
  return (components) => new EmbeddedNats(init.port ?? 4222, components)
}

class EmbeddedNats implements Transport {
  readonly kind = 'nats'
  readonly #components: TransportComponents
  readonly #broker: NatsBroker
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  /** Made when the broker listens: before, its port may not be known. */
  #client: Transport | undefined
  #closing: Promise<void> | undefined

  constructor(port: number, components: TransportComponents) {
    this.#components = components
    this.#broker = natsBroker({ port })(components)
  }

  get status() {
    return this.#client?.status ?? (this.#closing ? 'closed' : 'idle')
  }

  get address() {
    return this.#broker.url
  }

  get maxPayload() {
    return this.#client?.maxPayload ?? 1024 * 1024
  }

  async connect(options?: TransportOptions): Promise<void> {
    await this.#broker.listen(options?.signal ? { signal: options.signal } : {})
    this.#client ??= this.#makeClient()
    await this.#client.connect(options)
  }

  publish(subject: string, payload: Uint8Array, options?: TransportOptions) {
    return this.#ready((client) => client.publish(subject, payload, options))
  }

  flush(options?: TransportOptions) {
    return this.#ready((client) => client.flush(options))
  }

  subscribe(pattern: string, handler: MessageHandler, options?: SubscribeOptions) {
    return this.#ready((client) => client.subscribe(pattern, handler, options))
  }

  request(subject: string, payload: Uint8Array, options?: RequestOptions) {
    return this.#ready((client) => client.request(subject, payload, options))
  }

  serve(pattern: string, handler: RequestHandler, options?: SubscribeOptions) {
    return this.#ready((client) => client.serve(pattern, handler, options))
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close(options?: { readonly drainMs?: number }): Promise<void> {
    this.#closing ??= this.#end(options)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #end(options?: { readonly drainMs?: number }): Promise<void> {
    await this.#client?.close(options)
    await this.#broker.close()
    this.#listeners.clear()
  }

  #makeClient(): Transport {
    const client = natsTransport({ servers: this.#broker.url })(this.#components)
    client.onStatus((event) => {
      for (const listener of this.#listeners) listener(event)
    })
    return client
  }

  #ready<T>(use: (client: Transport) => Promise<T>): Promise<T> {
    if (this.#client) return use(this.#client)
    const closed = coreError('BP_CLOSED', { details: { what: 'The embedded NATS transport' } })
    return Promise.reject(this.#closing ? closed : coreError('BP_DISCONNECTED', { details: { address: this.address } }))
  }
}
