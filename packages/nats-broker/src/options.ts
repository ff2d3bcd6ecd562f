import type { Clock, Logger } from '@backplane/core'

/** Options of {@link natsBroker}. */
export interface NatsBrokerInit {
  /**
   * Address to listen on. Anything but a loopback address opens the broker to the network: set `auth` then, and `tls`
   * if the network is not trusted.
   * @default '127.0.0.1'
   */
  readonly host?: string
  /** Port to listen on; 0 takes a free one, which {@link NatsBroker.port} tells. @default 4222 */
  readonly port?: number
  /** What clients must present. Left out, everybody who reaches the port is let in. */
  readonly auth?: BrokerAuth
  /** How long a client may take to say who it is, in milliseconds; counts only with `auth` or `tls`. @default 2000 */
  readonly authTimeoutMs?: number
  /** Makes every client speak TLS. PEM texts. */
  readonly tls?: BrokerTls
  /** Most bytes of one message, headers included. @default 1048576 */
  readonly maxPayload?: number
  /** Most bytes of one protocol line, subjects included. @default 4096 */
  readonly maxControlLine?: number
  /**
   * Most clients at once. Fewer are let in where the process would be left with less than 256 descriptors, or an eighth
   * of its limit where that is less.
   * @default 1024
   */
  readonly maxConnections?: number
  /** Most subscriptions of one client; one more is refused, and the connection stays. @default 65536 */
  readonly maxSubscriptions?: number
  /** Bytes that may wait for one client before it is cut off as a slow consumer. @default 67108864 */
  readonly maxPendingBytes?: number
  /** How often a silent client is asked whether it lives, in milliseconds. @default 120000 */
  readonly pingIntervalMs?: number
  /** How many of these questions may stay unanswered. @default 2 */
  readonly maxPingsOut?: number
  /** Name that clients see. @default 'backplane' */
  readonly serverName?: string
}

/** A token, or the users who may connect. */
export type BrokerAuth =
  | { readonly token: string }
  | { readonly users: readonly { readonly user: string; readonly password: string }[] }

/** TLS of the broker; PEM texts. */
export interface BrokerTls {
  readonly cert: string
  readonly key: string
  /** Demands client certificates signed by it. */
  readonly ca?: string
}

/** What {@link natsBroker} may be given. */
export interface NatsBrokerComponents {
  /** @default a silent one */
  readonly logger?: Logger
  /** @default the system's time */
  readonly clock?: Clock
}

/** What a broker has to do now (`connections`, `subscriptions`), and what it has done since it was made. */
export interface BrokerStats {
  readonly connections: number
  readonly subscriptions: number
  readonly inMessages: number
  readonly outMessages: number
  readonly inBytes: number
  readonly outBytes: number
  /** Clients that were cut off because they did not read. */
  readonly slowConsumers: number
  /** Clients that were not let in: over `maxConnections`, or because the process has few descriptors left. */
  readonly refused: number
}

/** {@link NatsBrokerInit} with its defaults. */
export type BrokerSettings = Required<Omit<NatsBrokerInit, 'auth' | 'tls'>> & Pick<NatsBrokerInit, 'auth' | 'tls'>

/** Fills in the defaults. */
export function settingsOf(init: NatsBrokerInit): BrokerSettings {
  const defaults = {
    host: '127.0.0.1',
    port: 4222,
    authTimeoutMs: 2000,
    maxPayload: 1024 * 1024,
    maxControlLine: 4096,
    maxConnections: 1024,
    maxSubscriptions: 65_536,
    maxPendingBytes: 64 * 1024 * 1024,
    pingIntervalMs: 120_000,
    maxPingsOut: 2,
    serverName: 'backplane',
  }
  const given = Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined))
  return { ...defaults, ...given }
}
