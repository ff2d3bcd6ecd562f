import type { Clock, Logger } from '@backplane/core'
import { invalidArgument, longestTimerMs } from '@backplane/core/transport'

/** Options of {@link zenohTransport}. */
export interface ZenohTransportInit {
  /**
   * Where the bridge's remote API listens: `ws://host:port` or `wss://host:port`.
   * @default 'ws://127.0.0.1:10000'
   */
  readonly endpoint?: string
  /** TLS of a `wss:` endpoint; left out, it is checked against the system's certificates. */
  readonly tls?: ZenohTls
  /** HTTP headers of the WebSocket's upgrade, for a gateway in front of the bridge, which has no log-in of its own. */
  readonly headers?: Readonly<Record<string, string>>
  /** Most bytes of a payload, 64 to 8388608: the bridge takes no frame over 16 MiB. @default 8388608 */
  readonly maxPayload?: number
  /**
   * What becomes of a publish that a congested link cannot take at once: `drop` loses it, as is Zenoh's own default,
   * and a `slow` status event tells it where it was missed; `block` waits, and one stuck peer holds up everything that
   * this transport sends. Requests always wait.
   * @default 'drop'
   */
  readonly congestion?: 'drop' | 'block'
  /**
   * How long after one try to connect the next may begin, in milliseconds; it doubles up to `reconnectMaxMs`. The first
   * try after a loss is made at once.
   * @default 250
   */
  readonly reconnectMinMs?: number
  /** The longest such wait, in milliseconds. @default 10000 */
  readonly reconnectMaxMs?: number
  /** Share of the wait that is left to chance, so that many clients do not come back at once: 0 to 1. @default 0.5 */
  readonly reconnectJitter?: number
  /**
   * How often to ask whether the bridge still answers, when nothing else came from it, in milliseconds.
   * @default 300
   */
  readonly heartbeatMs?: number
  /** How long such a question may stay unanswered before the link counts as lost, in milliseconds. @default 600 */
  readonly heartbeatTimeoutMs?: number
}

/** TLS of the WebSocket: PEM texts, or files with them, which are read again at each connect. */
export interface ZenohTls {
  /** Certificates to trust. @default the system's */
  readonly ca?: string
  readonly caFile?: string
  /** This client's certificate, where a gateway in front of the bridge wants one. */
  readonly cert?: string
  readonly certFile?: string
  readonly key?: string
  readonly keyFile?: string
  /** Checks that the certificate names the host; turn it off only for certificates that cannot. @default true */
  readonly checkHostname?: boolean
}

/** What {@link zenohTransport} needs of its host. */
export interface ZenohTransportComponents {
  readonly logger: Logger
  readonly clock: Clock
}

/** {@link ZenohTransportInit} with its defaults. */
export type TransportSettings = Required<Omit<ZenohTransportInit, 'tls' | 'headers'>> &
  Pick<ZenohTransportInit, 'tls' | 'headers'>

/** Fills in the defaults. Throws `BP_INVALID_ARGUMENT` for what cannot be meant. */
export function settingsOf(init: ZenohTransportInit): TransportSettings {
  const defaults = {
    endpoint: 'ws://127.0.0.1:10000',
    maxPayload: 8 * 1024 * 1024,
    congestion: 'drop' as const,
    reconnectMinMs: 250,
    reconnectMaxMs: 10_000,
    reconnectJitter: 0.5,
    heartbeatMs: 300,
    heartbeatTimeoutMs: 600,
  }
  const given = Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined))
  const settings: TransportSettings = { ...defaults, ...given }
  checkEndpoint(settings.endpoint)
  between(settings, 'maxPayload', 64, defaults.maxPayload)
  between(settings, 'reconnectMinMs', 1)
  between(settings, 'reconnectMaxMs', settings.reconnectMinMs)
  between(settings, 'reconnectJitter', 0, 1)
  between(settings, 'heartbeatMs', 1)
  between(settings, 'heartbeatTimeoutMs', 1)
  if (settings.congestion === 'drop' || settings.congestion === 'block') return settings
  throw invalidArgument('zenohTransport option congestion', "it is neither 'drop' nor 'block'")
}

function checkEndpoint(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  const reason = !url
    ? 'it is not an address such as ws://127.0.0.1:10000'
    : url.protocol !== 'ws:' && url.protocol !== 'wss:'
      ? 'it must be ws://host:port or wss://host:port of a remote-api bridge; a zenoh address (tcp/, tls/) is for that bridge'
      : url.username || url.password || url.hash
        ? 'user, password and fragment have no meaning in it'
        : undefined
  if (reason !== undefined) throw invalidArgument('zenohTransport option endpoint', reason)
}

type Amount =
  | 'maxPayload'
  | 'reconnectMinMs'
  | 'reconnectMaxMs'
  | 'reconnectJitter'
  | 'heartbeatMs'
  | 'heartbeatTimeoutMs'

function between(settings: TransportSettings, name: Amount, least: number, most = longestTimerMs): void {
  const value = settings[name]
  if (Number.isFinite(value) && value >= least && value <= most) return
  throw invalidArgument(`zenohTransport option ${name}`, `${value} is not a number from ${least} to ${most}`)
}
