import { inspect } from 'node:util'
import type { MessagePort } from 'node:worker_threads'
import {
  abortedBy,
  BackplaneError,
  coreError,
  type Logger,
  messageOf,
  type Params,
  type PluginContext,
  type RemoteOptions,
  systemClock,
  type Value,
} from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { exportedPlugin } from '../authoring/exported.ts'
import { importFailed } from '../authoring/import-failed.ts'
import { Program } from '../program/program.ts'
import { collectGarbage } from './collect-garbage.ts'
import {
  fromWire,
  type LogLevel,
  type Question,
  type Questions,
  type ThreadData,
  type ToHost,
  type ToThread,
  toHost,
  toThread,
  toWire,
} from './protocol.ts'
import { ThreadCall } from './thread-call.ts'
import { captureOutput, threadLogger } from './thread-log.ts'

/** How many events and calls of a plugin may be on their way to the host. */
const mostWishes = 8192

interface Pending {
  resolve(value: Value): void
  reject(error: BackplaneError): void
}

/** The plugin's side of the channel: loads the code, then turns messages into calls and the plugin's wishes into messages. */
export class PluginThread {
  readonly #port: MessagePort
  readonly #data: ThreadData
  readonly #logger: Logger
  readonly #controller = new AbortController()
  readonly #calls = new Map<number, ThreadCall>()
  readonly #wishes = new Map<number, Pending>()
  readonly #waiting: (() => void)[] = []
  #lastWish = 0
  #config: Params
  #program: Program | undefined
  #hasChanged = false

  constructor(port: MessagePort, data: ThreadData) {
    this.#port = port
    this.#data = data
    this.#config = data.context.config
    this.#logger = threadLogger(
      (level, fields, message) => this.#log(level, fields, message),
      data.logLinesPerSecond,
      systemClock,
    )
  }

  /** Loads the plugin and answers the host from then on. */
  async run(): Promise<void> {
    captureOutput(this.#logger)
    this.#port.on('message', (message: ToThread) => this.#receive(message))
    try {
      this.#program = await this.#load()
      this.#post([toHost.ready, this.#program.description])
    } catch (thrown) {
      const { id: plugin } = this.#data.manifest
      const error = BackplaneError.from(thrown, (reason, cause) =>
        coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin, reason }, cause }),
      )
      this.#post([toHost.failed, toWire(error)])
    }
  }

  async #load(): Promise<Program> {
    const { manifest, entry } = this.#data
    const module: unknown = await import(entry).catch((cause) => {
      throw importFailed(cause, manifest.id, entry)
    })
    const definition = exportedPlugin(module, manifest)
    return new Program({
      definition,
      manifest,
      context: this.#context(),
      clock: systemClock,
      changed: () => this.#changed(),
    })
  }

  #receive(message: ToThread): void {
    switch (message[0]) {
      case toThread.call:
        this.#call(message[1], message[2], message[3], message[4], message[5], message[6])
        return
      case toThread.cancel:
        this.#calls.get(message[1])?.cancel(fromWire(message[2]))
        return
      case toThread.credit:
        this.#calls.get(message[1])?.credit(message[2])
        return
      case toThread.ask:
        this.#answer(message[1], this.#ask(message[2], message[3]))
        return
      case toThread.ping:
        this.#post([toHost.pong])
        return
      case toThread.abort:
        this.#controller.abort(fromWire(message[1]))
        return
      case toThread.answer:
        this.#wish(message[1])?.resolve(message[2])
        return
      case toThread.refuse:
        this.#wish(message[1])?.reject(fromWire(message[2]))
        return
      case toThread.collect:
        void collectGarbage()
        return
    }
  }

  #call(id: number, ...[name, params, leftMs, caller, trace]: CallParts): void {
    const call = new ThreadCall({
      name,
      params,
      // The host's clock may be another (a test's); only the time left means the same on both sides.
      deadline: Date.now() + leftMs,
      caller,
      trace,
      lossy: () =>
        (this.#program as Program).description.functions.some(
          (known) => known.name === name && known.stream === 'progress',
        ),
      post: (item) => this.#post([toHost.item, id, item]),
    })
    this.#calls.set(id, call)
    let result: Value | Promise<Value>
    try {
      result = (this.#program as Program).invoke(call)
    } catch (error) {
      result = Promise.reject(error)
    }
    if (!(result instanceof Promise)) {
      this.#calls.delete(id)
      this.#post([toHost.result, id, result])
      return
    }
    this.#answer(
      id,
      result.finally(() => this.#calls.delete(id)),
    )
  }

  #answer(id: number, work: Promise<unknown>): void {
    work
      .then((value) => this.#post([toHost.result, id, value]))
      .catch((error) => this.#post([toHost.error, id, toWire(error)]))
  }

  async #ask<Q extends Question>(question: Q, body: unknown): Promise<unknown> {
    const program = this.#program as Program
    switch (question) {
      case 'start':
        return program.start(body as Questions['start']['ask'])
      case 'notify':
        return program.notify(body as Questions['notify']['ask'])
      case 'reconfigure': {
        const change = body as Questions['reconfigure']['ask']
        await program.reconfigure(change)
        this.#config = change.values
        return
      }
      case 'health':
        return program.health()
      case 'handOver':
        return program.handOver()
      default:
        return program.stop()
    }
  }

  #context(): PluginContext {
    const config = () => this.#config
    const { stateDir, permissions, simulated } = this.#data.context
    return {
      pluginId: this.#data.manifest.id,
      logger: this.#logger,
      get config() {
        return config()
      },
      ...(stateDir === undefined ? {} : { stateDir }),
      signal: this.#controller.signal,
      permissions,
      simulated,
      emit: async (event, payload) => {
        await this.#wishFor((id) => [toHost.emit, id, event, payload])
      },
      invoke: (name, params, options) => this.#invoke(name, params, options),
    }
  }

  async #invoke(name: string, params: Params | undefined, options: RemoteOptions = {}): Promise<Value> {
    const { signal, ...rest } = options
    if (signal?.aborted) throw abortedBy(signal)
    let sent = 0
    const abort = () => {
      if (sent === 0) return
      this.#post([toHost.cancelInvoke, sent])
      this.#wish(sent)?.reject(abortedBy(signal as AbortSignal))
    }
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await this.#wishFor((id) => {
        if (signal?.aborted) throw abortedBy(signal)
        sent = id
        return [toHost.invoke, id, name, params, rest]
      })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  #wishFor(message: (id: number) => ToHost): Promise<Value> {
    return new Promise((resolve, reject) => {
      const say = () => {
        const id = ++this.#lastWish
        this.#wishes.set(id, { resolve, reject })
        try {
          this.#post(message(id))
        } catch (error) {
          this.#wishes.delete(id)
          reject(error)
        }
      }
      // A flood that nobody awaits must fill this thread's memory, not the host's.
      if (this.#wishes.size < mostWishes) say()
      else this.#waiting.push(say)
    })
  }

  #wish(id: number): Pending | undefined {
    const pending = this.#wishes.get(id)
    this.#wishes.delete(id)
    while (this.#wishes.size < mostWishes && this.#waiting.length > 0) this.#waiting.shift()?.()
    return pending
  }

  #log(level: LogLevel, fields: object, message: string | undefined): void {
    try {
      this.#port.postMessage([toHost.log, level, fields, message] satisfies ToHost)
    } catch {
      // Fields that cannot cross (functions, sockets) are still worth reading.
      this.#port.postMessage([toHost.log, level, { fields: inspect(fields) }, message] satisfies ToHost)
    }
  }

  /** Each change tells everything that is offered, so what changes in one go is told once. */
  #changed(): void {
    if (this.#hasChanged) return
    this.#hasChanged = true
    queueMicrotask(() => this.#tellChanges())
  }

  #tellChanges(): void {
    if (!this.#hasChanged) return
    this.#hasChanged = false
    this.#post([toHost.changed, (this.#program as Program).description.functions])
  }

  #post(message: ToHost): void {
    // Whoever has the answer of a call finds what that call has offered.
    this.#tellChanges()
    try {
      this.#port.postMessage(message)
    } catch (cause) {
      throw contractError('BP_VALUE_INVALID', { details: { path: '/', reason: messageOf(cause) }, cause })
    }
  }
}

type CallParts =
  Extract<ToThread, readonly [typeof toThread.call, ...unknown[]]> extends readonly [unknown, unknown, ...infer Rest]
    ? Rest
    : never
