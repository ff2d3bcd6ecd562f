import { Buffer } from 'node:buffer'
import type { BackplaneError, Params, Timer } from '@backplane/core'
import { encodeBytes } from './json.ts'
import type { Link } from './link.ts'

/** Rates of presence (Device Connect's figures). */
const fastMs = 500
const slowMs = 5_000
const burstMs = 10_000
/**
 * Everybody hears everybody's presence, so among many the bursts are slower, and so are answers to callers: a few
 * at once (fewer the more peers there are), then one in a while. An answer never takes longer than a newcomer waits for
 * its first.
 */
const burstMsPerPeer = 20
const answersAtOnce = 5
const leastAtOnce = 2
const peersPerAnswer = 25
const answerMsPerPeer = 10
const longestAnswerMs = 800
/** A newcomer needs one presence of ours; a few more, should its line still be opening. */
const welcomeMs = 2_000

/** What announcing needs. */
export interface AnnouncerInit {
  readonly link: Link
  /** The body of a presence, as JSON text, as it is now. */
  readonly presence: () => string
  /** What a heartbeat says beside the device's id and the time. */
  readonly vitals: () => Params
  readonly heartbeatMs: number
  /** Least time between two announcements of changes. */
  readonly debounceMs: number
  /** How many others hear it. */
  readonly crowd: () => number
  /** Whether it is by presence that others find this device, or by a registry. */
  readonly byPresence: boolean
}

/** Says who we are and what we offer: presence in bursts and then slowly, and heartbeats. */
export class Announcer {
  readonly #init: AnnouncerInit
  #presence: Timer | undefined
  #heartbeat: Timer | undefined
  #due = Number.POSITIVE_INFINITY
  #burstUntil = 0
  #last = Number.NEGATIVE_INFINITY
  #answers = answersAtOnce
  #counted = Number.NEGATIVE_INFINITY
  #running = false
  #tooLarge = false

  constructor(init: AnnouncerInit) {
    this.#init = init
  }

  /** Begins, or begins again after an outage. */
  start(): void {
    this.#running = true
    this.#due = Number.POSITIVE_INFINITY
    this.#burst(burstMs)
    this.#soon(0)
    // With a registry the first beat follows the registration: a beat from a stranger makes it ask who that is.
    if (this.#init.byPresence) this.beat()
    else this.#beatLater()
  }

  /** What is announced has changed: says so at once, or as soon as the last time is long enough ago. */
  changed(): void {
    this.#burst(burstMs)
    this.#soon(0)
  }

  /** Somebody is new on the mesh. It has asked who is there, unless it is of another make: there is no hurry. */
  welcome(): void {
    this.#burst(welcomeMs)
    this.#soon(this.#burstMs())
  }

  /** Somebody asks who is there. */
  probed(): void {
    this.#soon(this.#answerIn())
  }

  /** Says how it is now, and from then on in turn. */
  beat(): void {
    if (!this.#running) return
    this.#sendBeat({})
    this.#beatLater()
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
    // A registry knows no leaving: until its record has run out, the record shall at least say how it is.
    if (!this.#init.byPresence) this.#sendBeat({ availability: 'offline', online: false })
    await this.#publish(subjects.presence(device_id), encodeBytes(farewell))
    await transport.flush({ timeoutMs: 1_000 }).catch(() => {})
  }

  #burst(forMs: number): void {
    if (this.#init.byPresence) this.#burstUntil = Math.max(this.#burstUntil, this.#init.link.clock.now() + forMs)
  }

  /**
   * Announces after `waitMs`. The first goes at once, so that anyone who loads a plugin and then looks sees it; what
   * follows closely is put together.
   */
  #soon(waitMs: number): void {
    if (!this.#running) return
    const { clock } = this.#init.link
    const wait = Math.max(waitMs, this.#last + this.#init.debounceMs - clock.now())
    if (wait <= 0) this.#announce()
    else if (clock.now() + wait < this.#due) this.#next(wait)
  }

  /** How long an answer has to wait: a few go at once, and where very many ask, one answers many. */
  #answerIn(): number {
    const now = this.#init.link.clock.now()
    const crowd = this.#init.crowd()
    const atOnce = Math.max(leastAtOnce, answersAtOnce - crowd / peersPerAnswer)
    const eachMs = Math.min(longestAnswerMs, Math.max(fastMs, crowd * answerMsPerPeer))
    this.#answers = Math.min(atOnce, this.#answers + (now - this.#counted) / eachMs)
    this.#counted = now
    if (this.#answers < 1) return (1 - this.#answers) * eachMs
    this.#answers--
    return 0
  }

  #announce(): void {
    const { link, presence } = this.#init
    const now = link.clock.now()
    this.#last = now
    void this.#publish(link.subjects.presence(link.identity.deviceId), Buffer.from(presence()))
    this.#next(now < this.#burstUntil ? this.#burstMs() : slowMs)
  }

  #burstMs(): number {
    return Math.min(slowMs, Math.max(fastMs, this.#init.crowd() * burstMsPerPeer))
  }

  #next(waitMs: number): void {
    const { clock } = this.#init.link
    this.#presence?.cancel()
    this.#due = clock.now() + waitMs
    this.#presence = clock.after(waitMs, () => this.#announce())
  }

  #beatLater(): void {
    this.#heartbeat?.cancel()
    this.#heartbeat = this.#init.link.clock.after(this.#init.heartbeatMs, () => this.beat())
  }

  #sendBeat(more: Params): void {
    const { link, vitals } = this.#init
    const { deviceId } = link.identity
    const body = { device_id: deviceId, ...vitals(), ...more, ts: link.clock.now() / 1000 }
    void this.#publish(link.subjects.heartbeat(deviceId), encodeBytes(body))
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
