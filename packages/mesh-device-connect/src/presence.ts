import type { BackplaneError, MeshHandler, Params, Subscription } from '@backplane/core'
import { type Announcement, statusOf } from './announcement.ts'
import { Announcer } from './announcer.ts'
import { BroadcastListener } from './broadcast-listener.ts'
import { commands } from './commands.ts'
import { claimIdentity } from './identity-claim.ts'
import type { Link } from './link.ts'
import { Registrar } from './registrar.ts'
import { leftOutOf, presenceText, registrationText, type Standing } from './registration.ts'
import type { Settings } from './settings.ts'

/** What a member's life as a device needs. */
export interface PresenceInit {
  readonly link: Link
  readonly handler: MeshHandler
  readonly settings: Settings
  /** How many others hear its presence. */
  readonly crowd: () => number
  /** The registry does not want it as it is. */
  readonly onRefused: (error: BackplaneError) => void
}

/**
 * A member's life as a device: it claims its id, takes calls and broadcasts, and announces what it offers, to a
 * registry too where there is one.
 */
export class Presence {
  readonly #link: Link
  readonly #handler: MeshHandler
  readonly #settings: Settings
  readonly #announcer: Announcer
  readonly #registrar: Registrar | undefined
  readonly #broadcasts: BroadcastListener
  #announcement: Announcement | undefined
  #warned = ''
  #leftOut: string | undefined

  constructor({ link, handler, settings, crowd, onRefused }: PresenceInit) {
    this.#link = link
    this.#handler = handler
    this.#settings = settings
    this.#broadcasts = new BroadcastListener(link, handler, settings.status)
    this.#announcer = new Announcer({
      link,
      presence: () => presenceText(this.#standing()),
      vitals: () => vitalsOf(statusOf(link.identity, settings.status(), link.clock.now())),
      heartbeatMs: Math.max(1_000, (settings.ttlSeconds * 1_000) / 3),
      debounceMs: settings.debounceMs,
      crowd,
      byPresence: settings.discovery !== 'infra',
    })
    if (settings.discovery !== 'infra') return
    this.#registrar = new Registrar({
      link,
      registration: () => registrationText(this.#standing(), settings.ttlSeconds),
      jitterMs: settings.registerJitterMs,
      onRegistered: () => this.#announcer.beat(),
      onRefused,
    })
  }

  /** Replaces what is offered. */
  offer(announcement: Announcement): void {
    this.#announcement = announcement
    const unfit = announcement.unfitEvents.join(', ')
    if (unfit !== '' && unfit !== this.#warned) {
      this.#link.logger.warn(`not announced, since events are named with letters, digits, - and _ only: ${unfit}`)
    }
    this.#warned = unfit
    this.#saySo()
    this.#announcer.changed()
    this.#registrar?.changed()
  }

  /** What is left out of the announcement so that it fits into one message, in words; `undefined` where nothing is. */
  get leftOut(): string | undefined {
    return this.#announcement && leftOutOf(this.#standing())
  }

  #saySo(): void {
    const { leftOut } = this
    if (leftOut !== undefined && leftOut !== this.#leftOut) {
      const { transport, logger } = this.#link
      logger.warn(
        { leftOut, limit: transport.maxPayload },
        'more is offered than one message carries: it is announced in short',
      )
    }
    this.#leftOut = leftOut
  }

  /** The registry counts this device as gone. */
  forgotten(): void {
    this.#registrar?.changed()
  }

  /** Claims the id, then serves. What it subscribes is added to `subscriptions`. */
  async join(subscriptions: Subscription[], heardRival: () => boolean, signal?: AbortSignal): Promise<void> {
    const { transport, subjects, identity } = this.#link
    const { claimTimeoutMs, ttlSeconds } = this.#settings
    await claimIdentity(this.#link, { heardRival, timeoutMs: claimTimeoutMs, ...(signal ? { signal } : {}) })
    const answer = commands({
      handler: this.#handler,
      registration: () => registrationText(this.#standing(), ttlSeconds),
      maxPayload: () => transport.maxPayload,
    })
    subscriptions.push(await transport.serve(subjects.cmd(identity.deviceId), answer))
    subscriptions.push(await transport.subscribe(subjects.probe, () => this.#announcer.probed()))
    subscriptions.push(await transport.subscribe(subjects.broadcast, ({ payload }) => this.#broadcasts.take(payload)))
  }

  /** Begins to announce, or does so again after an outage. */
  start(): void {
    this.#saySo()
    this.#announcer.start()
    this.#registrar?.start()
  }

  /** Somebody is new on the mesh. */
  welcome(): void {
    this.#announcer.welcome()
  }

  /** Says good-bye and ends. */
  async stop(): Promise<void> {
    this.#broadcasts.stop()
    this.#registrar?.stop()
    await this.#announcer.stop()
  }

  /** Ends without a good-bye, which would speak for a rival of the same id as well. */
  silence(): void {
    this.#broadcasts.stop()
    this.#registrar?.stop()
    this.#announcer.silence()
  }

  #standing(): Standing {
    const { identity, instance, clock, transport } = this.#link
    const announcement = this.#announcement as Announcement
    const { maxPayload } = transport
    return { identity, instance, announcement, maxPayload, status: this.#settings.status(), now: clock.now() }
  }
}

/** The status fields that a heartbeat carries: the registry merges them all into its record, but for the time. */
function vitalsOf({ ts: _, ...vitals }: Params): Params {
  return vitals
}
