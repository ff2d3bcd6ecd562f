import type { Clock, Logger } from '@backplane/core'
import { validatePattern, validateSubject } from '@backplane/core/subjects'
import { invalidArgument, longestTimerMs } from '@backplane/core/transport'
import type { NatsCredentials, NatsTls } from './credentials.ts'

/** Options of {@link natsTransport}. */
export interface NatsTransportInit {
  /**
   * Where to connect, tried in this order: `nats://host:port`, `tls://host:port` or `host:port`. A user and password,
   * or a token, may stand in front of the host.
   * @default what the credentials file says, else `nats://127.0.0.1:4222`
   */
  readonly servers?: string | readonly string[]
  /** Who this client is. @default what the servers' addresses say, else nobody */
  readonly credentials?: NatsCredentials
  /**
   * A `.creds` file, or a Device Connect `.creds.json`, read at `connect`. The latter also gives `servers` and `tls`,
   * unless they are set here. It is read again when a lost connection comes back, so one that was renewed is taken.
   */
  readonly credentialsFile?: string
  /**
   * TLS. Left out, it is used where the server demands or offers it, with the system's certificates; `false` for none,
   * on a server that offers it and does without (`allow_non_tls`).
   */
  readonly tls?: NatsTls | false
  /** Name that the server shows for this connection. @default 'backplane' */
  readonly name?: string
  /**
   * First part of the subjects that answers come on. Brokers that hand out permissions by the letter know `_INBOX`.
   * @default '_INBOX'
   */
  readonly inboxPrefix?: string
  /**
   * Where answers may go beside inboxes: patterns of the subjects that callers with an inbox prefix of their own use.
   * An inbox is a subject that begins with `_` or with `inboxPrefix`. A caller names the subject of its answer, and
   * this side publishes there with its own rights: a request that names any other is not run, and a warning says so.
   * @default none
   */
  readonly replySubjects?: readonly string[]
  /**
   * How long after one try to connect the next may begin, in milliseconds; it doubles up to `reconnectMaxMs`. When a
   * connection that lasted longer is lost, the first try is made at once.
   * @default 250
   */
  readonly reconnectMinMs?: number
  /** The longest such wait, in milliseconds. @default 10000 */
  readonly reconnectMaxMs?: number
  /** Share of the wait that is left to chance, so that many clients do not come back at once: 0 to 1. @default 0.5 */
  readonly reconnectJitter?: number
  /** How often to ask whether the server still answers, in milliseconds. @default 15000 */
  readonly pingIntervalMs?: number
  /** How many of these questions may stay unanswered before the connection counts as lost. @default 2 */
  readonly maxPingsOut?: number
}

/** What {@link natsTransport} needs of its host. */
export interface NatsTransportComponents {
  readonly logger: Logger
  readonly clock: Clock
}

/** {@link NatsTransportInit} with its defaults, but for what a credentials file may still give. */
export type TransportSettings = NatsTransportInit &
  Required<
    Pick<
      NatsTransportInit,
      | 'name'
      | 'inboxPrefix'
      | 'replySubjects'
      | 'reconnectMinMs'
      | 'reconnectMaxMs'
      | 'reconnectJitter'
      | 'pingIntervalMs'
      | 'maxPingsOut'
    >
  >

/** Fills in the defaults. Throws `BP_INVALID_ARGUMENT` or `BP_SUBJECT_INVALID` for what cannot be meant. */
export function settingsOf(init: NatsTransportInit): TransportSettings {
  const defaults = {
    name: 'backplane',
    inboxPrefix: '_INBOX',
    replySubjects: [],
    reconnectMinMs: 250,
    reconnectMaxMs: 10_000,
    reconnectJitter: 0.5,
    pingIntervalMs: 15_000,
    maxPingsOut: 2,
  }
  const given = Object.fromEntries(Object.entries(init).filter(([, value]) => value !== undefined))
  const settings: TransportSettings = { ...defaults, ...given }
  validateSubject(settings.inboxPrefix)
  for (const pattern of settings.replySubjects) validatePattern(pattern)
  if (/[\p{Cc}]/u.test(settings.name)) throw invalidArgument('natsTransport option name', 'it has control characters')
  atLeast(settings, 'reconnectMinMs', 1)
  atLeast(settings, 'reconnectMaxMs', settings.reconnectMinMs)
  atLeast(settings, 'pingIntervalMs', 1)
  atLeast(settings, 'maxPingsOut', 1)
  if (settings.reconnectJitter >= 0 && settings.reconnectJitter <= 1) return settings
  throw invalidArgument('natsTransport option reconnectJitter', 'it is not from 0 to 1')
}

type Amount = 'reconnectMinMs' | 'reconnectMaxMs' | 'pingIntervalMs' | 'maxPingsOut'

function atLeast(settings: TransportSettings, name: Amount, least: number): void {
  const value = settings[name]
  if (Number.isFinite(value) && value >= least && value <= longestTimerMs) return
  throw invalidArgument(`natsTransport option ${name}`, `${value} is not a number from ${least} on`)
}
