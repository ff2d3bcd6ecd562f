import type { Broker } from '../broker/broker.ts'
import type { ClientPluginSet, Dispensed } from './init.ts'
import type { ReattachConfig } from './reattach.ts'
import type { ExitInfo } from './runner.ts'
import type { ServiceHandle } from './service.ts'

/** One go-plugin plugin, from start to end. */
export interface PluginClient<S extends ClientPluginSet = ClientPluginSet> extends AsyncDisposable {
  /**
   * Starts the plugin and connects to it. Idempotent; a client starts once and is not started again after `kill`.
   *
   * @throws BP_HANDSHAKE_CONFIG, BP_HANDSHAKE_SPAWN, BP_HANDSHAKE_CHECKSUM, BP_HANDSHAKE_TIMEOUT, BP_HANDSHAKE_EXITED,
   * BP_HANDSHAKE_CONNECT, BP_HANDSHAKE_CERT_MISSING, BP_HANDSHAKE_REATTACH, the codes of a refused line, BP_CLOSED
   */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * Gives the named plugin of the negotiated version, ready to be used. Starts the plugin if need be.
   *
   * @throws BP_HANDSHAKE_PLUGIN_TYPE, and what `start` throws
   */
  dispense<K extends keyof S & string>(name: K, options?: { readonly signal?: AbortSignal }): Promise<Dispensed<S[K]>>
  /** The connection itself, for services that are not in the plugin set. Starts the plugin if need be. */
  connection(options?: { readonly signal?: AbortSignal }): Promise<ServiceHandle>
  /**
   * Asks the plugin for its health.
   *
   * @throws BP_HANDSHAKE_NOT_SERVING, BP_HANDSHAKE_CALL, BP_HANDSHAKE_PROCESS_EXITED
   */
  ping(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<void>
  /**
   * Ends the plugin: asks it to, waits for the grace period, kills it. Idempotent, never rejects; what is resolved is
   * gone. A reattached plugin in test mode is only let go.
   *
   * @param options - `signal` cuts the grace period short
   */
  kill(options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * Lets the plugin run on and closes the connection; gives what another client needs to reattach. The plugin's log
   * goes to this process as long as it lives: a Go plugin that logs after that gets SIGPIPE.
   */
  detach(): Promise<ReattachConfig | undefined>
  /** What another client needs to use the same plugin; `keys: true` adds the private key that AutoMTLS needs. */
  reattachConfig(options?: { readonly keys?: boolean }): ReattachConfig | undefined
  /** The broker, once started. */
  readonly broker: Broker | undefined
  /** Process id or the runner's name, once started. */
  readonly id: string | undefined
  readonly pid: number | undefined
  /** `grpc`, once started. */
  readonly protocol: string | undefined
  /** The negotiated version; 0 before the start. */
  readonly negotiatedVersion: number
  /** How the process ended, once it has. */
  readonly exit: ExitInfo | undefined
  /** Resolves when the plugin's process has ended; without a code for a plugin that was killed before it ran. */
  readonly exited: Promise<ExitInfo>
  /** The last lines that the plugin wrote to its real stderr, and before them the first ones of a crash. */
  readonly stderrTail: readonly string[]
  /** How the process ended, in words: `code 2: panic: no such key`; `gone` where nothing is known. */
  readonly ending: string
}
