import type { Duplex } from 'node:stream'
import { coreError } from '@backplane/core'
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import { type ChannelOptions, Client, credentials } from '@grpc/grpc-js'
import { type ServiceHandle, serviceHandle } from '../client/service.ts'
import { watchedChannel } from '../client/watched-channel.ts'
import { handshakeError } from '../errors.ts'
import { type PluginAddress, parsePluginAddress } from '../handshake/line.ts'
import { type ListenInit, openListener } from '../net/listener.ts'
import type { ConnInfo } from '../wire/messages.ts'
import type { DialTarget, DialTls, ServeTls, Wire, WireChannel } from '../wire/wire.ts'
import { brokerTimeoutMs, Mailbox } from './mailbox.ts'
import type { BrokerStream } from './stream.ts'

/** A service with what answers it, in the form that grpc-js's `server.addService` takes. */
export interface ServedService {
  readonly service: ServiceDefinition
  readonly implementation: UntypedServiceImplementation
}

/**
 * Connections of their own between host and plugin, named by numbers: for callbacks and streams beside the main one.
 */
export interface Broker {
  /** Gives an id that this side has not used; ids of the two sides are apart. */
  nextId(): number
  /**
   * Serves `services` to anyone who on the other side dials `id`. Resolves once the other side has been told; dispose
   * what it gives to stop serving. For one use only: an id is not served twice.
   *
   * @throws BP_HANDSHAKE_BROKER_CLOSED, BP_HANDSHAKE_LISTEN
   */
  accept(
    id: number,
    services: readonly ServedService[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<BrokerServer>
  /**
   * Connects to what the other side accepts under `id`.
   *
   * @throws BP_HANDSHAKE_BROKER_TIMEOUT when the other side does not accept that id within five seconds
   */
  dial(id: number, options?: BrokerDialInit): Promise<BrokerConnection>
}

/** Options of {@link Broker.dial}. */
export interface BrokerDialInit {
  /** Gives up dialling. */
  readonly signal?: AbortSignal
  /** Added to the channel's options. */
  readonly options?: ChannelOptions
}

/** A service that this side serves under a broker id. */
export interface BrokerServer extends AsyncDisposable {
  readonly id: number
  close(): Promise<void>
}

/** A connection to what the other side serves under a broker id. */
export interface BrokerConnection extends AsyncDisposable, ServiceHandle {
  readonly id: number
  close(): Promise<void>
}

/** How brokered connections come about when they share the main connection. */
export interface BrokerMuxer {
  /** Opens a stream to the other side. */
  open(): Duplex
  /** Hands the next stream that the other side opens to `take`. */
  armNext(take: (stream: Duplex) => void): void
}

/** What a broker is made of. */
export interface BrokerInit {
  readonly stream: BrokerStream
  readonly wire: Wire
  readonly listen: ListenInit
  readonly dialTls?: DialTls
  readonly serveTls?: ServeTls
  readonly muxer?: BrokerMuxer
  /** Rewrites addresses for runners whose plugin lives in another file system or network. */
  readonly translate?: {
    readonly pluginToHost?: (network: string, address: string) => { network: string; address: string }
    readonly hostToPlugin?: (network: string, address: string) => { network: string; address: string }
  }
  readonly options?: ChannelOptions
}

/** The broker of one side. Closing it closes every connection and listener that came of it. */
export class GrpcBroker implements Broker {
  readonly #init: BrokerInit
  readonly #forDialers = new Mailbox<ConnInfo>()
  readonly #forListeners = new Mailbox<ConnInfo>()
  readonly #open = new Set<{ close(): Promise<void> }>()
  #lastId = 0
  #closed = false
  /** Knock and open go together: the other side hands the next stream to the id that was knocked last. */
  #dialing: Promise<unknown> = Promise.resolve()

  constructor(init: BrokerInit) {
    this.#init = init
    init.stream.onReceive((info) => {
      const isKnock = info.knock?.knock === true && !info.knock.ack
      const box = isKnock ? this.#forListeners : this.#forDialers
      box.put(info.serviceId, info)
    })
  }

  nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0
    return this.#lastId
  }

  async accept(
    id: number,
    services: readonly ServedService[],
    options: { signal?: AbortSignal } = {},
  ): Promise<BrokerServer> {
    this.#check(options.signal)
    const { wire, serveTls, muxer } = this.#init
    const server = wire.server(this.#init.options)
    for (const { service, implementation } of services) server.addService(service, implementation)
    const onConnection = (connection: Duplex) => server.accept(connection, serveTls)
    const stop = muxer ? this.#answerKnocks(id, muxer, onConnection) : await this.#announce(id, onConnection)
    const handle = this.#track(async () => {
      options.signal?.removeEventListener('abort', abort)
      await stop()
      await server.close(100)
    })
    const abort = () => void handle.close()
    options.signal?.addEventListener('abort', abort)
    return { id, ...handle }
  }

  async dial(id: number, options: BrokerDialInit = {}): Promise<BrokerConnection> {
    this.#check(options.signal)
    const { wire, dialTls, muxer } = this.#init
    const target: DialTarget = muxer
      ? await this.#muxTarget(id, muxer, options.signal)
      : await this.#addressOf(id, options.signal)
    const wired = await wire.dial(target, {
      ...(dialTls && { tls: dialTls }),
      options: { ...this.#init.options, ...options.options },
    })
    const watched = watchedChannel(wired.channel, { explain: async (status) => status })
    const client = stubOver(watched)
    const handle = this.#track(async () => {
      client.close()
      wired.close()
      watched.fail('the brokered connection was closed')
    })
    return { id, ...handle, ...serviceHandle(watched.channel, client) }
  }

  /** Ends everything that came of this broker. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#forDialers.close()
    this.#forListeners.close()
    this.#init.stream.close()
    await Promise.all([...this.#open].map((entry) => entry.close()))
  }

  #check(signal: AbortSignal | undefined): void {
    if (this.#closed) throw handshakeError('BP_HANDSHAKE_BROKER_CLOSED')
    if (signal?.aborted) throw coreError('BP_ABORTED', { cause: signal.reason })
  }

  #track(end: () => Promise<void>): { close(): Promise<void>; [Symbol.asyncDispose](): Promise<void> } {
    let closing: Promise<void> | undefined
    const close = () => {
      closing ??= end().finally(() => this.#open.delete(entry))
      return closing
    }
    const entry = { close, [Symbol.asyncDispose]: close }
    this.#open.add(entry)
    return entry
  }

  async #announce(id: number, onConnection: (connection: Duplex) => void): Promise<() => Promise<void>> {
    const listener = await openListener(this.#init.listen, onConnection)
    const { network, address } = listener.address
    const seen = this.#init.translate?.hostToPlugin?.(network, address) ?? listener.address
    this.#init.stream.send({ serviceId: id, network: seen.network, address: seen.address })
    return () => listener.close()
  }

  #answerKnocks(id: number, muxer: BrokerMuxer, onConnection: (connection: Duplex) => void): () => Promise<void> {
    const stop = new AbortController()
    const answer = async () => {
      while (!stop.signal.aborted && !this.#closed) {
        // A listener may be knocked again at any time: a gRPC client dials again when its connection breaks.
        const knock = await this.#forListeners.take(id, stop.signal, 2 ** 30)
        if (!knock || stop.signal.aborted) return
        muxer.armNext(onConnection)
        this.#init.stream.send({
          serviceId: id,
          network: '',
          address: '',
          knock: { knock: true, ack: true, error: '' },
        })
      }
    }
    void answer()
    return async () => stop.abort()
  }

  async #addressOf(id: number, signal: AbortSignal | undefined): Promise<PluginAddress> {
    const info = await this.#forDialers.take(id, signal)
    if (!info) throw this.#missed(signal, 'timeout waiting for connection info')
    const where = this.#init.translate?.pluginToHost?.(info.network, info.address) ?? info
    return parsePluginAddress(where.network, where.address)
  }

  /** The first connection is made here, so that a missing listener shows at `dial` and not at the first call. */
  async #muxTarget(id: number, muxer: BrokerMuxer, signal: AbortSignal | undefined): Promise<DialTarget> {
    let first: Duplex | undefined = await this.#knockAndOpen(id, muxer, signal)
    return {
      open: async () => {
        const stream = first
        first = undefined
        return stream && !stream.destroyed ? stream : this.#knockAndOpen(id, muxer, undefined)
      },
    }
  }

  #knockAndOpen(id: number, muxer: BrokerMuxer, signal: AbortSignal | undefined): Promise<Duplex> {
    const turn = this.#dialing.then(async () => {
      this.#check(signal)
      this.#init.stream.send({
        serviceId: id,
        network: '',
        address: '',
        knock: { knock: true, ack: false, error: '' },
      })
      const reply = await this.#forDialers.take(id, signal, brokerTimeoutMs)
      if (!reply) throw this.#missed(signal, `timeout waiting for multiplexing knock handshake on id ${id}`)
      if (!reply.knock?.ack || reply.knock.error !== '') {
        const said = reply.knock?.error ?? 'the answer was not a knock'
        throw handshakeError('BP_HANDSHAKE_BROKER_TIMEOUT', {
          details: { reason: `failed to knock for id ${id}: ${said}` },
        })
      }
      return muxer.open()
    })
    this.#dialing = turn.catch(() => {})
    return turn
  }

  #missed(signal: AbortSignal | undefined, reason: string) {
    if (signal?.aborted) return coreError('BP_ABORTED', { cause: signal.reason })
    if (this.#closed) return handshakeError('BP_HANDSHAKE_BROKER_CLOSED')
    return handshakeError('BP_HANDSHAKE_BROKER_TIMEOUT', { details: { reason } })
  }
}

/** A bare grpc-js client over a channel that already exists. */
export function stubOver(wired: Pick<WireChannel, 'channel'>): Client {
  return new Client('plugin', credentials.createInsecure(), { channelOverride: wired.channel })
}
