import { abortedBy, BackplaneError, type Clock, coreError, messageOf, type Timer } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { wasmError } from '../errors.ts'
import { exportsOf, type ModuleExport } from '../extism/exports.ts'
import { inputBytes, type LoadedPlugin, writeLog } from '../extism/foreground.ts'
import { hostFailed } from '../extism/host-functions.ts'
import type { WasmCallOptions, WasmPlugin } from '../extism/plugin.ts'
import { Variables } from '../extism/variables.ts'
import { type CallScope, Nesting } from '../sandbox/nesting.ts'
import { answerOf } from './answer.ts'
import { type Question, type ToHost, toHost } from './protocol.ts'
import { refusalOf } from './refusal.ts'
import { RemoteVariables } from './remote-variables.ts'
import { ThreadHandle } from './thread-handle.ts'

/** What {@link Threads} needs. */
export interface ThreadsInit extends LoadedPlugin {
  readonly instances: number
  readonly warm: number
  readonly clock: Clock
  readonly threadUrl?: URL | undefined
}

interface PendingCall {
  readonly id: number
  readonly name: string
  readonly input: Uint8Array
  readonly options: WasmCallOptions
  readonly scope: CallScope | undefined
  readonly deadline: number
  readonly controller: AbortController
  thread: ThreadHandle | undefined
  settle(result: Uint8Array<ArrayBuffer> | BackplaneError): void
}

/** How many calls a single thread is given ahead, so that it never waits for the next. */
const ahead = 4
/** How long a thread may go on after its call has been ended, before the thread is. */
const graceMs = 1000

/** A plugin in worker threads: a queue, and as many threads as are allowed and needed. */
export class Threads implements WasmPlugin {
  functions: readonly string[] = []
  readonly exports: readonly ModuleExport[]
  readonly #init: ThreadsInit
  readonly #threads = new Set<ThreadHandle>()
  readonly #calls = new Map<number, PendingCall>()
  readonly #queue: PendingCall[] = []
  readonly #graces = new Set<Timer>()
  readonly #closing = new AbortController()
  /** Absent where no host function could call the plugin. */
  readonly #nesting: Nesting | undefined
  #lastId = 0
  /** What threads begin with. */
  #variables: ReadonlyMap<string, Uint8Array> = new Map()
  #closed = false

  private constructor(init: ThreadsInit) {
    this.#init = init
    this.exports = exportsOf(init.modules)
    this.#nesting = init.functions.size > 0 ? new Nesting(init.id, init.instances) : undefined
  }

  /** Makes a plugin whose first thread is ready. */
  static async start(init: ThreadsInit, signal: AbortSignal | undefined): Promise<Threads> {
    const threads = new Threads(init)
    const abort = () => void threads.close()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      if (signal?.aborted) throw abortedBy(signal)
      const count = Math.max(1, Math.min(init.warm, init.instances))
      const made = Array.from({ length: count }, () => threads.#spawn())
      const [functions = []] = await Promise.all(made.map((thread) => thread.ready))
      for (const thread of made) thread.settle()
      threads.functions = functions
      return threads
    } catch (error) {
      await threads.close()
      throw signal?.aborted ? abortedBy(signal) : error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  call(name: string, input?: Uint8Array | string, options: WasmCallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { signal } = options
    const { limits, id: plugin, clock } = this.#init
    if (this.#closed) return Promise.reject(this.#closedError())
    if (signal?.aborted) return Promise.reject(abortedBy(signal))
    if (this.#queue.length >= limits.queue) {
      return Promise.reject(wasmError('BP_WASM_BUSY', { details: { plugin, value: limits.queue, limit: 'queue' } }))
    }
    const bytes = inputBytes(input)
    if (bytes.length > limits.inputBytes) {
      const details = { what: 'The input', actual: bytes.length, value: limits.inputBytes, limit: 'inputBytes' }
      return Promise.reject(wasmError('BP_WASM_SIZE_LIMIT', { details }))
    }
    const timeoutMs = Math.min(options.timeoutMs ?? Number.POSITIVE_INFINITY, limits.timeoutMs)
    return new Promise((resolve, reject) => {
      const scope = this.#nesting?.begin()
      this.#lastId = (this.#lastId % 0x7ffffffe) + 1
      const id = this.#lastId
      const abort = () => this.#giveUp(id, abortedBy(signal))
      const timer = Number.isFinite(timeoutMs)
        ? clock.after(timeoutMs, () => this.#giveUp(id, timedOut(name, timeoutMs)))
        : undefined
      const pending: PendingCall = {
        id,
        name,
        input: bytes,
        options,
        scope,
        deadline: performance.now() + timeoutMs,
        controller: new AbortController(),
        thread: undefined,
        settle: (result) => {
          timer?.cancel()
          signal?.removeEventListener('abort', abort)
          this.#calls.delete(id)
          if (scope) this.#nesting?.end(scope)
          if (result instanceof BackplaneError) {
            pending.controller.abort(result)
            reject(result)
          } else resolve(result)
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#calls.set(id, pending)
      this.#queue.push(pending)
      this.#dispatch()
    })
  }

  async variables({ signal }: { readonly signal?: AbortSignal } = {}): Promise<ReadonlyMap<string, Uint8Array>> {
    const [thread] = this.#threads
    if (this.#closed || !thread) return this.#variables
    this.#nesting?.check()
    const ended = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])])
    return new Promise((resolve, reject) => {
      const stop = () => reject(this.#closed ? this.#closedError() : abortedBy(signal))
      if (ended.aborted) return stop()
      ended.addEventListener('abort', stop, { once: true })
      thread.variables().then((variables) => {
        ended.removeEventListener('abort', stop)
        resolve(variables)
      }, reject)
    })
  }

  async setVariables(variables: ReadonlyMap<string, Uint8Array>): Promise<void> {
    // Here first, so that what is too large is refused before any thread has it.
    new Variables(this.#init.limits.varBytes).replace(variables)
    this.#variables = variables
    for (const thread of this.#threads) thread.setVariables(variables)
  }

  async reset(): Promise<void> {
    this.#variables = new Map()
    for (const thread of this.#threads) thread.reset()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#closing.abort(this.#closedError())
    this.#queue.length = 0
    for (const call of [...this.#calls.values()]) call.settle(this.#closedError())
    for (const timer of this.#graces) timer.cancel()
    this.#graces.clear()
    const threads = [...this.#threads]
    this.#threads.clear()
    await Promise.all(threads.map((thread) => thread.end()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#free()
      if (!thread) return
      const call = this.#queue.shift() as PendingCall
      call.thread = thread
      thread.call(call.id, call.name, call.input, call.deadline - performance.now())
    }
  }

  #free(): ThreadHandle | undefined {
    const { instances } = this.#init
    const room = instances === 1 ? ahead : 1
    let best: ThreadHandle | undefined
    for (const thread of this.#threads) {
      if (thread.calls.length < (best?.calls.length ?? room)) best = thread
    }
    if (best) return best
    return this.#threads.size < instances ? this.#spawn() : undefined
  }

  #spawn(): ThreadHandle {
    const {
      id,
      modules,
      kernel,
      limits,
      config,
      logLevel,
      httpHeaders,
      wasi,
      vyra,
      component,
      functions,
      initialise = false,
    } = this.#init
    const names = new Map([...functions].map(([space, own]) => [space, [...own.keys()]]))
    const data = {
      id,
      modules,
      kernel,
      limits,
      config,
      logLevel,
      httpHeaders,
      wasi,
      vyra,
      component,
      functions: names,
      initialise,
      variables: this.#variables,
    }
    const thread: ThreadHandle = new ThreadHandle(
      data,
      {
        receive: (message) => this.#receive(thread, message),
        ended: (reason) => this.#ended(thread, reason),
      },
      this.#init.threadUrl,
    )
    this.#threads.add(thread)
    return thread
  }

  #receive(thread: ThreadHandle, message: ToHost): void {
    if (message[0] === toHost.log) writeLog(this.#init.logger, message[1], message[2])
    else if (message[0] === toHost.stdout) this.#init.stdout?.(message[1])
    else if (message[0] === toHost.ask) {
      if (message[3]) thread.seen.apply(message[3])
      void this.#answer(thread, message[1], message[2])
    } else if (message[0] === toHost.result || message[0] === toHost.error) {
      const [kind, id, result, stats] = message
      thread.done(id)
      if (kind === toHost.error && !message[4]) this.#init.replaced?.(BackplaneError.revive(result))
      const call = this.#calls.get(id)
      call?.options.stats?.(stats)
      call?.settle(kind === toHost.result ? result : BackplaneError.revive(result))
      // The next may have been given up while it waited behind this one.
      const next = thread.calls[0]
      if (next !== undefined && !this.#calls.has(next)) this.#abort(thread, next)
      this.#dispatch()
    }
  }

  async #answer(thread: ThreadHandle, id: number, question: Question): Promise<void> {
    const call = this.#calls.get(id)
    // Number 0 is its initialisation, which is no call.
    if (!call && id !== 0) return
    const signal = call?.controller.signal ?? this.#closing.signal
    const variables = new RemoteVariables(thread.seen, signal)
    try {
      const work = () =>
        answerOf(question, { ...this.#init, variables, signal, hostContext: call?.options.hostContext })
      const answer = await (call?.scope ? call.scope.run(work) : work())
      try {
        thread.answer({ ...answer, id, variables: variables.end() })
      } catch (cause) {
        throw contractError('BP_VALUE_INVALID', { details: { path: '/', reason: messageOf(cause) }, cause })
      }
    } catch (cause) {
      const error = 'name' in question ? hostFailed(question.name, cause) : BackplaneError.from(cause)
      thread.answer({ id, ...refusalOf(error, cause), variables: variables.end() })
    }
  }

  #giveUp(id: number, reason: BackplaneError): void {
    const call = this.#calls.get(id)
    if (!call) return
    const { thread } = call
    if (!thread) this.#queue.splice(this.#queue.indexOf(call), 1)
    call.settle(reason)
    if (thread) this.#abort(thread, id)
  }

  #abort(thread: ThreadHandle, id: number): void {
    if (thread.calls[0] !== id) return
    thread.abort(id)
    const timer = this.#init.clock.after(graceMs, () => {
      this.#graces.delete(timer)
      if (thread.calls[0] === id) void this.#replace(thread)
    })
    this.#graces.add(timer)
    // Anyone who waits for nothing else need not wait for this.
    queueMicrotask(() => this.#dispatch())
  }

  /** Ends a thread that does not listen; what waited behind its call goes to another. */
  async #replace(thread: ThreadHandle): Promise<void> {
    this.#threads.delete(thread)
    const details = { plugin: this.#init.id, reason: 'its thread did not listen and was ended' }
    this.#init.replaced?.(wasmError('BP_WASM_POISONED', { details }))
    if (!this.#closed) this.#again(thread)
    await thread.end()
  }

  #again(thread: ThreadHandle): void {
    const waiting = thread.calls.slice(1).flatMap((id) => this.#calls.get(id) ?? [])
    for (const call of waiting) call.thread = undefined
    this.#queue.unshift(...waiting)
    this.#dispatch()
  }

  #ended(thread: ThreadHandle, reason: string): void {
    this.#threads.delete(thread)
    const [current] = thread.calls
    const details = { plugin: this.#init.id, reason }
    this.#init.replaced?.(wasmError('BP_WASM_POISONED', { details }))
    if (current !== undefined) this.#calls.get(current)?.settle(wasmError('BP_WASM_POISONED', { details }))
    if (!this.#closed) this.#again(thread)
  }

  #closedError() {
    return coreError('BP_CLOSED', { details: { what: `Plugin '${this.#init.id}'` } })
  }
}

function timedOut(name: string, timeoutMs: number) {
  return coreError('BP_TIMEOUT', { details: { what: `The call of '${name}'`, timeoutMs, limit: 'timeoutMs' } })
}
