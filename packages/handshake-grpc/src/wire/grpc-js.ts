import { randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, pipeline } from 'node:stream'
import {
  Channel,
  type ChannelCredentials,
  type ChannelOptions,
  credentials,
  experimental,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js'
import { splitHostPort } from '../handshake/line.ts'
import { ownedFolder } from '../net/owned-folder.ts'
import type { DialInit, DialTarget, DialTls, ServeTls, Wire, WireChannel, WireServer } from './wire.ts'

/**
 * Options of both sides. Messages have no size limit (go-plugin's hosts have none either); every plugin gets its own
 * connection; a proxy variable must not capture a local address.
 */
const common: ChannelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
}

/** The wire that uses grpc-js throughout. */
export function grpcJsWire(): Wire {
  return { dial, server: (options) => new GrpcJsServer({ ...common, ...options }) }
}

async function dial(target: DialTarget, init: DialInit): Promise<WireChannel> {
  const bridge = 'open' in target ? await openBridge(target.open) : undefined
  const options: ChannelOptions = {
    ...common,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
    // A plugin is on this machine: what does not answer at once is worth asking again soon, or is gone.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    ...(init.tls && nameOptions(init.tls)),
    ...init.options,
  }
  const uri = bridge?.uri ?? ('open' in target ? '' : uriOf(target.network, target.address))
  const sockets = new Set<Duplex>()
  const channel = new Channel(uri, trackSockets(channelCredentials(init.tls), sockets), options)
  return {
    channel,
    close() {
      channel.close()
      bridge?.close()
      // A channel that closes at the wrong moment of a TLS connection leaves its socket open; answers under way have
      // their time.
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, lingerMs)
      cut.unref()
    },
  }
}

/** How long the sockets of a closed channel may stand, and answers under way may take. */
export const lingerMs = 250

type Connector = { connect(socket: Duplex): unknown }

/**
 * Notes the sockets of a channel. grpc-js tells nobody of them; its credentials see each one, by a method that is not
 * public: where it is missing nothing is noted and nothing else changes.
 */
function trackSockets(credentials: ChannelCredentials, sockets: Set<Duplex>): ChannelCredentials {
  const inner = credentials as unknown as { _createSecureConnector?: (...args: unknown[]) => Connector }
  const create = inner._createSecureConnector
  if (typeof create !== 'function') return credentials
  inner._createSecureConnector = (...args) => {
    const connector = create.apply(credentials, args)
    const connect = connector.connect
    connector.connect = (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return connect.call(connector, socket)
    }
    return connector
  }
  return credentials
}

function uriOf(network: string, address: string): string {
  if (network === 'unix') return `unix:${address}`
  const { host, port } = splitHostPort(address)
  const literal = host.includes(':') ? `[${host}]` : host
  return `${/^[\d.]+$/.test(host) ? 'ipv4' : host.includes(':') ? 'ipv6' : 'dns'}:${literal}:${port}`
}

function nameOptions(tls: DialTls): ChannelOptions {
  const name = tls.serverName ?? 'localhost'
  return { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name }
}

function channelCredentials(tls: DialTls | undefined): ChannelCredentials {
  if (!tls) return credentials.createInsecure()
  if (tls.certificates) {
    return experimental.createCertificateProviderChannelCredentials(tls.certificates, tls.certificates)
  }
  const identity = tls.identity
  return credentials.createSsl(
    tls.ca === undefined ? null : Buffer.from(tls.ca),
    identity ? Buffer.from(identity.key) : null,
    identity ? Buffer.from(identity.cert) : null,
  )
}

function serverCredentials(tls: ServeTls | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure()
  const { identity, clientCa } = tls.certificates
    ? { identity: tls.certificates.current.identity, clientCa: tls.certificates.current.ca }
    : tls
  const pair = { private_key: Buffer.from(identity.key), cert_chain: Buffer.from(identity.cert) }
  return ServerCredentials.createSsl(
    clientCa === undefined ? null : Buffer.from(clientCa),
    [pair],
    clientCa !== undefined,
  )
}

class GrpcJsServer implements WireServer {
  readonly #server: Server
  readonly #injectors = new Map<object | undefined, ReturnType<Server['createConnectionInjector']>>()
  readonly #connections = new Set<Duplex>()
  #closed = false

  constructor(options: ChannelOptions) {
    this.#server = new Server(options)
  }

  addService(...service: Parameters<WireServer['addService']>): void {
    this.#server.addService(...service)
  }

  accept(connection: Duplex, tls: ServeTls | undefined): void {
    if (this.#closed) {
      connection.destroy()
      return
    }
    // One injector for each set of certificates: after a rotation new connections get a new one, old ones go on.
    const key = tls?.certificates?.current ?? tls
    let injector = this.#injectors.get(key)
    if (!injector) {
      injector = this.#server.createConnectionInjector(serverCredentials(tls))
      this.#injectors.set(key, injector)
    }
    this.#connections.add(connection)
    connection.once('close', () => this.#connections.delete(connection))
    connection.on('error', () => connection.destroy())
    injector.injectConnection(connection)
  }

  async close(graceMs: number): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (graceMs > 0 && this.#connections.size > 0) {
      // tryShutdown may wait for open streams for ever, so it races a timer.
      let timer: NodeJS.Timeout | undefined
      await Promise.race([
        new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve())),
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, graceMs)
        }),
      ])
      clearTimeout(timer)
    }
    this.#server.forceShutdown()
    for (const injector of this.#injectors.values()) injector.destroy()
    for (const connection of this.#connections) connection.destroy()
  }
}

/**
 * A private socket that passes each of its connections on to a stream: grpc-js clients dial addresses and nothing else.
 * The folder is readable by this user alone; a Windows pipe's name cannot be guessed.
 */
async function openBridge(open: () => Promise<Duplex>): Promise<{ readonly uri: string; close(): void }> {
  const windows = process.platform === 'win32'
  const folder = windows ? undefined : ownedFolder(join(tmpdir(), 'bp-'))
  const path = folder ? join(folder.path, 's') : `\\\\.\\pipe\\backplane-${randomBytes(16).toString('hex')}`
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.pause()
    open().then(
      (stream) => {
        pipeline(socket, stream, socket, () => {
          socket.destroy()
          stream.destroy()
        })
      },
      () => socket.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    // For as long as it lives: a connection that cannot be accepted (no descriptors left) is told here too.
    server.on('error', reject)
    server.listen(path, () => resolve())
  }).catch((error) => {
    folder?.remove()
    throw error
  })
  server.unref()
  return {
    uri: `unix:${path}`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      folder?.remove()
    },
  }
}
