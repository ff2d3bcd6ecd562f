import { within } from '@backplane/core'
import { type Connector, comeBack, type Link } from '@backplane/core/transport'
import { connectFailed } from './failures.ts'
import { Heartbeat } from './heartbeat.ts'
import type { TransportSettings, ZenohTransportComponents } from './options.ts'
import type { ZenohSession } from './session.ts'

/** Opens a session; anyone who speaks Zenoh gives such a function. */
export type OpenSession = (init: {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  lost(reason: string): void
  heard(): void
}) => Promise<ZenohSession>

/** How long one try to come back may take. */
const reopenTimeoutMs = 5000

/**
 * Makes the sessions of one transport, one after the other: a session never comes back, so a lost one is followed by
 * another.
 */
export class ZenohConnector implements Connector<ZenohSession> {
  readonly name = 'Zenoh'
  readonly address: string
  readonly #settings: TransportSettings
  readonly #components: ZenohTransportComponents
  readonly #openSession: OpenSession
  /** When the last session joined, by the clock. */
  joined = Number.NEGATIVE_INFINITY
  #heartbeat: Heartbeat | undefined
  #comingBack: Promise<void> | undefined

  constructor(settings: TransportSettings, components: ZenohTransportComponents, openSession: OpenSession) {
    this.address = settings.endpoint
    this.#settings = settings
    this.#components = components
    this.#openSession = openSession
  }

  async open(link: Link<ZenohSession>, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { address } = this
    const { clock } = this.#components
    const giveUp = new AbortController()
    let gone: string | undefined
    let session: ZenohSession | undefined
    let heartbeat: Heartbeat | undefined
    const lost = (reason: string) => {
      gone ??= reason
      giveUp.abort(connectFailed(address, reason))
      if (session && link.current === session) this.#lost(link, session, reason)
    }
    const either = AbortSignal.any([signal, giveUp.signal])
    const deadline = clock.now() + timeoutMs
    try {
      session = await this.#openSession({ timeoutMs, signal: either, lost, heard: () => heartbeat?.heard() })
      const own = session
      heartbeat = new Heartbeat({
        clock,
        everyMs: this.#settings.heartbeatMs,
        timeoutMs: this.#settings.heartbeatTimeoutMs,
        ask: () => void own.roundTrip().catch(() => {}),
        silent: () => lost(`the bridge has not answered for ${this.#settings.heartbeatTimeoutMs} ms`),
      })
      this.joined = clock.now()
      await within(link.attach(session), {
        clock,
        timeoutMs: Math.max(1, deadline - clock.now()),
        signal: either,
        what: `Declaring on ${address}`,
      })
      either.throwIfAborted()
    } catch (thrown) {
      heartbeat?.stop()
      await session?.close()
      if (signal.aborted) throw signal.reason
      throw gone === undefined ? thrown : connectFailed(address, gone, thrown)
    }
    this.#heartbeat = heartbeat
    link.up(session)
  }

  async end(session: ZenohSession | undefined): Promise<void> {
    await this.#comingBack
    this.#heartbeat?.stop()
    await session?.close()
  }

  #lost(link: Link<ZenohSession>, session: ZenohSession, reason: string): void {
    this.#heartbeat?.stop()
    if (link.status !== 'connected') return
    link.lost(reason)
    void session.close()
    const { clock, logger } = this.#components
    const open = (signal: AbortSignal) => this.open(link, reopenTimeoutMs, signal)
    this.#comingBack = comeBack(link, { ...this.#settings, clock, logger, open })
  }
}
