import type { Call } from '../contracts/call.ts'
import type { ConfigChange } from '../contracts/config.ts'
import type { Health, IncomingEvent, PluginInstance, RuntimeContext, Waiting } from '../contracts/runtime.ts'
import type { Params, Value } from '../contracts/values.ts'
import { abortedBy } from '../deadline.ts'
import { type BackplaneError, coreError } from '../errors.ts'
import { untilAborted } from '../until-aborted.ts'
import { type RemoteErrors, remoteErrors } from './remote-errors.ts'
import { RemoteExchanges, unsendable } from './remote-exchanges.ts'
import {
  type Guarded,
  type RemoteDescription,
  type RemoteEnds,
  type RemoteGuard,
  type RemoteLine,
  type RemoteQuestion,
  type RemoteQuestions,
  readDescription,
} from './remote-line.ts'
import { type PushHandler, RemoteRequests } from './remote-requests.ts'

/** What a {@link RemoteInstance} is made of. */
export interface RemoteInit {
  readonly context: RuntimeContext
  /** The host's clock, in milliseconds since the Unix epoch. */
  now(): number
  /** Opens the line: starts the thread or the process, which loads the plugin and says `ready`. Called once. */
  open(ends: RemoteEnds): RemoteLine
  /** Makes what finds out that the plugin hangs. Called once. */
  guard(plugin: Guarded): RemoteGuard
  /** Items of a stream that may be on their way; both ends know the number. */
  readonly streamWindow: number
  /** How errors cross the line. @default {@link remoteErrors} */
  readonly errors?: RemoteErrors
}

/** How many events may wait for a plugin that does not take them: a flood must not fill the host's memory. */
const mostEvents = 1024

/**
 * An instance of a plugin at the other end of a line that posts messages: calls with streams, cancellation and
 * deadlines, events, requests to the host, configuration, hand-over, health, and the end of either side. A runtime adds
 * the line (framing, thread or process) and a guard against hangs. Not for plugins on the host's own thread.
 *
 * @example
 * ```ts no-run: it shows a part of a runtime
 * load: (source, context, { signal }) => new RemoteInstance({ context, now, open, guard, streamWindow: 32
 * }).loaded(signal)
 * ```
 */
export class RemoteInstance implements PluginInstance {
  readonly #init: RemoteInit
  readonly #plugin: string
  readonly #errors: RemoteErrors
  readonly #guard: RemoteGuard
  readonly #line: RemoteLine
  readonly #requests: RemoteRequests
  readonly #exchanges: RemoteExchanges
  readonly #ready = Promise.withResolvers<void>()
  readonly #abort = () => this.#line.post(['abort', this.#errors.write(abortedBy(this.#init.context.signal))])
  #description: RemoteDescription = { functions: [], events: [] }
  /** What it can be asked: fixed once it is loaded. */
  #has: ReadonlySet<RemoteQuestion> = new Set()
  #started = false
  #notifying = 0
  #dropping = false
  /** Set once it is being ended on purpose. */
  #ending = false
  #exit: BackplaneError | undefined

  constructor(init: RemoteInit) {
    const { context } = init
    this.#init = init
    this.#plugin = context.pluginId
    this.#errors = init.errors ?? remoteErrors(this.#plugin)
    this.#ready.promise.catch(() => {})
    this.#requests = new RemoteRequests(context, {
      answer: (id, value) => this.#answer(id, value),
      refuse: (id, error) => this.#refuse(id, error),
    })
    this.#exchanges = new RemoteExchanges({
      errors: this.#errors,
      streamWindow: init.streamWindow,
      now: () => init.now(),
      post: (message) => this.#line.post(message),
      owed: (id, what, leftMs) => this.#guard.owed(id, what, leftMs),
    })
    this.#guard = init.guard({
      ping: () => this.ask('ping', null),
      kill: (reason) => this.#line.kill(reason),
    })
    this.#line = init.open({
      receive: (message) => this.#receive(message),
      ended: (reason, more) => this.#ended(reason, more ?? {}),
    })
    if (context.signal.aborted) this.#abort()
    else context.signal.addEventListener('abort', this.#abort, { once: true })
  }

  /**
   * Resolves with this instance once its code is loaded. Rejects with `BP_PLUGIN_LOAD_FAILED`, or with the reason of
   * `signal`; nothing of the other end is left then.
   */
  async loaded(signal: AbortSignal): Promise<this> {
    try {
      await untilAborted(this.#ready.promise, signal)
      return this
    } catch (error) {
      await this.end('its loading was given up')
      throw error
    }
  }

  /** What it says of itself, now. */
  get description(): RemoteDescription {
    return this.#description
  }

  get functions() {
    return this.#description.functions
  }

  get events() {
    return this.#description.events
  }

  get routines() {
    return this.#description.routines ?? []
  }

  get subscriptions() {
    return this.#description.subscriptions ?? []
  }

  get waiting(): Waiting | undefined {
    const { waiting } = this.#description
    if (waiting === undefined) return undefined
    const details = { plugin: this.#plugin, reason: waiting.message }
    return { error: coreError('BP_PLUGIN_FAILED', { details, message: waiting.message }), retryAt: waiting.retry_at }
  }

  async start({ state, signal }: Parameters<PluginInstance['start']>[0]): Promise<void> {
    try {
      // What it offers counts from its answer on: news of a change may come right behind.
      const heard = (description: unknown) => {
        if (description !== null) this.#description = readDescription(description, this.#plugin)
      }
      await untilAborted(this.#exchanges.ask('start', state ?? null, { heard }), signal)
      // It may have ended right after its answer.
      if (this.#exit) throw this.#exit
    } catch (error) {
      throw this.#exit && !this.#ending ? loadFailed(this.#exit) : error
    }
    this.#started = true
  }

  invoke(call: Call): Promise<Value> {
    return this.#exchanges.call(call)
  }

  get notify(): PluginInstance['notify'] {
    return this.#has.has('notify') ? (event) => this.#notify(event) : undefined
  }

  get reconfigure(): PluginInstance['reconfigure'] {
    if (!this.#has.has('reconfigure')) return undefined
    return async (change: ConfigChange) => void (await this.ask('reconfigure', change))
  }

  async health({ signal }: { readonly signal: AbortSignal }): Promise<Health> {
    if (!this.#has.has('health')) {
      await this.ask('ping', null, signal)
      return { ok: true }
    }
    const health: unknown = await this.ask('health', null, signal)
    if (typeof (health as Partial<Health> | null)?.ok === 'boolean') return health as Health
    return { ok: false, message: 'its health is not an object with `ok`' }
  }

  get handOver(): PluginInstance['handOver'] {
    return this.#has.has('hand_over') ? ({ signal }) => this.ask('hand_over', null, signal) : undefined
  }

  async stop({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#ending = true
    if (this.#started && !this.#exit) {
      const { leaveMs = 0 } = this.#line
      try {
        await untilAborted(this.ask('stop', null), signal)
        if (leaveMs > 0) await untilAborted(this.#line.exited, AbortSignal.any([signal, AbortSignal.timeout(leaveMs)]))
      } catch {
        // Then it is ended by force.
      }
    }
    await this.end('it was stopped')
  }

  /** Ends it by force; resolves when nothing of it is left. */
  async end(reason: string): Promise<void> {
    this.#ending = true
    this.#line.kill(reason)
    await this.#line.exited
  }

  /** Asks the plugin itself, and has its guard see after it where the answer does not come before `signal` aborts. */
  ask<Q extends RemoteQuestion>(
    question: Q,
    body: RemoteQuestions[Q]['ask'],
    signal?: AbortSignal,
  ): Promise<RemoteQuestions[Q]['answer']> {
    return this.#exchanges.ask(question, body, { signal })
  }

  /** Sets who takes what the plugin pushes on a channel; gives a function that takes it back. */
  onPush(channel: string, handler: PushHandler): () => void {
    return this.#requests.onPush(channel, handler)
  }

  /** Delivers an event; drops it where too many wait already. */
  async #notify(event: IncomingEvent): Promise<void> {
    if (this.#notifying >= mostEvents) {
      const { logger } = this.#init.context
      if (!this.#dropping) logger.warn({ event: event.event }, `events dropped: ${mostEvents} wait for its handlers`)
      this.#dropping = true
      this.#guard.suspect()
      return
    }
    this.#notifying++
    try {
      const { deviceType: device_type, ...rest } = event
      await this.ask('notify', { ...rest, device_type })
    } finally {
      if (--this.#notifying < mostEvents / 2) this.#dropping = false
    }
  }

  #receive(message: readonly unknown[]): void {
    const id = message[1] as number
    switch (message[0]) {
      case 'result':
        this.#guard.settled(id)
        this.#exchanges.result(id, (message[2] ?? null) as Value)
        return
      case 'error':
        this.#guard.settled(id)
        this.#exchanges.error(id, message[2])
        return
      case 'item':
        this.#exchanges.item(id, (message[2] ?? null) as Value)
        return
      case 'emit':
        this.#requests.emit(id, String(message[2]), (message[3] ?? {}) as Params)
        return
      case 'invoke':
        this.#requests.invoke(id, String(message[2]), (message[3] ?? {}) as Params, (message[4] ?? {}) as object)
        return
      case 'push':
        this.#requests.push(id, String(message[2]), (message[3] ?? null) as Value)
        return
      case 'cancel':
        this.#requests.cancel(id)
        return
      case 'log':
        this.#log(message)
        return
      case 'changed':
        this.#description = readDescription(message[1], this.#plugin)
        this.#init.context.changed()
        return
      case 'ready':
        this.#loaded(message[1])
        return
      case 'failed':
        this.#failed(this.#errors.read(message[1]))
        return
    }
    // What a newer version of the protocol says beyond this one is passed over.
  }

  #loaded(description: unknown): void {
    try {
      this.#description = readDescription(description, this.#plugin)
    } catch (error) {
      this.#ready.reject(loadFailed(error as BackplaneError))
      return
    }
    this.#has = new Set(this.#description.has)
    this.#ready.resolve()
  }

  #failed(error: BackplaneError): void {
    const { traceback } = error.details
    if (traceback !== undefined) this.#init.context.logger.error({ traceback }, `its code failed: ${error.message}`)
    this.#ready.reject(error)
  }

  #log([, level, text, fields]: readonly unknown[]): void {
    const { logger } = this.#init.context
    const name = level === 'debug' || level === 'warn' || level === 'error' ? level : 'info'
    const record = (typeof fields === 'object' && fields !== null ? fields : {}) as object
    if (text === undefined || text === null) logger[name](record)
    else logger[name](record, String(text))
  }

  #ended(reason: string, { cause, details }: NonNullable<Parameters<RemoteEnds['ended']>[1]>): void {
    const { context } = this.#init
    const plugin = this.#plugin
    const error = this.#ending
      ? coreError('BP_ABORTED', { message: `Plugin '${plugin}' has been stopped.` })
      : coreError('BP_PLUGIN_EXITED', { details: { plugin, reason, ...details }, cause })
    this.#exit = error
    this.#guard.clear()
    this.#requests.abandon()
    context.signal.removeEventListener('abort', this.#abort)
    this.#ready.reject(this.#ending ? error : loadFailed(error))
    this.#exchanges.end(error)
    // Until it has started, the step under way says so.
    if (this.#started && !this.#ending) context.exited(error)
  }

  #answer(id: number, value: Value): void {
    try {
      this.#line.post(['answer', id, value])
    } catch (error) {
      this.#refuse(id, unsendable(error, 'the answer'))
    }
  }

  #refuse(id: number, error: unknown): void {
    const told = this.#errors.write(error)
    try {
      this.#line.post(['refuse', id, told])
    } catch {
      this.#line.post(['refuse', id, { code: told.code, message: 'Its error is too large to be sent.' }])
    }
  }
}

function loadFailed({ details, cause }: BackplaneError): BackplaneError {
  return coreError('BP_PLUGIN_LOAD_FAILED', { details, cause })
}
