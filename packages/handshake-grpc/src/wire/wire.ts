import type { Duplex } from 'node:stream'
import type { GrpcChannel } from '@backplane/grpc-fast'
import type { ChannelOptions, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { PluginAddress } from '../handshake/line.ts'
import type { Identity } from '../tls/certificate.ts'
import type { RotatingCertificates } from '../tls/rotate.ts'

/** TLS of one connection, from the side that dials. All texts are PEM. */
export interface DialTls {
  /** The only certificates that the peer's may come from; absent: the system's. */
  readonly ca?: string
  /** Own certificate, for peers that ask for one. */
  readonly identity?: Identity
  /** Name that must stand in the peer's certificate. @default 'localhost' */
  readonly serverName?: string
  /** Takes the place of `ca` and `identity`. */
  readonly certificates?: RotatingCertificates
}

/** TLS of one listener. All texts are PEM. */
export interface ServeTls {
  readonly identity: Identity
  /** When given, clients must show a certificate that comes from one of these. */
  readonly clientCa?: string
  /** Takes the place of `identity` and `clientCa`. */
  readonly certificates?: RotatingCertificates
}

/** What to connect to: an address, or whatever `open` gives (a stream of a multiplexed connection). */
export type DialTarget = PluginAddress | { readonly open: () => Promise<Duplex> }

/** How to connect. */
export interface DialInit {
  /** @default plaintext */
  readonly tls?: DialTls
  /** Options of grpc-js's channels. */
  readonly options?: ChannelOptions
  /**
   * How long one attempt to connect may take, in milliseconds, until the other side has been heard to speak gRPC.
   * @default 20_000
   */
  readonly connectTimeoutMs?: number
}

/** A gRPC channel under any grpc-js stub, through the stub's `channelOverride` option. */
export interface WireChannel {
  readonly channel: GrpcChannel
  /**
   * Resolves once calls can be sent, and rejects with the reason why they cannot. Without this method the channel's
   * connectivity state is watched.
   */
  connected?(): Promise<void>
  /** Resolves once the other side has been heard to speak gRPC, and rejects with the reason why it will not be. */
  settled?(): Promise<void>
  close(): void
}

/** A gRPC server that is handed its connections one by one. */
export interface WireServer {
  addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void
  /** Serves one connection that somebody accepted; `tls` is the same object for every connection of a listener. */
  accept(connection: Duplex, tls: ServeTls | undefined): void
  /** Ends all connections: lets calls finish for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>
}

/**
 * What speaks gRPC. The default is {@link fastWire}; another implementation changes nothing for stubs, services or
 * plugins.
 */
export interface Wire {
  dial(target: DialTarget, init: DialInit): Promise<WireChannel>
  server(options?: ChannelOptions): WireServer
}
