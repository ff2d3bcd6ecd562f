import { contractError } from '../contract-errors.ts'
import type { Clock, Timer } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
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
import { BackplaneError, coreError, messageOf } from '../errors.ts'
import { rationedLogger } from '../rationed-logger.ts'
import { Answering, type ReplyPort, refusalError } from '../transport/answering.ts'
import { checkOutgoing, checkSubscribing } from '../transport/checks.ts'
import { transportDefaults } from '../transport/defaults.ts'
import { payloadTooLarge } from '../transport/failures.ts'
import type { HandlerEvents } from '../transport/handler-events.ts'
import { Inbound } from '../transport/inbound.ts'
import { type Behaviour, Entry } from './entry.ts'
import { Line, type MemoryLineInit } from './line.ts'
import type { Client, Medium, MemoryNetwork, ReplyTo } from './network.ts'

/** Log lines a second about handlers that fail: others' messages run them. */
const linesPerSecond = 5

/** Options of {@link memoryTransport}. */
export interface MemoryTransportInit extends MemoryLineInit {
  /** The medium; transports on the same one reach each other. */
  readonly network: MemoryNetwork
  /** Names it, so that the network can cut its line alone. @default 'client' */
  readonly client?: string
  /** What it shows to be let in. @default nothing */
  readonly token?: string
  /** Largest payload that it carries, in bytes. @default 1048576 (that of a NATS server) */
  readonly maxPayload?: number
  /** Makes every subscription slow: how long each message lies before its handler sees it, in milliseconds. @default 0 */
  readonly handleDelayMs?: number
}

/** As over NATS, with its usual limit of a protocol line. */
const longestSubject = 4_000

/** Makes a {@link Transport} in memory, for tests and for hosts that are alone; it reaches no further than the process. */
export function memoryTransport(init: MemoryTransportInit): (components: TransportComponents) => Transport {
  return (components) => new MemoryTransport(init, components)
}

class MemoryTransport implements Transport, Client {
  readonly kind = 'memory'
  readonly name: string
  readonly address: string
  readonly maxPayload: number
  readonly #init: MemoryTransportInit
  readonly #medium: Medium
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #line: Line
  readonly #mine = new Set<Entry>()
  /** What rejects each request and flush under way. */
  readonly #pending = new Set<(error: BackplaneError) => void>()
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  readonly #closing = new AbortController()
  readonly #replies: ReplyPort<ReplyTo>
  #status: TransportStatus = 'idle'
  #attempt: Promise<void> | undefined
  #abandon: (error: BackplaneError) => void = () => {}
  #waiters = 0
  #closed: Promise<void> | undefined

  constructor(init: MemoryTransportInit, { clock, logger }: TransportComponents) {
    this.#init = init
    this.#medium = init.network as Medium
    this.#clock = clock
    this.#logger = rationedLogger(logger, linesPerSecond, clock)
    this.#line = new Line(clock, init)
    this.name = init.client ?? 'client'
    this.address = `memory:${init.network.name}`
    this.maxPayload = init.maxPayload ?? 1_048_576
    this.#replies = {
      maxPayload: this.maxPayload,
      answer: (reply, payload) => {
        const bytes = payload.slice()
        this.#line.send(() => reply.answer(bytes))
      },
      refuse: (reply, kind, reason) => this.#line.send(() => reply.refuse(kind, reason)),
      silent: () => {},
      unserved: (reply) => this.#line.send(() => reply.unserved()),
    }
  }

  get status(): TransportStatus {
    return this.#status
  }

  async connect({ signal, timeoutMs = 10_000 }: TransportOptions = {}): Promise<void> {
    if (this.#status === 'closed') throw this.#closedError()
    throwIfAborted(signal)
    if (this.#status === 'connected') return
    this.#waiters++
    this.#attempt ??= this.#status === 'idle' ? this.#join() : this.#rejoined()
    try {
      await within(this.#attempt, { clock: this.#clock, timeoutMs, signal, what: `Connecting to ${this.address}` })
    } finally {
      this.#waiters--
      // The last to give up takes the attempt with it.
      if (this.#waiters === 0 && this.#status === 'connecting') this.#giveUp()
    }
  }

  async publish(subject: string, payload: Uint8Array, options: TransportOptions = {}): Promise<void> {
    checkOutgoing(subject, payload, longestSubject)
    this.#ready(options.signal)
    this.#fits(payload)
    // The sender may use its buffer again as soon as this resolves.
    const bytes = payload.slice()
    this.#line.send(() => this.#medium.route(subject, bytes))
  }

  async flush({ signal, timeoutMs = 10_000 }: TransportOptions = {}): Promise<void> {
    this.#ready(signal)
    const how = { clock: this.#clock, timeoutMs, signal, what: 'Flushing' }
    await this.#waiting<void>(how, (resolve) => this.#line.control(resolve))
  }

  async subscribe(pattern: string, handler: MessageHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    const { queue, maxPending = transportDefaults.maxPending } = options
    checkSubscribing(pattern, options, longestSubject)
    this.#ready(options.signal)
    let lying: Timer | undefined
    const { handleDelayMs = 0 } = this.#init
    const delayed: MessageHandler = async (message) => {
      await new Promise<void>((resolve) => {
        lying = this.#clock.after(handleDelayMs, resolve)
      })
      await handler(message)
    }
    const inbound = new Inbound(handleDelayMs > 0 ? delayed : handler, maxPending, this.#handlerEvents(pattern))
    return this.#register(pattern, queue, {
      answers: false,
      take: (subject, payload) => inbound.push({ subject, payload }),
      close: () => {
        lying?.cancel()
        inbound.close()
      },
      cutOff: () => {},
      idle: () => Promise.resolve(),
    })
  }

  async serve(pattern: string, handler: RequestHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    checkSubscribing(pattern, options, longestSubject)
    this.#ready(options.signal)
    const answering = new Answering<ReplyTo>(handler, {
      replies: this.#replies,
      maxPending: options.maxPending ?? transportDefaults.maxPending,
      signal: this.#closing.signal,
      events: this.#handlerEvents(pattern),
    })
    return this.#register(pattern, options.queue, {
      answers: true,
      take: (subject, payload, reply) => answering.push(subject, payload, reply),
      close: () => answering.close(),
      cutOff: () => answering.cutOff(),
      idle: () => answering.idle(),
    })
  }

  async request(subject: string, payload: Uint8Array, options: RequestOptions = {}): Promise<Message> {
    const { signal, timeoutMs = transportDefaults.requestTimeoutMs } = options
    checkOutgoing(subject, payload, longestSubject)
    this.#ready(signal)
    this.#fits(payload)
    const bytes = payload.slice()
    const how = { clock: this.#clock, timeoutMs, signal, what: `The request on '${subject}'` }
    return this.#waiting<Message>(how, (resolve, reject) => {
      const reply: ReplyTo = {
        answer: (answer) => resolve({ subject, payload: answer }),
        refuse: (kind, reason) => reject(refusalError(subject, kind, reason)),
        unserved: () => reject(contractError('BP_NO_RESPONDER', { details: { subject } })),
      }
      this.#line.send(() => this.#medium.route(subject, bytes, reply))
    })
  }

  onStatus(listener: (event: TransportEvent) => void): () => void {
    const own = (event: TransportEvent) => listener(event)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  close({ drainMs = 1_000 }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#end(drainMs)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  lost(): void {
    if (this.#status !== 'connected' && this.#status !== 'connecting') return
    this.#status = 'disconnected'
    this.#line.cut()
    for (const interest of this.#mine) this.#medium.interests.delete(interest)
    this.#failPending(this.#disconnectedError())
    this.#tell({ type: 'disconnected', reason: 'the line was cut' })
  }

  mended(): void {
    if (this.#status !== 'disconnected') return
    this.#status = 'connecting'
    this.#tell({ type: 'reconnecting' })
    this.#line.control(() => {
      for (const interest of this.#mine) this.#medium.interests.add(interest)
      this.#status = 'connected'
      this.#tell({ type: 'connected' })
    })
  }

  #join(): Promise<void> {
    this.#status = 'connecting'
    return new Promise<void>((resolve, reject) => {
      this.#abandon = reject
      this.#line.control(() => {
        this.#attempt = undefined
        const refused = this.#refusal()
        if (refused) {
          this.#status = 'idle'
          return reject(refused)
        }
        this.#medium.clients.add(this)
        this.#status = 'connected'
        this.#tell({ type: 'connected' })
        resolve()
      })
    })
  }

  #rejoined(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#abandon = reject
      const stop = this.onStatus((event) => {
        if (event.type !== 'connected') return
        stop()
        this.#attempt = undefined
        resolve()
      })
    })
  }

  #giveUp(): void {
    if (this.#medium.clients.has(this)) return
    this.#line.cut()
    this.#attempt = undefined
    this.#status = 'idle'
  }

  #refusal(): BackplaneError | undefined {
    const { address } = this
    if (!this.#medium.reaches(this))
      return contractError('BP_CONNECT_FAILED', { details: { address, reason: 'the line is cut' } })
    if (this.#medium.token !== undefined && this.#medium.token !== this.#init.token)
      return contractError('BP_AUTH_FAILED', { details: { address, reason: 'the token is another' } })
    return undefined
  }

  #register(pattern: string, queue: string | undefined, behaviour: Behaviour): Subscription {
    const entry = new Entry(pattern, queue, behaviour, () => {
      this.#mine.delete(entry)
      this.#medium.interests.delete(entry)
    })
    this.#mine.add(entry)
    // The network learns of it as late as of a message, so a caller who forgets to flush finds out.
    this.#line.control(() => {
      if (this.#mine.has(entry)) this.#medium.interests.add(entry)
    })
    return entry
  }

  #handlerEvents(pattern: string): HandlerEvents {
    return {
      dropped: (dropped) => this.#tell({ type: 'slow', subject: pattern, dropped }),
      failed: (thrown) => this.#failed(pattern, thrown),
    }
  }

  /** Runs what waits for the network: it ends by its answer, its time, its signal, or the loss of the connection. */
  async #waiting<T>(
    how: Parameters<typeof within>[1],
    begin: (resolve: (value: T) => void, reject: (error: BackplaneError) => void) => void,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#pending.add(reject)
    begin(resolve, reject)
    try {
      return await within(promise, how)
    } finally {
      this.#pending.delete(reject)
    }
  }

  #failPending(error: BackplaneError): void {
    for (const reject of [...this.#pending]) reject(error)
  }

  async #end(drainMs: number): Promise<void> {
    const wasMember = this.#medium.clients.has(this)
    this.#status = 'closed'
    // Of one that never came in, whatever is on the way is its own connecting.
    if (!wasMember) this.#line.cut()
    this.#abandon(this.#closedError())
    this.#failPending(this.#closedError())
    const entries = [...this.#mine]
    await Promise.all(entries.map((each) => each.unsubscribe()))
    const idle = Promise.all(entries.map((each) => each.idle()))
    if (drainMs > 0) await within(idle, { clock: this.#clock, timeoutMs: drainMs, what: 'Draining' }).catch(() => {})
    for (const entry of entries) entry.cutOff()
    this.#closing.abort(this.#closedError())
    if (wasMember && this.#medium.reaches(this)) await new Promise<void>((resolve) => this.#line.control(resolve))
    this.#line.cut()
    this.#medium.clients.delete(this)
    this.#tell({ type: 'closed' })
    this.#listeners.clear()
  }

  #ready(signal: AbortSignal | undefined): void {
    if (this.#status === 'closed') throw this.#closedError()
    throwIfAborted(signal)
    if (this.#status !== 'connected') throw this.#disconnectedError()
  }

  #fits(payload: Uint8Array): void {
    if (payload.byteLength > this.maxPayload) throw payloadTooLarge(payload.byteLength, this.maxPayload)
  }

  #tell(event: TransportEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  #failed(pattern: string, thrown: unknown): void {
    this.#logger.error({ pattern, reason: messageOf(thrown) }, 'a subscription handler failed')
    this.#tell({ type: 'error', error: BackplaneError.from(thrown) })
  }

  #closedError(): BackplaneError {
    return coreError('BP_CLOSED', { details: { what: `The transport to ${this.address}` } })
  }

  #disconnectedError(): BackplaneError {
    return contractError('BP_DISCONNECTED', { details: { address: this.address } })
  }
}
