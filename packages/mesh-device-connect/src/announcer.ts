import { Buffer } from 'node:buffer'
import type { BackplaneError, Timer } from '@backplane/core'
import { encodeBytes } from './json.ts'
import type { Link } from './link.ts'

/** Rates of presence (Device Connect's figures). */
const fastMs = 500
const slowMs = 5_000
const burstMs = 10_000
/** A newcomer needs one presence of ours; a few more, should its line still be opening. */
const welcomeMs = 2_000

/** What announcing needs. */
export interface AnnouncerInit {
  readonly link: Link
  /** The body of a presence, as JSON text, as it is now. */
  readonly presence: () => string
  /** What a heartbeat says beside the device's id and the time. */
  readonly vitals: () => object
  readonly heartbeatMs: number
  /** Least time between two announcements of changes. */
  readonly debounceMs: number
}

/** Says who we are and what we offer: presence in bursts and then slowly, and heartbeats. */
export class Announcer {
  readonly #init: AnnouncerInit
  #presence: Timer | undefined
  #heartbeat: Timer | undefined
  #burstUntil = 0
  #last = Number.NEGATIVE_INFINITY
  #running = false
  #tooLarge = false

  constructor(init: AnnouncerInit) {
    this.#init = init
  }

  /** Begins, or begins anew after an outage. */
  start(): void {
    this.#running = true
    this.#burst(burstMs)
    this.#heartbeat?.cancel()
    this.#beat()
  }

  /** What is announced has changed: says so at once, or as soon as the last time is long enough ago. */
  changed(): void {
    this.#burst(burstMs)
  }

  /** Somebody is new on the mesh. */
  welcome(): void {
    this.#burst(welcomeMs)
  }

  /** Somebody asks who is there. */
  probed(): void {
    this.#soon()
  }

  /** Stops. */
  silence(): void {
    this.#running = false
    this.#presence?.cancel()
    this.#heartbeat?.cancel()
  }

  /** Stops, and says good-bye. */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.silence()
    const { transport, subjects, identity, clock } = this.#init.link
    const { deviceId: device_id, tenant = 'default' } = identity
    const farewell = { device_id, tenant, departing: true, ts: clock.now() / 1000 }
    await this.#publish(subjects.presence(device_id), encodeBytes(farewell))
    await transport.flush({ timeoutMs: 1_000 }).catch(() => {})
  }

  #burst(forMs: number): void {
    this.#burstUntil = Math.max(this.#burstUntil, this.#init.link.clock.now() + forMs)
    this.#soon()
  }

  /** The first goes at once, so that whoever loads a plugin and then looks sees it; what follows closely is put together. */
  #soon(): void {
    if (!this.#running) return
    const { clock } = this.#init.link
    const wait = this.#last + this.#init.debounceMs - clock.now()
    if (wait <= 0) this.#announce()
    else this.#next(wait)
  }

  #announce(): void {
    const { link, presence } = this.#init
    const now = link.clock.now()
    this.#last = now
    void this.#publish(link.subjects.presence(link.identity.deviceId), Buffer.from(presence()))
    this.#next(now < this.#burstUntil ? fastMs : slowMs)
  }

  #next(waitMs: number): void {
    this.#presence?.cancel()
    this.#presence = this.#init.link.clock.after(waitMs, () => this.#announce())
  }

  #beat(): void {
    const { link, vitals, heartbeatMs } = this.#init
    const { deviceId } = link.identity
    const body = { device_id: deviceId, ...vitals(), ts: link.clock.now() / 1000 }
    void this.#publish(link.subjects.heartbeat(deviceId), encodeBytes(body))
    this.#heartbeat = link.clock.after(heartbeatMs, () => this.#beat())
  }

  /** Never rejects: what is not sent now is sent again soon. */
  async #publish(subject: string, payload: Uint8Array): Promise<void> {
    const { transport, logger } = this.#init.link
    try {
      await transport.publish(subject, payload)
    } catch (error) {
      const isTooLarge = (error as BackplaneError).code === 'BP_PAYLOAD_TOO_LARGE'
      if (isTooLarge && !this.#tooLarge) logger.error({ error, subject }, 'too much is offered for one message')
      else logger.debug({ error, subject }, 'not announced')
      this.#tooLarge ||= isTooLarge
    }
  }
}
