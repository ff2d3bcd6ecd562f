import {
  coreError,
  type MessageHandler,
  type RequestHandler,
  type RequestOptions,
  type SubscribeOptions,
  type Transport,
  type TransportEvent,
  type TransportOptions,
} from '@backplane/core'
import { contractError } from '@backplane/core/errors'

/** What a {@link LateTransport} is made of. */
export interface LateTransportInit {
  readonly kind: string
  /** Where it will be connected, as far as that is known. */
  readonly address: () => string
  /** Makes the transport that does the work; asked once, unless it rejects. */
  readonly make: (options?: TransportOptions) => Promise<Transport>
  /** Runs before each try to connect. */
  readonly prepare?: (options?: TransportOptions) => Promise<void>
  /** Runs after the transport is closed. */
  readonly end?: () => Promise<void>
}

/** A listener, and what takes it off the transport that does the work, once there is one. */
interface Listening {
  readonly listener: (event: TransportEvent) => void
  stop: (() => void) | undefined
}

/** A transport that is made when it is connected: what it takes is not there, or not worth loading, before. */
export class LateTransport implements Transport {
  readonly kind: string
  readonly #init: LateTransportInit
  readonly #listening = new Set<Listening>()
  #made: Promise<Transport> | undefined
  #client: Transport | undefined
  #closing: Promise<void> | undefined

  constructor(init: LateTransportInit) {
    this.kind = init.kind
    this.#init = init
  }

  get status() {
    return this.#client?.status ?? (this.#closing ? 'closed' : 'idle')
  }

  get address() {
    return this.#client?.address ?? this.#init.address()
  }

  get maxPayload() {
    return this.#client?.maxPayload ?? 1024 * 1024
  }

  async connect(options?: TransportOptions): Promise<void> {
    if (this.#closing) throw this.#closed()
    await this.#init.prepare?.(options)
    this.#made ??= this.#make(options).catch((error) => {
      this.#made = undefined
      throw error
    })
    const client = await this.#made
    await client.connect(options)
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
    const listening: Listening = { listener, stop: this.#client?.onStatus(listener) }
    this.#listening.add(listening)
    return () => {
      this.#listening.delete(listening)
      listening.stop?.()
    }
  }

  close(options?: { readonly drainMs?: number }): Promise<void> {
    this.#closing ??= this.#end(options)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #make(options?: TransportOptions): Promise<Transport> {
    const client = await this.#init.make(options)
    if (this.#closing) {
      await client.close()
      throw this.#closed()
    }
    for (const listening of this.#listening) listening.stop = client.onStatus(listening.listener)
    this.#client = client
    return client
  }

  async #end(options?: { readonly drainMs?: number }): Promise<void> {
    await this.#client?.close(options)
    await this.#init.end?.()
    this.#listening.clear()
  }

  #closed() {
    return coreError('BP_CLOSED', { details: { what: `The transport over ${this.kind}` } })
  }

  #ready<T>(use: (client: Transport) => Promise<T>): Promise<T> {
    if (this.#client) return use(this.#client)
    if (this.#closing) return Promise.reject(this.#closed())
    return Promise.reject(contractError('BP_DISCONNECTED', { details: { address: this.address } }))
  }
}
