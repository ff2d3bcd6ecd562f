import {
  type BackplaneError,
  coreError,
  messageOf,
  type TransportEvent,
  type TransportOptions,
  type TransportStatus,
  throwIfAborted,
  within,
} from '@backplane/core'
import { closedError, connectFailed } from './failures.ts'
import { Heartbeat } from './heartbeat.ts'
import { backoff, type TransportSettings, type ZenohTransportComponents } from './options.ts'
import type { ZenohSession } from './session.ts'

/** What rides on a {@link Link}. */
export interface LinkUser {
  /** A new session: declare on it what is to be declared; the link waits until the router has it. */
  attach(session: ZenohSession): Promise<void>
  /** The session has gone. */
  lost(error: BackplaneError): void
}

/** Opens a session; whoever speaks Zenoh gives such a function. */
export type OpenSession = (init: {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  lost(reason: string): void
  heard(): void
}) => Promise<ZenohSession>

const defaultTimeoutMs = 10_000
/** How long one try to come back may take. */
const reopenTimeoutMs = 5000

/** One way of getting connected, which any number of callers may wait for. */
interface Attempt {
  readonly done: Promise<void>
  readonly controller: AbortController
  waiters: number
}

/** The session of one transport through all its ups and downs: its status, its events, and the session while there is one. */
export class Link {
  readonly #settings: TransportSettings
  readonly #components: ZenohTransportComponents
  readonly #openSession: OpenSession
  readonly #user: LinkUser
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  readonly #lifetime = new AbortController()
  #status: TransportStatus = 'idle'
  #session: ZenohSession | undefined
  #heartbeat: Heartbeat | undefined
  #attempt: Attempt | undefined
  #returning: Promise<void> | undefined

  constructor(
    settings: TransportSettings,
    components: ZenohTransportComponents,
    openSession: OpenSession,
    user: LinkUser,
  ) {
    this.#settings = settings
    this.#components = components
    this.#openSession = openSession
    this.#user = user
  }

  get status(): TransportStatus {
    return this.#status
  }

  /** The live session. Throws `BP_CLOSED` or `BP_DISCONNECTED`. */
  session(): ZenohSession {
    if (this.#status === 'connected' && this.#session) return this.#session
    throw this.#status === 'closed' ? closedError() : this.#disconnectedError()
  }

  async connect({ signal, timeoutMs = defaultTimeoutMs }: TransportOptions = {}): Promise<void> {
    if (this.#status === 'closed') throw closedError()
    throwIfAborted(signal)
    if (this.#status === 'connected') return
    this.#attempt ??= this.#begin(timeoutMs)
    const attempt = this.#attempt
    attempt.waiters++
    const { clock } = this.#components
    try {
      await within(attempt.done, { clock, timeoutMs, signal, what: `Connecting to ${this.#settings.endpoint}` })
    } finally {
      // The last to give up takes the attempt with it.
      if (--attempt.waiters === 0) this.#end(attempt)
    }
  }

  /** Does something with the live session that may not last: an error of the link becomes one of the transport. */
  async use(
    work: (session: ZenohSession) => Promise<void>,
    what: string,
    { signal, timeoutMs = defaultTimeoutMs }: TransportOptions = {},
  ): Promise<void> {
    throwIfAborted(signal)
    const session = this.session()
    const working = work(session).catch((thrown) => {
      if (this.#status === 'closed') throw closedError()
      throw this.#session === session ? thrown : this.#disconnectedError(thrown)
    })
    await within(working, { clock: this.#components.clock, timeoutMs, signal, what })
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    const own = (event: TransportEvent) => listener(event)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  emit(event: TransportEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (thrown) {
        this.#components.logger.error({ reason: messageOf(thrown) }, 'Zenoh status listener threw')
      }
    }
  }

  /** Ends it; a live session first serves `drain`. Must be called once only. */
  async close(drain: (session: ZenohSession) => Promise<void>): Promise<void> {
    const session = this.#status === 'connected' ? this.#session : undefined
    const attempt = this.#attempt
    this.#status = 'closed'
    this.#lifetime.abort(closedError())
    if (session) await drain(session)
    await attempt?.done.catch(() => {})
    await this.#returning
    this.#drop()
    await session?.close()
    this.emit({ type: 'closed' })
    this.#listeners.clear()
  }

  #begin(timeoutMs: number): Attempt {
    const controller = new AbortController()
    const signal = AbortSignal.any([this.#lifetime.signal, controller.signal])
    if (this.#returning) return { done: Promise.race([this.#returned(), rejectedBy(signal)]), controller, waiters: 0 }
    this.#status = 'connecting'
    const done = this.#open(timeoutMs, signal)
    // Whoever waits for it is told; when nobody does any longer, it is nobody's failure.
    done.catch(() => {})
    return { done, controller, waiters: 0 }
  }

  #end(attempt: Attempt): void {
    attempt.controller.abort()
    if (this.#attempt !== attempt) return
    this.#attempt = undefined
    if (this.#status === 'connecting') this.#status = 'idle'
  }

  /** Opens a session, has everything declared on it, and only then counts as connected. */
  async #open(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#components
    const giveUp = new AbortController()
    let gone: string | undefined
    let session: ZenohSession | undefined
    let heartbeat: Heartbeat | undefined
    const lost = (reason: string) => {
      gone ??= reason
      giveUp.abort(connectFailed(this.#settings.endpoint, reason))
      if (session && this.#session === session) this.#lost(reason)
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
      await within(this.#user.attach(session), {
        clock,
        timeoutMs: Math.max(1, deadline - clock.now()),
        signal: either,
        what: `Declaring on ${this.#settings.endpoint}`,
      })
      either.throwIfAborted()
    } catch (thrown) {
      heartbeat?.stop()
      await session?.close()
      if (signal.aborted) throw signal.reason
      throw gone === undefined ? thrown : connectFailed(this.#settings.endpoint, gone, thrown)
    }
    this.#session = session
    this.#heartbeat = heartbeat
    this.#status = 'connected'
    this.emit({ type: 'connected' })
  }

  #lost(reason: string): void {
    const session = this.#session
    this.#drop()
    if (this.#status !== 'connected') return
    this.#status = 'disconnected'
    this.#user.lost(this.#disconnectedError())
    void session?.close()
    this.#returning = this.#comeBack().finally(() => {
      this.#returning = undefined
    })
    this.emit({ type: 'disconnected', reason })
  }

  #drop(): void {
    this.#heartbeat?.stop()
    this.#heartbeat = undefined
    this.#session = undefined
  }

  /** Tries until it is connected or closed; never rejects. */
  async #comeBack(): Promise<void> {
    const { signal } = this.#lifetime
    for (let attempt = 1; !signal.aborted; attempt++) {
      if (attempt > 1) await this.#pause(backoff(this.#settings, attempt - 1))
      else await null
      if (signal.aborted) return
      this.emit({ type: 'reconnecting' })
      try {
        await this.#open(reopenTimeoutMs, signal)
        return
      } catch (thrown) {
        this.#components.logger.debug({ reason: messageOf(thrown), attempt }, 'Zenoh not reachable yet')
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    const { signal } = this.#lifetime
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = this.#components.clock.after(delayMs, end)
      signal.addEventListener('abort', end, { once: true })
    })
  }

  /** Resolves when it has come back by itself. */
  #returned(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.onStatus(({ type }) => {
        if (type !== 'connected' && type !== 'closed') return
        stop()
        resolve()
      })
    })
  }

  #disconnectedError(cause?: unknown): BackplaneError {
    return coreError('BP_DISCONNECTED', { details: { address: this.#settings.endpoint }, cause })
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
