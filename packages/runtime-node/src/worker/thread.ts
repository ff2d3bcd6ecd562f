import { inspect } from 'node:util'
import type { MessagePort } from 'node:worker_threads'
import {
  BackplaneError,
  type Caller,
  coreError,
  type Logger,
  messageOf,
  type Params,
  type PluginContext,
  systemClock,
  type TraceContext,
  type Value,
} from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import type { RemoteDescription, RemoteQuestion, RemoteQuestions } from '@backplane/core/runtime'
import { exportedPlugin } from '../authoring/exported.ts'
import { importFailed } from '../authoring/import-failed.ts'
import { Program } from '../program/program.ts'
import { collectGarbage } from './collect-garbage.ts'
import { type ErrorWire, fromWire, type LogLevel, type ThreadData, toWire } from './protocol.ts'
import { ThreadCall } from './thread-call.ts'
import { captureOutput, threadLogger } from './thread-log.ts'
import { ThreadRequests } from './thread-requests.ts'

/**
 * The plugin's side of the channel: loads the code, then turns messages into calls and the plugin's requests into
 * messages.
 */
export class PluginThread {
  readonly #port: MessagePort
  readonly #data: ThreadData
  readonly #logger: Logger
  readonly #controller = new AbortController()
  readonly #calls = new Map<number, ThreadCall>()
  readonly #requests = new ThreadRequests((message) => this.#post(message))
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
    this.#port.on('message', (message: Message) => this.#receive(message))
    try {
      this.#program = await this.#load()
      this.#post(['ready', this.#description(this.#program)])
    } catch (thrown) {
      const { id: plugin } = this.#data.manifest
      const error = BackplaneError.from(thrown, (reason, cause) =>
        coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin, reason }, cause }),
      )
      this.#post(['failed', toWire(error)])
    }
  }

  async #load(): Promise<Program> {
    const { manifest, entry } = this.#data
    const module: unknown = await import(entry).catch(async (cause) => {
      throw await importFailed(cause, manifest.id, entry)
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

  #description({ description }: Program): RemoteDescription {
    const { has, ...offered } = description
    const questions = ['health', has.notify && 'notify', has.reconfigure && 'reconfigure', has.handOver && 'hand_over']
    return { ...offered, has: questions.filter((question) => question !== false) as RemoteQuestion[] }
  }

  // Read by their places: to take a message apart costs as much as a small function.
  #receive(message: Message): void {
    const id = message[1]
    switch (message[0]) {
      case 'call':
        this.#call(message as CallMessage)
        return
      case 'cancel':
        this.#calls.get(id)?.cancel(fromWire(message[2] as ErrorWire))
        return
      case 'credit':
        this.#calls.get(id)?.credit(message[2] as number)
        return
      case 'ask':
        this.#answer(id, this.#ask(message[2] as RemoteQuestion, message[3]))
        return
      case 'abort':
        this.#controller.abort(fromWire(message[1] as unknown as ErrorWire))
        return
      case 'answer':
        this.#requests.take(id)?.resolve(message[2] as Value)
        return
      case 'refuse':
        this.#requests.take(id)?.reject(fromWire(message[2] as ErrorWire))
        return
      case 'collect':
        void collectGarbage()
        return
    }
  }

  #call(message: CallMessage): void {
    const id = message[1]
    const name = message[2]
    const call = new ThreadCall({
      name,
      params: message[3],
      // The host's clock may be another (a test's); only the time left means the same on both sides.
      deadline: Date.now() + message[4],
      caller: message[5],
      trace: message[6],
      lossy: () =>
        (this.#program as Program).description.functions.some(
          (known) => known.name === name && known.stream === 'progress',
        ),
      post: (item) => this.#post(['item', id, item]),
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
      this.#post(['result', id, result])
      return
    }
    this.#answer(
      id,
      result.finally(() => this.#calls.delete(id)),
    )
  }

  #answer(id: number, work: Promise<unknown>): void {
    work.then((value) => this.#post(['result', id, value])).catch((error) => this.#post(['error', id, toWire(error)]))
  }

  async #ask(question: RemoteQuestion, body: unknown): Promise<unknown> {
    if (question === 'ping') return null
    const program = this.#program as Program
    switch (question) {
      case 'start':
        await program.start((body ?? undefined) as Value | undefined)
        return this.#description(program)
      case 'notify': {
        const { device_type, ...event } = body as RemoteQuestions['notify']['ask']
        return program.notify({ ...event, ...(device_type === undefined ? {} : { deviceType: device_type }) })
      }
      case 'reconfigure': {
        const change = body as RemoteQuestions['reconfigure']['ask']
        await program.reconfigure(change)
        this.#config = change.values
        return
      }
      case 'health':
        return program.health()
      case 'hand_over':
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
      emit: (event, payload) => this.#requests.emit(event, payload),
      invoke: (name, params, options) => this.#requests.invoke(name, params, options),
    }
  }

  #log(level: LogLevel, fields: object, message: string | undefined): void {
    try {
      this.#port.postMessage(['log', level, message, fields])
    } catch {
      // Fields that cannot cross (functions, sockets) are still worth reading.
      this.#port.postMessage(['log', level, message, { fields: inspect(fields) }])
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
    this.#post(['changed', this.#description(this.#program as Program)])
  }

  #post(message: readonly unknown[]): void {
    // Anyone who has the answer of a call finds what that call has offered.
    this.#tellChanges()
    try {
      this.#port.postMessage(message)
    } catch (cause) {
      throw contractError('BP_VALUE_INVALID', { details: { path: '/', reason: messageOf(cause) }, cause })
    }
  }
}

/** A message, with the id of its exchange where it has one. */
type Message = [op: string, id: number, ...rest: unknown[]]

type CallMessage = [
  op: 'call',
  id: number,
  name: string,
  params: Params,
  leftMs: number,
  caller: Caller,
  trace?: TraceContext,
]
