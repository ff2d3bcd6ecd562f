import {
  abortedBy,
  type BackplaneError,
  type Call,
  type Clock,
  coreError,
  type IncomingEvent,
  type Manifest,
  messageOf,
  type PluginInstance,
  type RuntimeContext,
  type Value,
} from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { RemoteCall, untilAborted } from '@backplane/core/runtime'
import type { Description } from '../authoring/described.ts'
import { HangGuard } from './hang-guard.ts'
import { PluginWorker } from './plugin-worker.ts'
import {
  fromWire,
  type Question,
  type Questions,
  streamWindow,
  type ToHost,
  type ToThread,
  toHost,
  toThread,
  toWire,
} from './protocol.ts'
import { Wishes } from './wishes.ts'

/** What {@link inWorker} needs. */
export interface WorkerInit {
  readonly manifest: Manifest
  /** URL of the plugin's code. */
  readonly entry: string
  readonly context: RuntimeContext
  readonly clock: Clock
  readonly hangMs: number
}

/**
 * Loads a plugin in a thread of its own. Rejects with `BP_PLUGIN_LOAD_FAILED`, or with the reason of `signal`; nothing of
 * the thread is left then.
 */
export async function inWorker(init: WorkerInit, signal: AbortSignal): Promise<PluginInstance> {
  const thread = new ThreadHandle(init)
  let description: Description
  try {
    description = await untilAborted(thread.ready, signal)
  } catch (error) {
    await thread.end('its loading was given up')
    throw error
  }
  const { events, subscriptions, routines, has } = description
  return {
    get functions() {
      return thread.functions
    },
    events,
    subscriptions,
    routines,
    start: (options) => thread.start(options),
    invoke: (call) => thread.invoke(call),
    ...(has.notify ? { notify: (event) => thread.notify(event) } : {}),
    ...(has.reconfigure ? { reconfigure: (change) => thread.ask('reconfigure', change) } : {}),
    health: (options) => thread.watched('health', undefined, options.signal),
    ...(has.handOver
      ? { handOver: (options: { signal: AbortSignal }) => thread.watched('handOver', undefined, options.signal) }
      : {}),
    stop: (options) => thread.stop(options.signal),
  }
}

/** How many events may wait for a plugin that does not take them: a flood must not fill the host's memory. */
const mostEvents = 1024

interface Exchange {
  answer(value: Value): void
  fail(error: BackplaneError): void
}

/** The host's side of one plugin's thread. */
class ThreadHandle {
  /** What the plugin offers, once its code is loaded. */
  readonly ready: Promise<Description>
  /** What can be called now. */
  functions: Description['functions'] = []
  readonly #init: WorkerInit
  readonly #worker: PluginWorker
  readonly #guard: HangGuard
  readonly #wishes: Wishes
  readonly #exchanges = new Map<number, Exchange>()
  readonly #abort = () => this.#post([toThread.abort, toWire(abortedBy(this.#init.context.signal))])
  #settleReady: { resolve: (description: Description) => void; reject: (error: BackplaneError) => void } | undefined
  #lastId = 0
  #started = false
  #notifying = 0
  #dropping = false
  /** Set once it is being ended on purpose. */
  #ending = false
  #exit: BackplaneError | undefined

  constructor(init: WorkerInit) {
    this.#init = init
    const { manifest, entry, context } = init
    this.#wishes = new Wishes(context, (message) => this.#post(message))
    this.#guard = new HangGuard({
      hangMs: init.hangMs,
      ping: () => this.#post([toThread.ping]),
      hung: () => void this.#worker.terminate(`it hung: no sign of life for ${init.hangMs} ms after a deadline`),
    })
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    this.ready.catch(() => {})
    const limits = manifest.limits ?? {}
    const { config, stateDir, permissions, simulated } = context
    this.#worker = new PluginWorker({
      data: {
        manifest,
        entry,
        context: { config, stateDir, permissions, simulated },
        logLinesPerSecond: limits.log_lines_per_second ?? 1000,
      },
      limits,
      permissions,
      logger: context.logger,
      receive: (message) => this.#receive(message),
      ended: (reason, cause) => this.#ended(reason, cause),
    })
    if (context.signal.aborted) this.#abort()
    else context.signal.addEventListener('abort', this.#abort, { once: true })
  }

  async start({ state, signal }: { state?: Value; signal: AbortSignal }): Promise<void> {
    try {
      await untilAborted(this.ask('start', state), signal)
      // It may have ended right after its answer.
      if (this.#exit) throw this.#exit
    } catch (error) {
      throw this.#exit && !this.#ending ? this.#loadFailed(this.#exit) : error
    }
    this.#started = true
  }

  invoke(call: Call): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#exit) return reject(this.#exit)
      const { name, params, caller, trace } = call
      const id = ++this.#lastId
      const settled =
        <T>(settle: (outcome: T) => void) =>
        (outcome: T) => {
          this.#exchanges.delete(id)
          settle(outcome)
        }
      const line = {
        window: streamWindow,
        cancel: (reason: BackplaneError) => {
          if (!this.#exchanges.has(id)) return
          this.#post([toThread.cancel, id, toWire(reason)])
          this.#guard.check()
        },
        credit: (items: number) => this.#post([toThread.credit, id, items]),
      }
      const exchange = new RemoteCall(call, line, settled(resolve), settled(reject))
      if (!exchange.open) return
      this.#exchanges.set(id, exchange)
      try {
        this.#worker.post([toThread.call, id, name, params, call.deadline - this.#init.clock.now(), caller, trace])
      } catch (cause) {
        exchange.fail(contractError('BP_VALUE_INVALID', { details: { path: '/', reason: messageOf(cause) }, cause }))
      }
    })
  }

  /** Asks the plugin itself; rejects when it refuses or its thread ends. */
  ask<Q extends Question>(question: Q, body: Questions[Q]['ask']): Promise<Questions[Q]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#exit) return reject(this.#exit)
      const id = ++this.#lastId
      this.#exchanges.set(id, {
        answer: (value) => {
          this.#exchanges.delete(id)
          resolve(value as Questions[Q]['answer'])
        },
        fail: (error) => {
          this.#exchanges.delete(id)
          reject(error)
        },
      })
      this.#post([toThread.ask, id, question, body])
    })
  }

  /** Delivers an event; drops it where too many wait already, and sees after the thread then. */
  async notify(event: IncomingEvent): Promise<void> {
    if (this.#notifying >= mostEvents) {
      const { logger } = this.#init.context
      if (!this.#dropping) logger.warn({ event: event.event }, `events dropped: ${mostEvents} wait for its onEvent`)
      this.#dropping = true
      this.#guard.check()
      return
    }
    this.#notifying++
    try {
      await this.ask('notify', event)
    } finally {
      if (--this.#notifying < mostEvents / 2) this.#dropping = false
    }
  }

  /** Asks, and sees after the thread when the answer does not come in time. */
  async watched<Q extends Question>(question: Q, body: Questions[Q]['ask'], signal: AbortSignal) {
    try {
      return await untilAborted(this.ask(question, body), signal)
    } finally {
      if (signal.aborted) this.#guard.check()
    }
  }

  async stop(signal: AbortSignal): Promise<void> {
    this.#ending = true
    if (this.#started && !this.#exit) await untilAborted(this.ask('stop', undefined), signal).catch(() => {})
    await this.end('it was stopped')
  }

  /** Ends the thread by force. */
  async end(reason: string): Promise<void> {
    this.#ending = true
    await this.#worker.terminate(reason)
  }

  #receive(message: ToHost): void {
    switch (message[0]) {
      case toHost.result:
        this.#exchanges.get(message[1])?.answer(message[2] as Value)
        return
      case toHost.error:
        this.#exchanges.get(message[1])?.fail(fromWire(message[2]))
        return
      case toHost.item: {
        const exchange = this.#exchanges.get(message[1])
        if (exchange instanceof RemoteCall) exchange.item(message[2])
        return
      }
      case toHost.pong:
        this.#guard.clear()
        return
      case toHost.log: {
        const { logger } = this.#init.context
        if (message[3] === undefined) logger[message[1]](message[2])
        else logger[message[1]](message[2], message[3])
        return
      }
      case toHost.emit:
        this.#wishes.emit(message[1], message[2], message[3])
        return
      case toHost.invoke:
        this.#wishes.invoke(message[1], message[2], message[3], message[4])
        return
      case toHost.cancelInvoke:
        this.#wishes.cancel(message[1])
        return
      case toHost.changed:
        this.functions = message[1]
        this.#init.context.changed()
        return
      case toHost.ready:
        this.functions = message[1].functions
        this.#settleReady?.resolve(message[1])
        return
      case toHost.failed:
        this.#settleReady?.reject(fromWire(message[1]))
        return
    }
  }

  #ended(reason: string, cause: unknown): void {
    const { manifest, context } = this.#init
    const plugin = manifest.id
    const error = this.#ending
      ? coreError('BP_ABORTED', { message: `Plugin '${plugin}' has been stopped.` })
      : coreError('BP_PLUGIN_EXITED', { details: { plugin, reason }, cause })
    this.#exit = error
    this.#guard.clear()
    this.#wishes.abandon()
    context.signal.removeEventListener('abort', this.#abort)
    this.#settleReady?.reject(this.#ending ? error : this.#loadFailed(error))
    for (const exchange of [...this.#exchanges.values()]) exchange.fail(error)
    // Until it has started, the step under way says so.
    if (this.#started && !this.#ending) context.exited(error)
  }

  #loadFailed({ details, cause }: BackplaneError): BackplaneError {
    return coreError('BP_PLUGIN_LOAD_FAILED', { details, cause })
  }

  /** Sends what is certain to be cloneable. */
  #post(message: ToThread): void {
    this.#worker.post(message)
  }
}
