import { connect, type Socket } from 'node:net'
import type { Duplex, Writable } from 'node:stream'
import { type BackplaneError, type Logger, messageOf } from '@backplane/core'
import { failureToStart } from '@backplane/core/runtime'
import type { GrpcChannel } from '@backplane/grpc-fast'
import {
  type ChannelOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  connectivityState,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { type BrokerMuxer, GrpcBroker, stubOver } from '../broker/broker.ts'
import { BrokerStream } from '../broker/stream.ts'
import { handshakeError } from '../errors.ts'
import { type PluginAddress, splitHostPort } from '../handshake/line.ts'
import { YamuxSession } from '../mux/yamux.ts'
import type { ListenInit } from '../net/listener.ts'
import type { ConnInfo, StdioData } from '../wire/messages.ts'
import { brokerService, controllerService, healthService, healthServiceName, stdioService } from '../wire/services.ts'
import type { DialTarget, DialTls, ServeTls, Wire, WireChannel } from '../wire/wire.ts'
import { callError, type ServiceHandle, serviceClient, serviceHandle } from './service.ts'
import { type WatchedChannel, type WatchInit, watchedChannel } from './watched-channel.ts'

/** What a connection to a running plugin is made of. */
export interface ConnectionInit extends WatchInit {
  readonly address: PluginAddress
  readonly wire: Wire
  readonly multiplex: boolean
  readonly dialTls?: DialTls
  readonly serveTls?: ServeTls
  readonly listen: ListenInit
  readonly channelOptions?: ChannelOptions
  /** How long it may take until the plugin is heard to speak gRPC, in milliseconds. */
  readonly connectTimeoutMs: number
  readonly logger: Logger
  readonly syncStdout?: Writable
  readonly syncStderr?: Writable
  readonly translate?: ConstructorParameters<typeof GrpcBroker>[0]['translate']
  /** Rejects when there is no use in waiting for the connection any longer. */
  readonly lost: Promise<never>
  /** Turns a failed call into a typed error. */
  readonly onError: (error: ServiceError, path: string) => BackplaneError
}

/** The gRPC side of a running plugin: its channel, its broker, its stdio. */
export class PluginConnection {
  readonly handle: ServiceHandle
  readonly broker: GrpcBroker
  readonly #wired: WireChannel
  readonly #watched: WatchedChannel
  readonly #base: Client
  readonly #session: YamuxSession | undefined
  readonly #init: ConnectionInit
  readonly #stream: BrokerStream
  #later: NodeJS.Timeout | undefined
  #brokerCall: ClientDuplexStream<ConnInfo, ConnInfo> | undefined
  #stdioCall: ClientReadableStream<StdioData> | undefined
  #closed = false

  private constructor(
    init: ConnectionInit,
    wired: WireChannel,
    session: YamuxSession | undefined,
    muxer?: BrokerMuxer,
  ) {
    this.#wired = wired
    this.#session = session
    this.#watched = watchedChannel(wired.channel, init)
    const { channel } = this.#watched
    this.#base = stubOver(wired)
    const watched = stubOver({ channel })
    this.handle = {
      ...serviceHandle(channel, watched),
      service: (definition) => serviceClient(watched, definition, init.onError),
    }
    this.#init = init
    const stream = new BrokerStream(() => this.#openStreams())
    this.#stream = stream
    this.broker = new GrpcBroker({
      stream,
      wire: init.wire,
      listen: init.listen,
      ...(init.dialTls && { dialTls: init.dialTls }),
      ...(init.serveTls && { serveTls: init.serveTls }),
      ...(init.translate && { translate: init.translate }),
      ...(init.channelOptions && { options: init.channelOptions }),
      ...(muxer && { muxer }),
    })
  }

  /**
   * Connects and opens the streams that a host opens first.
   *
   * @throws BP_HANDSHAKE_CONNECT
   */
  static async open(init: ConnectionInit): Promise<PluginConnection> {
    const { connectTimeoutMs } = init
    const mux = init.multiplex ? await openMux(init.address, connectTimeoutMs) : undefined
    const target: DialTarget = mux ? { open: async () => mux.session.open() } : init.address
    const wired = await init.wire.dial(target, {
      ...(init.dialTls && { tls: init.dialTls }),
      ...(init.channelOptions && { options: init.channelOptions }),
      connectTimeoutMs,
    })
    const connected = ready(wired, init)
    // What needs no answer is made while the connection comes about.
    const connection = new PluginConnection(init, wired, mux?.session, mux?.muxer)
    try {
      await Promise.race([connected, init.lost])
    } catch (error) {
      connected.catch(() => {})
      await connection.close()
      throw error
    }
    // A first call that is made at once leaves before them.
    connection.#later = setTimeout(() => connection.#openStreams(), streamsAfterMs)
    return connection
  }

  /**
   * Resolves when the plugin has been heard to speak gRPC.
   *
   * @throws BP_HANDSHAKE_CONNECT
   */
  async settled(): Promise<void> {
    try {
      await this.#wired.settled?.()
    } catch (cause) {
      throw notConnected(this.#init.address, messageOf(cause), cause)
    }
  }

  /** Asks for the plugin's health: anything but SERVING is a failure. */
  async ping(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const health = serviceClient(this.#base, healthService)
    const answer = await health.check({ service: healthServiceName }, { timeoutMs, ...(signal && { signal }) })
    if (answer.status !== 'SERVING') {
      throw handshakeError('BP_HANDSHAKE_NOT_SERVING', { details: { status: answer.status } })
    }
  }

  /** Asks the plugin to end. Go plugins stop before they answer, so a failure here says nothing. */
  async shutdown(timeoutMs: number): Promise<void> {
    await serviceClient(this.#base, controllerService)
      .shutdown({}, { timeoutMs })
      .catch(() => {})
  }

  /** Ends the broker: go-plugin's hosts do so before they ask a plugin to end. */
  async closeBroker(): Promise<void> {
    await this.broker.close()
    this.#brokerCall?.end()
  }

  /** Ends the connection and all that came of it. Calls under way fail. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#later)
    await this.broker.close()
    this.#brokerCall?.cancel()
    this.#stdioCall?.cancel()
    this.#wired.close()
    await this.#session?.close()
  }

  /** Fails the calls that are still without an answer, once the plugin is gone. */
  fail(details: string): void {
    this.#watched.fail(details)
  }

  /** Opens the two streams that a host keeps open; at once when the broker has something to say. */
  #openStreams(): void {
    if (this.#closed || this.#brokerCall) return
    this.#brokerCall = this.#openBroker(this.#stream)
    this.#stdioCall = this.#openStdio(this.#init)
  }

  #openBroker(stream: BrokerStream): ClientDuplexStream<ConnInfo, ConnInfo> {
    const { path, requestSerialize, responseDeserialize } = brokerService.startStream
    const call = this.#base.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata())
    // A plugin without a broker answers UNIMPLEMENTED; brokered connections then time out, as in go-plugin.
    call.on('error', () => {})
    stream.attach(call)
    return call
  }

  #openStdio(init: ConnectionInit): ClientReadableStream<StdioData> {
    const { path, requestSerialize, responseDeserialize } = stdioService.streamStdio
    const call = this.#base.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {}, new Metadata())
    const quiet: readonly number[] = [status.UNAVAILABLE, status.CANCELLED, status.UNIMPLEMENTED]
    call.on('error', (error: ServiceError) => {
      if (!quiet.includes(error.code)) init.logger.warn({ err: messageOf(error) }, 'plugin stdio ended')
      else if (error.code === status.UNIMPLEMENTED) init.logger.debug('plugin has no stdio service')
    })
    call.on('data', (chunk: StdioData) => {
      const sink = chunk.channel === 1 ? init.syncStdout : chunk.channel === 2 ? init.syncStderr : undefined
      if (chunk.channel !== 1 && chunk.channel !== 2)
        init.logger.warn({ channel: chunk.channel }, 'unknown stdio channel')
      // The plugin's writes wait for this stream, so a slow sink slows the plugin and not this process's memory.
      if (sink && !sink.write(chunk.data)) {
        call.pause()
        sink.once('drain', () => call.resume())
      }
    })
    return call
  }
}

/** How long the broker's stream and stdio's wait for the first call; what the plugin writes meanwhile waits with it. */
const streamsAfterMs = 10

/** Waits until a channel is connected, or says why it is not. */
async function ready({ channel, ...wired }: WireChannel, { address, connectTimeoutMs }: ConnectionInit): Promise<void> {
  if (wired.connected) {
    try {
      return await wired.connected()
    } catch (cause) {
      throw notConnected(address, messageOf(cause), cause)
    }
  }
  const deadline = Date.now() + connectTimeoutMs
  for (;;) {
    const state = channel.getConnectivityState(true)
    if (state === connectivityState.READY) return
    if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) {
      throw notConnected(address, await whyNot(channel))
    }
    if (Date.now() >= deadline) throw notConnected(address, `it did not speak gRPC within ${connectTimeoutMs} ms`)
    await new Promise<void>((resolve) => channel.watchConnectivityState(state, deadline, () => resolve()))
  }
}

function notConnected({ address, network }: PluginAddress, reason: string, cause?: unknown): BackplaneError {
  return handshakeError('BP_HANDSHAKE_CONNECT', { details: { address, network, reason }, cause })
}

/** A channel does not say why it failed; a call over it does. */
async function whyNot(channel: GrpcChannel): Promise<string> {
  const client = stubOver({ channel })
  try {
    await serviceClient(client, healthService, callError).check({ service: healthServiceName }, { timeoutMs: 1000 })
    return 'the connection failed'
  } catch (error) {
    const { details } = error as BackplaneError
    return typeof details.reason === 'string' ? details.reason : messageOf(error)
  }
}

/** A yamux session with the hand-over of knocked streams. */
async function openMux(
  address: PluginAddress,
  timeoutMs: number,
): Promise<{ session: YamuxSession; muxer: BrokerMuxer }> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opened = connect(address.network === 'unix' ? { path: address.address } : splitHostPort(address.address))
    const late = setTimeout(() => opened.destroy(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs)
    opened.on('error', (cause) => {
      clearTimeout(late)
      const details = { address: address.address, network: address.network, reason: failureToStart(cause) }
      reject(handshakeError('BP_HANDSHAKE_CONNECT', { details, cause }))
    })
    opened.once('connect', () => {
      clearTimeout(late)
      resolve(opened)
    })
    opened.setNoDelay(true)
  })
  // Streams that nobody knocked for have no place to go.
  const armed: ((stream: Duplex) => void)[] = []
  const session = new YamuxSession(socket, {
    role: 'client',
    onStream: (stream) => {
      const take = armed.shift()
      if (take) take(stream)
      else stream.destroy()
    },
  })
  return { session, muxer: { open: () => session.open(), armNext: (take) => void armed.push(take) } }
}
