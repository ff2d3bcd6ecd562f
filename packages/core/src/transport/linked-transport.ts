import type {
  Message,
  MessageHandler,
  RequestHandler,
  RequestOptions,
  SubscribeOptions,
  Subscription,
  Transport,
  TransportComponents,
  TransportEvent,
  TransportOptions,
  TransportStatus,
} from '../contracts/transport.ts'
import { throwIfAborted, within } from '../deadline.ts'
import { BackplaneError, messageOf } from '../errors.ts'
import { rationedLogger } from '../rationed-logger.ts'
import type { ReplyPort } from './answering.ts'
import { checkOutgoing, checkSubscribing, checkWaiting } from './checks.ts'
import { transportDefaults } from './defaults.ts'
import { type Caller, Entry, type EntryInit, hearing, serving, subscriptionOf } from './entry.ts'
import { payloadTooLarge, refused } from './failures.ts'
import { Link } from './link.ts'
import type { Medium, MediumComponents } from './medium.ts'
import { PendingRequests } from './pending-requests.ts'

/**
 * How long to wait for the far side where it is a courtesy to others: that something has gone, that last answers are
 * out.
 */
const courtesyMs = 1000
/** How often to look whether the requests under way have ended, where they are waited for. */
const lookMs = 20
/** Log lines a second about answers that cannot be sent: others' requests cause them. */
const linesPerSecond = 5
const done = Promise.resolve()

/**
 * A {@link Transport} over one network: all that transports do alike, on what `medium` does in its own way.
 *
 * It checks arguments, keeps its connection by a {@link Link}, declares subscriptions and served subjects on each new
 * one, holds what waits for handlers and answers, and drains when it closes. Not needed to use a transport.
 */
export class LinkedTransport<C extends object, R> implements Transport {
  readonly #components: TransportComponents
  readonly #medium: Medium<C, R>
  readonly #link: Link<C>
  readonly #requests: PendingRequests
  readonly #replies: ReplyPort<Caller<C, R>>
  readonly #entries = new Set<Entry<C, R>>()
  /** Aborts the handlers that outlast the drain. */
  readonly #handlers = new AbortController()
  #closing: Promise<void> | undefined

  constructor(components: TransportComponents, make: (components: MediumComponents<C>) => Medium<C, R>) {
    const { clock, logger } = components
    this.#components = components
    const requests = new PendingRequests(clock)
    this.#requests = requests
    this.#link = new Link<C>(() => this.#medium.connector, {
      clock,
      logger,
      lost: (error) => requests.failAll(() => error),
      attach: (connection) => this.#attach(connection),
      forbidden: (subject, reason) => this.#forbidden(subject, reason),
      quiet: (mostMs) => this.#quiet(mostMs),
    })
    this.#medium = make({ clock, logger, link: this.#link, requests })
    this.#replies = this.#replyPort()
  }

  get kind(): string {
    return this.#medium.kind
  }

  get status(): TransportStatus {
    return this.#link.status
  }

  get address(): string {
    return this.#medium.connector.address
  }

  get maxPayload(): number {
    return this.#medium.maxPayload
  }

  connect(options?: TransportOptions): Promise<void> {
    return this.#link.connect(options)
  }

  flush(options?: TransportOptions): Promise<void> {
    return this.#link.use((connection) => this.#medium.roundTrip(connection), 'The flush', options)
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    return this.#link.onStatus(listener)
  }

  publish(subject: string, payload: Uint8Array, options?: TransportOptions): Promise<void> {
    try {
      const connection = this.#ready(subject, payload, options)
      return this.#medium.publish(connection, subject, payload) ?? done
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  request(subject: string, payload: Uint8Array, options?: RequestOptions): Promise<Message> {
    try {
      const connection = this.#ready(subject, payload, options)
      const timeoutMs = options?.timeoutMs ?? transportDefaults.requestTimeoutMs
      const { request, answer } = this.#requests.open(subject, timeoutMs, options?.signal)
      try {
        this.#medium.ask(connection, request, payload)
      } catch (thrown) {
        request.fail(BackplaneError.from(thrown))
      }
      return answer
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  async subscribe(pattern: string, handler: MessageHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#checkSubscribing(pattern, handler, options)
    const events = this.#link.handlerEvents(pattern)
    const taker = hearing(handler, options.maxPending ?? transportDefaults.maxPending, events)
    return this.#add({ pattern, queue: options.queue, answers: false, taker, events }, options)
  }

  async serve(pattern: string, handler: RequestHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#checkSubscribing(pattern, handler, options)
    const events = this.#link.handlerEvents(pattern)
    const taker = serving(handler, {
      replies: this.#replies,
      maxPending: Math.min(options.maxPending ?? transportDefaults.maxPending, this.#medium.mostServing),
      signal: this.#handlers.signal,
      events,
    })
    return this.#add({ pattern, queue: options.queue, answers: true, taker, events }, options)
  }

  close({ drainMs = transportDefaults.drainMs }: { readonly drainMs?: number } = {}): Promise<void> {
    // Whatever it is asked with, it closes.
    this.#closing ??= this.#shutDown(typeof drainMs === 'number' && drainMs > 0 ? drainMs : 0)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #ready(subject: string, payload: Uint8Array, options: TransportOptions | undefined): C {
    checkOutgoing(subject, payload, this.#medium.longestSubject)
    if (options) checkWaiting(options)
    const connection = this.#link.live()
    throwIfAborted(options?.signal)
    const { maxPayload } = this.#medium
    if (payload.length > maxPayload) throw payloadTooLarge(payload.length, maxPayload)
    return connection
  }

  #checkSubscribing(pattern: string, handler: unknown, options: SubscribeOptions): void {
    checkSubscribing(pattern, handler, options, this.#medium.longestSubject)
    this.#link.live()
  }

  async #add(init: Omit<EntryInit<C, R>, 'forbidden'>, { signal }: SubscribeOptions): Promise<Subscription> {
    const { pattern } = init
    const forbidden = (reason: string) => this.#link.emit({ type: 'error', error: refused(pattern, reason) })
    const entry = new Entry<C, R>({ ...init, forbidden })
    this.#entries.add(entry)
    try {
      const declare = (connection: C) => entry.declare(this.#medium, connection)
      await this.#link.use(declare, `Declaring '${pattern}'`, { signal })
    } catch (thrown) {
      this.#entries.delete(entry)
      void entry.end()
      throw thrown
    }
    return subscriptionOf(pattern, () => this.#remove(entry))
  }

  async #remove(entry: Entry<C, R>): Promise<void> {
    if (!this.#entries.delete(entry)) return
    const ended = entry.end()
    // The far side is waited for, so that others find nobody any more.
    if (this.#link.current) await this.#courtesy(ended)
  }

  /**
   * Declares everything on a new connection. What the far side does not allow any longer is told, and the rest stands.
   */
  async #attach(connection: C): Promise<void> {
    const declaring = [...this.#entries].map((entry) =>
      entry.declare(this.#medium, connection).catch((thrown) => {
        if ((thrown as Partial<BackplaneError>)?.code !== 'BP_REFUSED') throw thrown
      }),
    )
    await Promise.all(declaring)
  }

  #forbidden(subject: string, reason: string): void {
    const error = refused(subject, reason)
    this.#requests.failAll(
      () => error,
      (request) => request.subject === subject,
    )
    this.#link.emit({ type: 'error', error })
  }

  /** Resolves when no request is under way in either direction, or when its time is over. */
  async #quiet(mostMs: number): Promise<void> {
    const { clock } = this.#components
    const until = clock.now() + mostMs
    const serving = Promise.all([...this.#entries].map(({ taker }) => taker.idle()))
    await within(serving, { clock, timeoutMs: mostMs, what: 'The move' }).catch(() => {})
    while (this.#requests.size > 0 && clock.now() < until) {
      await new Promise<void>((resolve) => clock.after(lookMs, resolve))
    }
  }

  #shutDown(drainMs: number): Promise<void> {
    const entries = [...this.#entries]
    this.#entries.clear()
    const closing = this.#link.close((connection) => this.#drain(connection, entries, drainMs))
    for (const { taker } of entries) taker.close()
    this.#requests.failAll(() => this.#link.closedError())
    this.#requests.stop()
    return closing.finally(() => this.#handlers.abort(this.#link.closedError()))
  }

  async #drain(connection: C, entries: readonly Entry<C, R>[], drainMs: number): Promise<void> {
    const { clock } = this.#components
    const ended = this.#courtesy(Promise.all(entries.map((entry) => entry.end())))
    const idle = Promise.all(entries.map(({ taker }) => taker.idle()))
    if (drainMs > 0) await within(idle, { clock, timeoutMs: drainMs, what: 'The drain' }).catch(() => {})
    const heard = await ended
    for (const { taker } of entries) taker.cutOff()
    // Who has not answered so far is not asked again.
    if (heard) await this.#courtesy(this.#medium.roundTrip(connection))
  }

  /** Waits for the far side where nothing depends on it; gives whether it has answered. */
  #courtesy(answered: Promise<unknown>): Promise<boolean> {
    const { clock } = this.#components
    return within(answered, { clock, timeoutMs: courtesyMs, what: 'The far side' }).then(
      () => true,
      () => false,
    )
  }

  /** Sends what becomes of requests. That an answer cannot be sent is no error of its handler. */
  #replyPort(): ReplyPort<Caller<C, R>> {
    const medium = this.#medium
    const { clock, logger } = this.#components
    const rationed = rationedLogger(logger, linesPerSecond, clock)
    const trying = (send: () => void) => {
      try {
        send()
      } catch (thrown) {
        rationed.warn({ reason: messageOf(thrown) }, `${medium.connector.name} answer not sent`)
      }
    }
    return {
      get maxPayload() {
        return medium.maxPayload
      },
      answer: ({ connection, reply }, payload) => trying(() => medium.answer(connection, reply, payload)),
      refuse: ({ connection, reply }, kind, reason) => trying(() => medium.refuse(connection, reply, kind, reason)),
      silent: ({ connection, reply }) => trying(() => medium.silent(connection, reply)),
      unserved: ({ connection, reply }) => trying(() => medium.unserved(connection, reply)),
    }
  }
}
