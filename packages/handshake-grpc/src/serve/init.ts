import type { Logger } from '@backplane/core'
import type { ChannelOptions } from '@grpc/grpc-js'
import type { Broker, ServedService } from '../broker/broker.ts'
import type { PluginHooks } from '../client/hooks.ts'
import type { RateLimit } from '../client/rate-limit.ts'
import type { ReattachConfig } from '../client/reattach.ts'
import type { HandshakeConfig } from '../handshake/versions.ts'
import type { PluginLogLevel } from '../log/parse.ts'
import type { Curve } from '../tls/certificate.ts'
import type { ServeTls, Wire } from '../wire/wire.ts'
import type { HealthReporter } from './health.ts'

/** What a plugin's services are given. */
export interface ServeContext {
  readonly broker: Broker
  /** Writes lines that the host reads with their levels. */
  readonly logger: Logger
  /** What the plugin reports about itself. */
  readonly health: HealthReporter
  /** Aborts when the plugin ends. */
  readonly signal: AbortSignal
  /** The negotiated version. */
  readonly version: number
}

/** A named plugin: its services, or a function that makes them. */
export type ServerPlugin =
  | ServedService
  | readonly ServedService[]
  | ((
      context: ServeContext,
    ) => ServedService | readonly ServedService[] | Promise<ServedService | readonly ServedService[]>)

/** Plugins by name; the names are for people, calls find their way by gRPC service. */
export type ServerPluginSet = Readonly<Record<string, ServerPlugin>>

/** Options of {@link servePlugin}. */
export interface ServePluginInit {
  /** The cookie that host and plugin share, and the version of `plugins`. */
  readonly handshake: HandshakeConfig
  /** What can be dispensed. */
  readonly plugins?: ServerPluginSet
  /** Plugin sets by version; the highest that the host has too is served. */
  readonly versionedPlugins?: Readonly<Record<number, ServerPluginSet>>
  /** What it listens on: a Unix socket, or a port of this machine. @default 'unix', and 'tcp' on Windows */
  readonly network?: 'unix' | 'tcp'
  /** A certificate of the plugin's own; the host must know its authority. Takes the place of AutoMTLS. */
  readonly tls?: ServeTls
  /**
   * Curve of the AutoMTLS key; any works with any host but P-521 with those on BoringSSL (Python, C++).
   * @default 'P-256'
   */
  readonly curve?: Curve
  /** Sends what the plugin prints to the host. @default true */
  readonly captureStdio?: boolean
  /** Serves gRPC reflection, loaded when first asked for. @default true */
  readonly reflection?: boolean
  /** Serialised `FileDescriptorProto`s, for reflection of services whose definitions carry none. */
  readonly descriptors?: readonly Uint8Array[]
  /**
   * Ends the plugin when its host is gone. Turn it off for hosts that leave plugins running to reattach.
   * @default true
   */
  readonly parentWatch?: boolean
  /** Swallows SIGINT (Ctrl-C reaches the whole group; the host decides) and cleans up on SIGTERM. @default true */
  readonly handleSignals?: boolean
  /** Runs before the plugin ends; go-plugin's hosts kill what takes longer than two seconds. */
  readonly onShutdown?: () => void | Promise<void>
  /** Ends the process when the host asks for it. `false` is for plugins inside another program. @default true */
  readonly exitProcess?: boolean
  /** Runs without a host, for debugging and tests: no cookie, no line, no exit. */
  readonly test?: TestModeInit
  /** Lowest level of the logger in the context. @default 'trace' */
  readonly logLevel?: PluginLogLevel
  /** Limits the calls of the host; more fail with RESOURCE_EXHAUSTED. @default none */
  readonly rateLimit?: RateLimit
  /** Where metrics and tracing attach. @default nowhere */
  readonly hooks?: Pick<PluginHooks, 'call'>
  /** Options of the gRPC servers; they win over the built-in ones. */
  readonly channelOptions?: ChannelOptions
  /** What speaks gRPC. @default fastWire() */
  readonly wire?: Wire
}

/** Options of test mode. */
export interface TestModeInit {
  /** Given what a host needs to reattach, once the plugin listens. */
  readonly onReattach?: (config: ReattachConfig) => void
  /** Ends the plugin when it aborts. */
  readonly signal?: AbortSignal
  /** Sends what is printed to the host as well; it always appears on the real streams. @default false */
  readonly syncStdio?: boolean
}

/** What a plugin uses of its surroundings. */
export interface ServePluginComponents {
  /** Takes the place of the hclog-compatible logger. */
  readonly logger?: Logger
  /** The environment, where the host leaves its cookie and its offers. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** A plugin that serves. */
export interface PluginServer extends AsyncDisposable {
  readonly address: ReattachConfig['address']
  readonly version: number
  readonly health: HealthReporter
  readonly logger: Logger
  readonly broker: Broker
  /** What a host needs to reattach. */
  readonly reattachConfig: ReattachConfig
  /** Resolves when it has stopped serving. */
  readonly closed: Promise<void>
  /** Stops serving; never ends the process. */
  close(): Promise<void>
}
