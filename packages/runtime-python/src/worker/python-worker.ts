import { rm } from 'node:fs/promises'
import {
  BackplaneError,
  type Call,
  coreError,
  type IncomingEvent,
  type Params,
  type RuntimeContext,
  type Value,
} from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { RemoteCall, untilAborted } from '@backplane/core/runtime'
import { BusyPoll } from './busy-poll.ts'
import { Overdue } from './overdue.ts'
import {
  type Description,
  fromWire,
  type Init,
  type Question,
  type Questions,
  streamWindow,
  toWire,
  type WireError,
} from './protocol.ts'
import { Wishes, type WishOptions } from './wishes.ts'
import { WorkerProcess } from './worker-process.ts'

/** What {@link PythonWorker} needs. */
export interface PythonWorkerInit {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** A folder that goes with the process. */
  readonly scratch?: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly init: Init
  readonly context: RuntimeContext
  readonly hangMs: number
  readonly busyPollMs: number
  now(): number
}

/** How many events may wait for a plugin that does not take them: a flood must not fill the host's memory. */
const mostEvents = 1024
/** How long a process may take to end once its plugin has been stopped, in milliseconds. */
const leaveMs = 1000

interface Exchange {
  answer(value: Value): void
  fail(error: BackplaneError): void
}

/** The host's side of one plugin's process. */
export class PythonWorker {
  /** What the plugin offers, once its code is loaded. */
  readonly ready: Promise<Description>
  /** What it offers now. */
  description: Description = { functions: [], events: [] }
  readonly wishes: Wishes
  readonly #init: PythonWorkerInit
  readonly #process: WorkerProcess
  readonly #overdue: Overdue
  readonly #busyPoll: BusyPoll
  readonly #exchanges = new Map<number, Exchange>()
  readonly #limit: number
  #settleReady: { resolve: (description: Description) => void; reject: (error: BackplaneError) => void } | undefined
  #lastId = 0
  #started = false
  #notifying = 0
  #dropping = false
  #ending = false
  #exit: BackplaneError | undefined

  constructor(init: PythonWorkerInit) {
    this.#init = init
    this.#limit = init.init.settings.message_bytes
    this.wishes = new Wishes(init.context, (message) => this.#post(message))
    this.#overdue = new Overdue((what) => this.#process.kill(`it hung: ${what}`))
    this.#busyPoll = new BusyPoll({ windowMs: init.busyPollMs })
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    this.ready.catch(() => {})
    this.#process = new WorkerProcess({
      command: init.command,
      args: init.args,
      cwd: init.cwd,
      env: init.env,
      maxMessageBytes: this.#limit,
      logger: init.context.logger,
      receive: (message) => this.#receive(message),
      ended: (reason, stderr) => this.#ended(reason, stderr),
    })
    this.#post(['init', init.init])
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  async start({ state, signal }: { state?: Value; signal: AbortSignal }): Promise<void> {
    try {
      this.description = await untilAborted(this.ask('start', state ?? null), signal)
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
      const { name, params, caller, trace, deadline } = call
      const id = ++this.#lastId
      const leftMs = deadline - this.#init.now()
      const began = performance.now()
      const line = {
        window: streamWindow,
        cancel: () => {
          // It has ended already, and only its items were still being taken; or it has not begun.
          if (!this.#exchanges.has(id)) return
          this.#post(['cancel', id])
          // A thread cannot be cancelled, so it may go on until its deadline, and a little longer.
          const left = Math.max(0, leftMs - (performance.now() - began))
          this.#overdue.expect(id, left + this.#init.hangMs, `a call of '${name}' went on past its deadline`)
        },
        credit: (items: number) => this.#post(['credit', id, items]),
      }
      const exchange = new RemoteCall(call, line, resolve, reject)
      if (!exchange.open) return
      try {
        this.#process.post(
          ['call', id, name, params, { left_ms: leftMs, caller, ...(trace && { trace }) }],
          this.#limit,
        )
        this.#exchanges.set(id, exchange)
        if (this.#exchanges.size === 1) this.#busyPoll.asked()
      } catch (error) {
        exchange.fail(this.#unsendable(error, `the parameters of '${name}'`))
      }
    })
  }

  /** Asks the plugin itself; rejects when it refuses or its process ends. */
  ask<Q extends Question>(question: Q, body: Questions[Q]['ask']): Promise<Questions[Q]['answer']> {
    return this.#ask(question, body).answer
  }

  /** Asks, and sees after the process when the answer does not come in time. */
  async watched<Q extends Question>(
    question: Q,
    body: Questions[Q]['ask'],
    signal?: AbortSignal,
  ): Promise<Questions[Q]['answer']> {
    const { id, answer } = this.#ask(question, body)
    if (!signal) return answer
    const watch = () => this.#overdue.expect(id, this.#init.hangMs, `it did not answer '${question}'`)
    try {
      return await untilAborted(answer, signal)
    } finally {
      if (signal.aborted && this.#exchanges.has(id)) watch()
    }
  }

  #ask<Q extends Question>(question: Q, body: Questions[Q]['ask']) {
    const id = ++this.#lastId
    const answer = new Promise<Questions[Q]['answer']>((resolve, reject) => {
      if (this.#exit) return reject(this.#exit)
      try {
        this.#process.post(['ask', id, question, body ?? null], this.#limit)
        this.#exchanges.set(id, { answer: (value) => resolve(value as Questions[Q]['answer']), fail: reject })
      } catch (error) {
        reject(this.#unsendable(error, `what '${question}' is given`))
      }
    })
    return { id, answer }
  }

  /** Delivers an event; drops it where too many wait already. */
  async notify(event: IncomingEvent): Promise<void> {
    if (this.#notifying >= mostEvents) {
      const { logger } = this.#init.context
      if (!this.#dropping) logger.warn({ event: event.event }, `events dropped: ${mostEvents} wait for its handlers`)
      this.#dropping = true
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

  async stop(signal: AbortSignal): Promise<void> {
    this.#ending = true
    if (this.#started && !this.#exit) {
      try {
        await untilAborted(this.ask('stop', undefined), signal)
        await untilAborted(this.#process.exited(), AbortSignal.any([signal, AbortSignal.timeout(leaveMs)]))
      } catch {
        // Then it is ended by force.
      }
    }
    await this.end('it was stopped')
  }

  /** Ends the process by force. */
  async end(reason: string): Promise<void> {
    this.#ending = true
    this.#process.kill(reason)
    await this.#process.exited()
  }

  #receive(message: unknown[]): void {
    const [op, id] = message as [string, number]
    switch (op) {
      case 'result':
        this.#overdue.settled(id)
        this.#take(id)?.answer((message[2] ?? null) as Value)
        return
      case 'error':
        this.#overdue.settled(id)
        this.#take(id)?.fail(fromWire((message[2] ?? {}) as WireError, this.#init.context.pluginId))
        return
      case 'item': {
        const exchange = this.#exchanges.get(id)
        if (exchange instanceof RemoteCall) exchange.item((message[2] ?? null) as Value)
        return
      }
      case 'emit':
        this.wishes.emit(id, String(message[2]), (message[3] ?? {}) as Params)
        return
      case 'invoke':
        this.wishes.invoke(id, String(message[2]), (message[3] ?? {}) as Params, (message[4] ?? {}) as WishOptions)
        return
      case 'push':
        this.wishes.push(id, String(message[2]), (message[3] ?? null) as Value)
        return
      case 'cancel':
        this.wishes.cancel(id)
        return
      case 'log':
        this.#log(message)
        return
      case 'changed':
        this.description = message[1] as Description
        if (this.#started) this.#init.context.changed()
        return
      case 'ready':
        this.description = message[1] as Description
        this.#settleReady?.resolve(this.description)
        return
      case 'failed': {
        const error = fromWire(message[1] as WireError, this.#init.context.pluginId)
        const { traceback } = error.details
        if (traceback !== undefined) this.#init.context.logger.error({ traceback }, `its code failed: ${error.message}`)
        this.#settleReady?.reject(error)
        return
      }
    }
    // What a newer worker says beyond this version is passed over.
  }

  #take(id: number): Exchange | undefined {
    const exchange = this.#exchanges.get(id)
    if (this.#exchanges.delete(id) && this.#exchanges.size === 0) this.#busyPoll.answered()
    return exchange
  }

  #log([, level, text, fields]: unknown[]): void {
    const { logger } = this.#init.context
    const method = level === 'debug' || level === 'warn' || level === 'error' ? level : 'info'
    logger[method]((fields ?? {}) as object, String(text))
  }

  #ended(reason: string, stderr: readonly string[]): void {
    const { context, scratch } = this.#init
    if (scratch !== undefined) void rm(scratch, { recursive: true, force: true }).catch(() => {})
    const plugin = context.pluginId
    const words = stderr.length > 0 ? `; its last words: ${stderr.slice(-5).join(' / ')}` : ''
    const error = this.#ending
      ? coreError('BP_ABORTED', { message: `Plugin '${plugin}' has been stopped.` })
      : coreError('BP_PLUGIN_EXITED', { details: { plugin, reason: `${reason}${words}`, stderr: [...stderr] } })
    this.#exit = error
    this.#overdue.clear()
    this.#busyPoll.answered()
    this.wishes.abandon()
    this.#settleReady?.reject(this.#ending ? error : this.#loadFailed(error))
    for (const exchange of this.#exchanges.values()) exchange.fail(error)
    this.#exchanges.clear()
    // Until it has started, the step under way says so.
    if (this.#started && !this.#ending) context.exited(error)
  }

  #loadFailed({ details, cause }: BackplaneError): BackplaneError {
    return coreError('BP_PLUGIN_LOAD_FAILED', { details, cause })
  }

  #unsendable(thrown: unknown, what: string): BackplaneError {
    const error = BackplaneError.from(thrown)
    if (error.code !== 'BP_PAYLOAD_TOO_LARGE') return error
    return contractError('BP_PAYLOAD_TOO_LARGE', {
      details: { ...error.details, what },
      message: `${what} is too large: ${error.message}`,
      cause: error,
    })
  }

  /** Sends what its plugin does not wait for by an exchange. What cannot be carried is said instead. */
  #post(message: readonly unknown[]): void {
    try {
      this.#process.post(message, this.#limit)
    } catch (error) {
      if (message[0] !== 'answer') throw error
      this.#process.post(['refuse', message[1], toWire(this.#unsendable(error, 'the answer'))], this.#limit)
    }
  }
}
