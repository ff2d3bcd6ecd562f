import { Writable } from 'node:stream'
import {
  BackplaneError,
  type Call,
  coreError,
  type EventDescriptor,
  type FunctionDescriptor,
  type Health,
  type Limits,
  type Logger,
  messageOf,
  type PluginInstance,
  type RuntimeContext,
  type Value,
} from '@backplane/core'
import { type ClientReadableStream, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { describeExit } from '../client/child.ts'
import { pluginClient } from '../client/client.ts'
import type { PluginClient } from '../client/contract.ts'
import { callError } from '../client/service.ts'
import { LineSplitter } from '../log/lines.ts'
import type { Wire } from '../wire/wire.ts'
import { Callbacks, type HostServices } from './callbacks.ts'
import { catalogByReflection, type ServiceCatalog } from './descriptors.ts'
import { limitedRunner } from './limits.ts'
import { type MethodFunction, methodFunctions } from './methods.ts'
import { processorTime } from './processor-time.ts'
import type { ProcessPlan } from './section.ts'

/** What an instance is made of. */
export interface ProcessInstanceInit {
  readonly plan: ProcessPlan
  readonly context: RuntimeContext
  readonly limits: Limits | undefined
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string | undefined
  readonly functions: readonly FunctionDescriptor[]
  readonly events: readonly EventDescriptor[]
  readonly catalog: ServiceCatalog | undefined
  readonly hangMs: number
  readonly endOnSignals: boolean
  readonly services: Readonly<Record<string, HostServices>>
  readonly wire: Wire | undefined
}

/** One process of a plugin. */
export class ProcessInstance implements PluginInstance {
  functions: readonly FunctionDescriptor[]
  readonly events: readonly EventDescriptor[]
  readonly #init: ProcessInstanceInit
  readonly #client: PluginClient
  #methods: ReadonlyMap<string, MethodFunction> = new Map()
  #callbacks: Callbacks | undefined
  #stopping = false
  #hung = false
  #doubting: Promise<void> | undefined
  #callsUnderWay = 0
  #watch: NodeJS.Timeout | undefined

  constructor(init: ProcessInstanceInit) {
    this.#init = init
    this.events = init.events
    this.functions = init.functions
    const { plan, context, limits, env, cwd, wire } = init
    const { logger } = context
    this.#client = pluginClient(
      {
        handshake: { cookieKey: plan.cookie.key, cookieValue: plan.cookie.value },
        versionedPlugins: Object.fromEntries(plan.versions.map((version) => [version, {}])),
        command: plan.command,
        args: plan.args,
        env,
        inheritEnv: false,
        stdin: 'ignore',
        autoMtls: plan.autoMtls,
        multiplex: plan.multiplex,
        runner: limitedRunner(limits),
        // A plugin may start programs of its own: they end with it.
        processGroup: true,
        endOnSignals: init.endOnSignals,
        syncStdout: logSink(logger, 'stdout'),
        syncStderr: logSink(logger, 'stderr'),
        ...(cwd !== undefined && { cwd }),
        ...(plan.secure && { secure: plan.secure }),
        ...(limits?.start_timeout_ms !== undefined && { startTimeoutMs: limits.start_timeout_ms }),
        ...(wire && { wire }),
      },
      { logger },
    )
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { plan, context } = this.#init
    try {
      const { channel } = await this.#client.connection({ signal })
      const catalog = this.#init.catalog ?? (await catalogByReflection(channel, plan.services, signal))
      const missing = plan.services?.find((name) => !catalog.services.some(({ typeName }) => typeName === name))
      if (missing !== undefined) throw failed(context.pluginId, `it has no service ${missing}`)
      this.#methods = methodFunctions(catalog, plan.names)
      this.#callbacks = new Callbacks(plan.callbacks, this.#init.services, this.#methods, context)
    } catch (error) {
      throw startError(context.pluginId, error)
    }
    this.functions = [...this.#methods.values()].map(({ descriptor }) => this.#completed(descriptor))
    void this.#client.exited.then((exit) => {
      if (this.#stopping) return
      const reason = this.#hung
        ? `it did not answer its health check and was ended (${describeExit(exit)})`
        : this.#client.ending
      const details = { plugin: context.pluginId, reason, stderr: this.#client.stderrTail, ...exit }
      context.exited(coreError('BP_PLUGIN_EXITED', { details }))
    })
  }

  /**
   * What the manifest says of a function (description, labels) completes what the .proto says, which knows the types.
   */
  #completed(descriptor: FunctionDescriptor): FunctionDescriptor {
    const { name, result, stream } = descriptor
    const parameters = this.#callbacks?.hide(name, descriptor.parameters) ?? descriptor.parameters
    const told = this.#init.functions.find((each) => each.name === name)
    const types = { ...(parameters && { parameters }), ...(result && { result }), ...(stream && { stream }) }
    return { ...descriptor, ...told, ...types }
  }

  async invoke(call: Call): Promise<Value> {
    const found = this.#methods.get(call.name)
    if (!found) throw coreError('BP_FUNCTION_UNKNOWN', { details: { name: call.name } })
    const callbacks = this.#callbacks?.open(call.name, call.params, this.#client.broker)
    const request = found.encode(callbacks?.params ?? call.params)
    const handle = await this.#client.connection()
    const { run } = handle.service({ run: found.definition })
    const timeoutMs = Math.max(1, call.deadline - Date.now())
    const settings = { signal: call.signal, timeoutMs, metadata: metadataOf(call) }
    this.#callsUnderWay++
    this.#watch ??= this.#lookAgain()
    let failed = true
    try {
      await callbacks?.serve()
      let result: Value = null
      if (found.streams) await forward(run(request, settings) as unknown as ClientReadableStream<Buffer>, found, call)
      else result = found.decode(await (run(request, settings) as unknown as Promise<Buffer>))
      failed = false
      return result
    } catch (error) {
      if (call.signal.aborted || Date.now() >= call.deadline) this.#doubting ??= this.#doubt(() => false)
      throw this.#explain(error, call)
    } finally {
      this.#callsUnderWay--
      void callbacks?.close(failed)
    }
  }

  /**
   * While calls are under way, asks from time to time whether anybody works on them. One that leaves the question open
   * and uses processor time may have a single thread, and be at work on them.
   */
  #lookAgain(): NodeJS.Timeout {
    return setTimeout(async () => {
      this.#watch = undefined
      if (this.#stopping || this.#callsUnderWay === 0) return
      const before = this.#processorTime()
      this.#doubting ??= this.#doubt(() => before === undefined || this.#processorTime() !== before)
      await this.#doubting
      this.#watch ??= this.#lookAgain()
    }, this.#init.hangMs).unref()
  }

  #processorTime(): number | undefined {
    const { pid } = this.#client
    return pid === undefined ? undefined : processorTime(pid)
  }

  /** Ends a plugin that leaves a health check unanswered, unless it is at work all the same. */
  async #doubt(atWork: () => boolean): Promise<void> {
    try {
      await this.#client.ping({ timeoutMs: this.#init.hangMs })
    } catch (error) {
      const open = (error as BackplaneError).details.grpcCode === status.DEADLINE_EXCEEDED
      if (open && !this.#stopping && !atWork()) {
        this.#hung = true
        await this.#client.kill({ signal: AbortSignal.abort() })
      }
    } finally {
      this.#doubting = undefined
    }
  }

  async health({ signal }: { readonly signal: AbortSignal }): Promise<Health> {
    try {
      // How long to wait for it is for the caller to say: no answer must not look like a bad one.
      await this.#client.ping({ signal, timeoutMs: Number.POSITIVE_INFINITY })
      return { ok: true }
    } catch (error) {
      return { ok: false, message: messageOf(error) }
    }
  }

  async stop({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.#stopping = true
    await this.#client.kill({ signal })
  }

  #explain(error: unknown, call: Call): BackplaneError {
    if (!(error instanceof BackplaneError)) return BackplaneError.from(error)
    if (call.signal.aborted) return coreError('BP_ABORTED', { cause: error })
    if (error.code === 'BP_HANDSHAKE_PROCESS_EXITED' || error.code === 'BP_HANDSHAKE_BROKER_CLOSED') {
      const details = { ...error.details, plugin: this.#init.context.pluginId, reason: error.message }
      return coreError('BP_PLUGIN_EXITED', { details, cause: error })
    }
    if (error.code !== 'BP_HANDSHAKE_CALL') return error
    const { grpcCode, status: name, reason, metadata } = error.details
    if (grpcCode === status.DEADLINE_EXCEEDED) {
      return coreError('BP_TIMEOUT', {
        details: { what: call.name, timeoutMs: 0 },
        message: `${call.name} took too long.`,
        cause: error,
      })
    }
    const { retryable } = error
    return coreError('BP_PLUGIN_FAILED', {
      details: { reason, grpcCode, status: name, metadata },
      retryable,
      cause: error,
    })
  }
}

function failed(plugin: string, reason: string, cause?: unknown): BackplaneError {
  return coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin, reason }, cause })
}

/** A start that fails is the plugin's fault, and the tail of its stderr says most about it. */
function startError(plugin: string, thrown: unknown): BackplaneError {
  const error = BackplaneError.from(thrown)
  if (!error.code.startsWith('BP_HANDSHAKE_')) return error
  const { stderr } = error.details
  const words =
    Array.isArray(stderr) && stderr.length > 0 ? `; its stderr ends with: ${stderr.slice(-5).join(' / ')}` : ''
  return failed(plugin, `${error.message}${words}`, error)
}

function metadataOf(call: Call): Metadata {
  const metadata = new Metadata()
  if (call.trace) {
    metadata.set('traceparent', call.trace.traceparent)
    if (call.trace.tracestate !== undefined) metadata.set('tracestate', call.trace.tracestate)
  }
  return metadata
}

/** Sends a server stream's messages on; the plugin waits while the caller has no room. */
async function forward(stream: ClientReadableStream<Buffer>, found: MethodFunction, call: Call): Promise<void> {
  try {
    for await (const message of stream) await call.send(found.decode(message as Buffer))
  } catch (error) {
    stream.cancel()
    throw error instanceof BackplaneError ? error : callError(error as ServiceError, found.definition.path)
  }
}

/** What the plugin's code prints goes to the plugin's log, line by line. */
function logSink(logger: Logger, stream: 'stdout' | 'stderr'): Writable {
  const lines = new LineSplitter(16 * 1024)
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const { text } of lines.push(chunk)) logger.info({ stream }, text)
      done()
    },
  })
}
