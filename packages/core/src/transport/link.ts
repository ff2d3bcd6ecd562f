import { contractError } from '../contract-errors.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import type { TransportEvent, TransportOptions, TransportStatus } from '../contracts/transport.ts'
import { throwIfAborted, within } from '../deadline.ts'
import { BackplaneError, coreError, messageOf } from '../errors.ts'
import { rationedLogger } from '../rationed-logger.ts'
import { untilAborted } from '../until-aborted.ts'
import { checkWaiting } from './checks.ts'
import { transportDefaults } from './defaults.ts'
import type { HandlerEvents } from './handler-events.ts'

/** Makes the connections of a {@link Link}: what is the medium's own. `C` is what a connection is there. */
export interface Connector<C extends object> {
  /** The medium's name as people write it; it stands in errors and log lines. */
  readonly name: string
  /** Where it is or wants to be connected, for people. */
  readonly address: string
  /**
   * Makes a connection and has everything declared on it that is to be there (`link.attach`), then calls `link.up`.
   * From then on it tells `link.lost` when the connection goes, brings it back unasked, and calls `link.up` again; or
   * `link.gaveUp` where it cannot. A connection of another make is attached again; one that keeps its declarations is
   * not.
   *
   * Rejects where there is nobody, and soon after `signal` has aborted, with its reason; what it began is ended again.
   */
  open(link: Link<C>, timeoutMs: number, signal: AbortSignal): Promise<void>
  /** Ends `connection`, the live one where there is one, and whatever would bring back a lost one. Never rejects. */
  end(connection: C | undefined): Promise<void>
}

/** What a {@link Link} is given by its transport. */
export interface LinkComponents<C extends object> {
  readonly clock: Clock
  readonly logger: Logger
  /** The connection has gone, and nobody has been told yet: what waits for something on it fails with `error`. */
  lost(error: BackplaneError): void
  /** See {@link Link.attach}. */
  attach(connection: C): Promise<void>
  /** See {@link Link.forbidden}. */
  forbidden(subject: string, reason: string): void
  /** See {@link Link.quiet}. */
  quiet(mostMs: number): Promise<void>
}

/** Log lines a second about listeners and handlers that fail: others' messages run them. */
const linesPerSecond = 5

/** One way of getting connected, which any number of callers may wait for. */
interface Attempt {
  readonly done: Promise<void>
  readonly controller: AbortController
  waiters: number
}

/**
 * The connection of one transport through all its ups and downs: its status, its events, and the connection while there
 * is one.
 */
export class Link<C extends object> {
  readonly #connectorOf: () => Connector<C>
  readonly #components: LinkComponents<C>
  readonly #logger: Logger
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  readonly #lifetime = new AbortController()
  #status: TransportStatus = 'idle'
  #connection: C | undefined
  /** The connector is bringing a lost connection back. */
  #returning = false
  #attempt: Attempt | undefined

  /** `connector` is asked for when it is needed: a medium is given its link before it has made one. */
  constructor(connector: () => Connector<C>, components: LinkComponents<C>) {
    this.#connectorOf = connector
    this.#components = components
    this.#logger = rationedLogger(components.logger, linesPerSecond, components.clock)
  }

  get #connector(): Connector<C> {
    return this.#connectorOf()
  }

  get status(): TransportStatus {
    return this.#status
  }

  /** Aborts with `BP_CLOSED` as soon as it closes. */
  get lifetime(): AbortSignal {
    return this.#lifetime.signal
  }

  /** The connection while there is one, also while the link closes: for what belongs to work that began before. */
  get current(): C | undefined {
    return this.#connection
  }

  /** The live connection. Throws `BP_CLOSED` or `BP_DISCONNECTED`. */
  live(): C {
    if (this.#status === 'connected' && this.#connection) return this.#connection
    throw this.#status === 'closed' ? this.closedError() : this.disconnectedError()
  }

  /** A transport's `connect`. */
  async connect(options: TransportOptions = {}): Promise<void> {
    checkWaiting(options)
    const { signal, timeoutMs = transportDefaults.timeoutMs } = options
    if (this.#status === 'closed') throw this.closedError()
    throwIfAborted(signal)
    if (this.#status === 'connected') return
    this.#attempt ??= this.#begin(timeoutMs)
    const attempt = this.#attempt
    attempt.waiters++
    const { clock } = this.#components
    try {
      await within(attempt.done, { clock, timeoutMs, signal, what: `Connecting to ${this.#connector.address}` })
    } finally {
      // The last to give up takes the attempt with it.
      if (--attempt.waiters === 0) this.#end(attempt)
    }
  }

  /**
   * Does something with the live connection that may not last: what fails because it has gone rejects with
   * `BP_DISCONNECTED` or `BP_CLOSED`. `what` names it in `BP_TIMEOUT`.
   */
  async use(
    work: (connection: C) => Promise<void>,
    what: string,
    options: { [K in keyof TransportOptions]: TransportOptions[K] | undefined } = {},
  ): Promise<void> {
    checkWaiting(options)
    const { signal, timeoutMs = transportDefaults.timeoutMs } = options
    throwIfAborted(signal)
    const connection = this.live()
    const working = work(connection).catch((thrown) => {
      if (this.#status === 'closed') throw this.closedError()
      throw this.#connection === connection ? thrown : this.disconnectedError(thrown)
    })
    await within(working, { clock: this.#components.clock, timeoutMs, signal, what })
  }

  /** A transport's `onStatus`. */
  onStatus(listener: (event: TransportEvent) => void): () => void {
    const own = (event: TransportEvent) => listener(event)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** Tells every listener; one that throws is logged. */
  emit(event: TransportEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event)
      } catch (thrown) {
        const { name } = this.#connector
        this.#logger.error({ reason: messageOf(thrown) }, `${name} status listener threw`)
      }
    }
  }

  /**
   * Makes status events of what happens at the handler of one subscription or served subject; a failure is logged too.
   */
  handlerEvents(pattern: string): HandlerEvents {
    return {
      dropped: (dropped, reason) => this.emit({ type: 'slow', subject: pattern, dropped, ...(reason && { reason }) }),
      failed: (thrown) => {
        const { name } = this.#connector
        this.#logger.error({ pattern, reason: messageOf(thrown) }, `${name} handler failed`)
        this.emit({ type: 'error', error: BackplaneError.from(thrown) })
      },
    }
  }

  /**
   * Declares on a new connection what is to be there; resolves when the far side has it. Comes before {@link Link.up}.
   */
  attach(connection: C): Promise<void> {
    return this.#components.attach(connection)
  }

  /**
   * The far side does not allow publishing on `subject`: what was asked on it fails with `BP_REFUSED`, and it is told.
   */
  forbidden(subject: string, reason: string): void {
    this.#components.forbidden(subject, reason)
  }

  /**
   * Resolves when no request is under way in either direction, or `mostMs` is over: for leaving a connection with
   * little lost.
   */
  quiet(mostMs: number): Promise<void> {
    return this.#components.quiet(mostMs)
  }

  /** There is a connection, or there is one again. Must not be called once {@link Link.lifetime} has aborted. */
  up(connection: C): void {
    this.#connection = connection
    this.#returning = false
    this.#status = 'connected'
    this.emit({ type: 'connected' })
  }

  /** The live connection has gone; does nothing where there is none. */
  lost(reason?: string): void {
    if (this.#status !== 'connected') return
    this.#connection = undefined
    this.#returning = true
    this.#status = 'disconnected'
    this.#components.lost(this.disconnectedError())
    this.emit(reason === undefined ? { type: 'disconnected' } : { type: 'disconnected', reason })
  }

  /** A lost connection is not brought back: the next {@link Link.connect} makes a new one. */
  gaveUp(): void {
    this.#returning = false
  }

  /** Ends it; a live connection first serves `drain`. Must be called once only. */
  async close(drain: (connection: C) => Promise<void>): Promise<void> {
    const connection = this.#connection
    const attempt = this.#attempt
    this.#status = 'closed'
    this.#lifetime.abort(this.closedError())
    if (connection) await drain(connection)
    await attempt?.done.catch(() => {})
    this.#connection = undefined
    await this.#connector.end(connection)
    this.emit({ type: 'closed' })
    this.#listeners.clear()
  }

  /** What everything rejects with after {@link Link.close}. */
  closedError(): BackplaneError {
    return coreError('BP_CLOSED', { details: { what: `The ${this.#connector.name} transport` } })
  }

  /** What everything but `connect` rejects with while there is no connection. */
  disconnectedError(cause?: unknown): BackplaneError {
    return contractError('BP_DISCONNECTED', { details: { address: this.#connector.address }, cause })
  }

  #begin(timeoutMs: number): Attempt {
    const controller = new AbortController()
    const signal = AbortSignal.any([this.#lifetime.signal, controller.signal])
    if (this.#returning) return { done: this.#returned(signal), controller, waiters: 0 }
    this.#status = 'connecting'
    return { done: this.#connector.open(this, timeoutMs, signal), controller, waiters: 0 }
  }

  #end(attempt: Attempt): void {
    attempt.controller.abort()
    if (this.#attempt !== attempt) return
    this.#attempt = undefined
    if (this.#status === 'connecting') this.#status = 'idle'
  }

  /** Resolves when the connection has come back by itself. */
  #returned(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = this.onStatus(({ type }) => {
      if (type === 'connected') resolve()
    })
    return untilAborted(promise, signal).finally(stop)
  }
}
