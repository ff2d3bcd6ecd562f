import { randomBytes } from 'node:crypto'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import {
  type BackplaneError,
  coreError,
  type Logger,
  messageOf,
  silentLogger,
  systemClock,
  throwIfAborted,
} from '@backplane/core'
import { longestTimerMs, rationedLogger } from '@backplane/core/transport'
import { Connection, type ConnectionContext } from './connection.ts'
import { isShortOf, openFilesLimit } from './descriptors.ts'
import { brokerError } from './errors.ts'
import { Exchange } from './exchange.ts'
import {
  type BrokerSettings,
  type BrokerStats,
  type NatsBrokerComponents,
  type NatsBrokerInit,
  settingsOf,
} from './options.ts'
import { Turns } from './turns.ts'

/** A server for NATS clients inside this process. */
export interface NatsBroker extends AsyncDisposable {
  /**
   * Where clients connect: `nats://127.0.0.1:4222`, or `tls://…` with TLS. Before `listen`, with the port asked for.
   */
  readonly url: string
  /** The port that it listens on; before `listen`, the one asked for. */
  readonly port: number
  readonly stats: BrokerStats
  /**
   * Begins to listen. Rejects with `BP_PORT_IN_USE`, `BP_LISTEN_FAILED`, `BP_ABORTED` or, after `close`, `BP_CLOSED`;
   * may be called again after a failure, and does nothing while it listens.
   */
  listen(options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * Stops listening and ends every connection, after giving clients a moment to read what waits for them. Idempotent,
   * never rejects.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

/**
 * Makes an embedded broker: any NATS client on this machine can publish, subscribe, queue and request through it.
 *
 * Not for more than one machine's traffic, and without JetStream, accounts, clustering and monitoring: run nats-server
 * for these, the clients stay as they are.
 *
 * @example
 * const broker = natsBroker({ port: 0 })()
 * await broker.listen()
 */
export function natsBroker(init: NatsBrokerInit = {}): (components?: NatsBrokerComponents) => NatsBroker {
  const settings = checked(settingsOf(init))
  return (components = {}) => new EmbeddedBroker(settings, components)
}

/** What clients compare to know which features there are: the protocol here is that of this version's core. */
const protocolVersion = '2.12.0'
const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/
const defaultGraceMs = 250
const warningsPerSecond = 10
/** In characters. */
const longestName = 64

class EmbeddedBroker implements NatsBroker {
  readonly #settings: BrokerSettings
  readonly #context: ConnectionContext
  /** `rationed` is for what strangers can cause. */
  readonly #components: Required<NatsBrokerComponents> & { readonly rationed: Logger }
  readonly #connections = new Set<Connection>()
  /** Every socket that is open: of connections, of TLS handshakes, and of what has ended and still has to read. */
  readonly #sockets = new Set<Socket>()
  readonly #serverId = randomBytes(16).toString('hex').toUpperCase()
  readonly #exchange: Exchange
  #server: Server | undefined
  #tlsServer: TlsServer | undefined
  #starting: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #port: number
  #accepted = 0
  #refused = 0
  #descriptors = Number.POSITIVE_INFINITY

  constructor(settings: BrokerSettings, { logger = silentLogger, clock = systemClock }: NatsBrokerComponents) {
    this.#settings = settings
    const rationed = rationedLogger(logger, warningsPerSecond, clock)
    this.#components = { logger, rationed, clock }
    this.#port = settings.port
    this.#exchange = new Exchange(settings.maxPendingBytes)
    this.#context = {
      settings,
      clock,
      exchange: this.#exchange,
      turns: new Turns(this.#exchange),
      ended: (connection, reason) => {
        this.#connections.delete(connection)
        if (reason !== undefined)
          rationed.warn({ client: shown(connection.options.name), reason }, 'NATS client cut off')
      },
    }
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    const { host, tls } = this.#settings
    const wildcard = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
    return `${tls ? 'tls' : 'nats'}://${isIPv6(wildcard) ? `[${wildcard}]` : wildcard}:${this.#port}`
  }

  get stats(): BrokerStats {
    const { inMessages, outMessages, inBytes, outBytes, slowConsumers, size } = this.#exchange
    const connections = this.#connections.size
    return {
      connections,
      subscriptions: size,
      inMessages,
      outMessages,
      inBytes,
      outBytes,
      slowConsumers,
      refused: this.#refused,
    }
  }

  async listen({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#closing) throw coreError('BP_CLOSED', { details: { what: 'The broker' } })
    throwIfAborted(signal)
    this.#starting ??= this.#start().catch((error) => {
      this.#starting = undefined
      throw error
    })
    await this.#starting
  }

  close({ graceMs = defaultGraceMs }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#stop(graceMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #start(): Promise<void> {
    const { host, port, tls, auth, authTimeoutMs } = this.#settings
    const { logger, rationed } = this.#components
    this.#descriptors = openFilesLimit()
    if (tls) {
      const clients = tls.ca === undefined ? {} : { ca: tls.ca, requestCert: true, rejectUnauthorized: true }
      try {
        this.#tlsServer = createTlsServer({ ...tls, ...clients, handshakeTimeout: authTimeoutMs })
      } catch (thrown) {
        throw listenFailed(host, port, thrown)
      }
      this.#tlsServer.on('secureConnection', (socket) => this.#admit(socket, true))
      this.#tlsServer.on('tlsClientError', (error) =>
        rationed.warn({ reason: error.message }, 'NATS client failed TLS'),
      )
    }
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenFailed(host, port, error)))
      server.listen({ host, port }, resolve)
    })
    server.removeAllListeners('error')
    server.on('error', (error) => logger.error({ reason: error.message }, 'NATS broker'))
    this.#server = server
    const address = server.address()
    if (typeof address === 'object' && address) this.#port = address.port
    if (!loopback.test(host) && !auth) {
      logger.warn({ host, port: this.#port }, 'NATS broker is open to the network without auth')
    }
    logger.info({ url: this.url }, 'NATS broker listens')
    if (this.#closing) server.close()
  }

  async #stop(graceMs: number): Promise<void> {
    await this.#starting?.catch(() => {})
    const { clock, logger } = this.#components
    for (const connection of [...this.#connections]) connection.end()
    const server = this.#server
    if (!server) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    const timer = clock.after(graceMs, () => {
      for (const socket of this.#sockets) socket.destroy()
    })
    await closed
    timer.cancel()
    logger.info({ url: this.url }, 'NATS broker closed')
  }

  #accept(socket: Socket): void {
    const { maxConnections } = this.#settings
    if (this.#closing) {
      socket.destroy()
      return
    }
    socket.on('error', () => {})
    const full =
      this.#sockets.size >= maxConnections
        ? 'maxConnections'
        : isShortOf(this.#descriptors) && 'descriptors of this process'
    if (full) {
      this.#refused++
      this.#components.rationed.warn({ limit: full, connections: this.#sockets.size }, 'NATS client refused')
      // The words by which clients know it, whatever it is that is short.
      socket.end("-ERR 'maximum connections exceeded'\r\n")
      socket.destroySoon()
      return
    }
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    if (!this.#tlsServer) {
      this.#admit(socket, false)
      return
    }
    socket.write(this.#info(socket))
    this.#tlsServer.emit('connection', socket)
  }

  #admit(socket: Socket, encrypted: boolean): void {
    if (this.#closing) {
      socket.destroy()
      return
    }
    const connection = new Connection(socket, encrypted, this.#context)
    this.#connections.add(connection)
    if (!encrypted) connection.send(this.#info(socket))
  }

  #info(socket: Socket): string {
    const { host, maxPayload, auth, tls, serverName } = this.#settings
    const info = {
      server_id: this.#serverId,
      server_name: serverName,
      version: protocolVersion,
      proto: 1,
      go: `node${process.versions.node}`,
      host,
      port: this.#port,
      headers: true,
      max_payload: maxPayload,
      client_id: ++this.#accepted,
      client_ip: socket.remoteAddress,
      ...(auth ? { auth_required: true } : {}),
      ...(tls ? { tls_required: true, tls_verify: tls.ca !== undefined } : {}),
    }
    return `INFO ${JSON.stringify(info)}\r\n`
  }
}

/** What a stranger calls itself, as it may stand in a log. */
function shown(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cf}]/gu, '').slice(0, longestName)
}

function listenFailed(host: string, port: number, thrown: unknown): BackplaneError {
  const code = (thrown as { code?: string }).code
  if (code === 'EADDRINUSE') return brokerError('BP_PORT_IN_USE', { details: { host, port }, cause: thrown })
  return brokerError('BP_LISTEN_FAILED', { details: { host, port, reason: messageOf(thrown) }, cause: thrown })
}

function checked(settings: BrokerSettings): BrokerSettings {
  const whole = (name: keyof BrokerSettings, least: number, most: number) => {
    const value = settings[name]
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return
    const reason = `${String(value)} is not a whole number from ${least} to ${most}`
    throw coreError('BP_INVALID_ARGUMENT', { details: { what: `natsBroker option ${name}`, reason } })
  }
  whole('port', 0, 65_535)
  whole('maxPayload', 1, 64 * 1024 * 1024)
  whole('maxControlLine', 64, 1024 * 1024)
  whole('maxConnections', 1, 1_000_000)
  whole('maxSubscriptions', 1, 10_000_000)
  whole('maxPendingBytes', 1024, Number.MAX_SAFE_INTEGER)
  whole('authTimeoutMs', 1, longestTimerMs)
  whole('pingIntervalMs', 1, longestTimerMs)
  whole('maxPingsOut', 1, 1000)
  return settings
}
