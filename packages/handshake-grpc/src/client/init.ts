import type { Writable } from 'node:stream'
import type { Clock, Logger } from '@backplane/core'
import type { ChannelOptions, Client, ClientOptions, ServiceDefinition } from '@grpc/grpc-js'
import type { Broker } from '../broker/broker.ts'
import type { HandshakeConfig } from '../handshake/versions.ts'
import type { Curve } from '../tls/certificate.ts'
import type { DialTls, Wire } from '../wire/wire.ts'
import type { SecureConfig } from './checksum.ts'
import type { PluginHooks } from './hooks.ts'
import type { RateLimit } from './rate-limit.ts'
import type { ReattachConfig } from './reattach.ts'
import type { ClientRegistry } from './registry.ts'
import type { RunnerFactory } from './runner.ts'
import type { ServiceClient, ServiceHandle } from './service.ts'

/**
 * What a plugin of the application is to the host: given the connection, it makes the thing that the host works with.
 */
export interface DispenseContext extends ServiceHandle {
  readonly broker: Broker
  /** Aborts when the plugin's process has ended. */
  readonly signal: AbortSignal
  /** The negotiated version. */
  readonly version: number
}

// biome-ignore lint/suspicious/noExplicitAny: constructors of generated clients take credentials of any package copy.
type Any = any

/**
 * How a named plugin is used: a service definition (promise-based methods), a generated grpc-js client class, or a
 * function that makes anything from the connection.
 */
export type ClientPlugin =
  | ServiceDefinition
  | (new (
      address: string,
      credentials: Any,
      options?: ClientOptions,
    ) => Client)
  | ((context: DispenseContext) => unknown)

/** Plugins by the names that `dispense` takes; the names do not go over the wire. */
export type ClientPluginSet = Readonly<Record<string, ClientPlugin>>

/** What `dispense` gives for a plugin. */
export type Dispensed<P> = P extends new (
  ...args: Any[]
) => infer C
  ? C
  : P extends (context: DispenseContext) => infer T
    ? Awaited<T>
    : P extends ServiceDefinition
      ? ServiceClient<P>
      : never

/** Options of {@link pluginClient}. One of `command`, `runner` and `reattach` says which plugin. */
export interface PluginClientInit<S extends ClientPluginSet = ClientPluginSet> {
  /** The cookie that host and plugin share, and the version of `plugins`. */
  readonly handshake: HandshakeConfig
  /** What can be dispensed. */
  readonly plugins?: S
  /** Plugin sets by version, when the host speaks several. Its keys are offered to the plugin. */
  readonly versionedPlugins?: Readonly<Record<number, S>>

  /** The plugin's program: its path, or a name on the PATH. No shell is involved. */
  readonly command?: string
  /** Its arguments. @default none */
  readonly args?: readonly string[]
  /** The folder that it runs in. @default the host's own working directory */
  readonly cwd?: string
  /** Starts the plugin in another way than as a child process; it is given `command` if there is one. */
  readonly runner?: RunnerFactory
  /** Connects to a plugin that already runs. */
  readonly reattach?: ReattachConfig

  /** Variables for the plugin; they win over the host's own (in go-plugin the host's win). */
  readonly env?: Readonly<Record<string, string>>
  /** Whether the plugin sees the host's environment. @default true */
  readonly inheritEnv?: boolean
  /** `inherit` gives the plugin the host's own stdin, so that prompts (ssh, passwords) work. @default 'inherit' */
  readonly stdin?: 'inherit' | 'ignore'

  /**
   * The protocols that a plugin may speak; only `grpc` can be run, so an entry beside it changes nothing.
   * @default ['grpc']
   */
  readonly allowedProtocols?: readonly string[]
  /**
   * Time from the start to the handshake line, in milliseconds. From there on a plugin has as long again, at most 20
   * seconds, until it is heard to speak gRPC. @default 60_000
   */
  readonly startTimeoutMs?: number
  /** TCP ports that a plugin without Unix sockets may use. @default 10000 to 25000 */
  readonly ports?: { readonly min: number; readonly max: number }
  /** Where the plugin's Unix sockets are, and who may use them. @default a private folder of this user */
  readonly unixSocket?: UnixSocketInit

  /** Makes certificates for both sides at each start; each trusts the other's alone. @default false, as in go-plugin */
  readonly autoMtls?: boolean | { readonly curve?: Curve }
  /** TLS for plugins that bring their own certificate (TLSProvider). Not with `autoMtls`. */
  readonly tls?: DialTls
  /** Checks the plugin's files before it is started. */
  readonly secure?: SecureConfig
  /** Carries brokered connections inside the main one (go-plugin v1.6 and up). @default false */
  readonly multiplex?: boolean

  /** Gets what the plugin's code prints on stdout after the handshake. */
  readonly syncStdout?: Writable
  /** Gets what the plugin's code prints on stderr after the handshake. */
  readonly syncStderr?: Writable
  /** Gets the plugin's real stderr, byte for byte: its log. The logger gets it too, parsed. */
  readonly stderr?: Writable

  /**
   * How long the plugin may take to end when asked, before it is killed, in milliseconds.
   * @default 2000, as in go-plugin
   */
  readonly gracePeriodMs?: number
  /**
   * Gives the plugin a process group of its own and kills all of it; the plugin then has no terminal.
   * @default false
   */
  readonly processGroup?: boolean
  /**
   * Whether the plugin ends with this process, in whatever way that ends. Set it to false for plugins that a restarted
   * host finds again by `reattach`. @default true
   */
  readonly endWithHost?: boolean
  /**
   * Ends the plugin by its own means (Shutdown, the grace period) when SIGINT, SIGTERM or SIGHUP would end this
   * process, which then ends as it would have. Where anybody else listens for the signal, that one decides. @default
   * false
   */
  readonly endOnSignals?: boolean
  /** A registry whose `cleanupClients` ends this client too. */
  readonly registry?: ClientRegistry

  /** Tries a failed start again. @default one attempt */
  readonly retry?: RetryInit
  /** Asks for the plugin's health again and again. @default never */
  readonly health?: { readonly intervalMs: number; readonly timeoutMs?: number }
  /** Limits the calls of this client; more fail with RESOURCE_EXHAUSTED. @default none */
  readonly rateLimit?: RateLimit
  /** Where metrics and tracing attach. @default nowhere */
  readonly hooks?: PluginHooks
  /** Options of the gRPC channels; they win over the built-in ones. */
  readonly channelOptions?: ChannelOptions
  /** What speaks gRPC. @default fastWire() */
  readonly wire?: Wire
}

/** Where Unix sockets of a plugin are. */
export interface UnixSocketInit {
  /**
   * Folder under which a private one (mode 0700, removed with the plugin) is made for its sockets. `false` leaves the
   * place to the plugin, as go-plugin does for child processes. @default the system's folder for temporary files
   */
  readonly dir?: string | false
  /** Group, by name or number, that may use the sockets. */
  readonly group?: string
}

/** When and how often a start is tried again: only failures that are `retryable`. */
export interface RetryInit {
  /** Attempts in all. @default 3 */
  readonly attempts?: number
  /** Pause before the second attempt; it doubles each time, with jitter of up to a quarter. @default 500 */
  readonly backoffMs?: number
  /** Longest pause. @default 5000 */
  readonly maxBackoffMs?: number
  /** No attempt begins later than this after the first. @default 60_000 */
  readonly totalMs?: number
}

/** What a client uses of its surroundings. */
export interface PluginClientComponents {
  /** Gets the plugin's log and the client's own. @default silent */
  readonly logger?: Logger
  /** For pauses and intervals. @default the system's */
  readonly clock?: Clock
}
