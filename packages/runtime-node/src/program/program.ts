import {
  abortedBy,
  BackplaneError,
  type Call,
  type Clock,
  type ConfigChange,
  coreError,
  type FunctionDescriptor,
  type Health,
  type IncomingEvent,
  type Manifest,
  messageOf,
  type Params,
  type PluginContext,
  type Value,
} from '@backplane/core'
import { carried } from '@backplane/core/runtime'
import type { CallContext, ModuleContext } from '../authoring/context.ts'
import { type Description, described, functionDescriptor, wrongFunction } from '../authoring/described.ts'
import { descriptorFault } from '../authoring/descriptor-fault.ts'
import type { FunctionDefinition, Handler, PluginDefinition } from '../authoring/plugin.ts'
import { isStandardSchema, type StandardSchema, validated } from '../authoring/schema.ts'
import { repeat } from './periodic.ts'
import { CallScope, moduleContext } from './scope.ts'

/** What a {@link Program} runs on. */
export interface ProgramInit {
  readonly definition: PluginDefinition
  readonly manifest: Manifest
  readonly context: PluginContext
  readonly clock: Clock
  /** Called when what it offers has changed. @default nothing */
  changed?(): void
}

interface Runnable {
  run(params: unknown, ctx: CallContext): unknown
  readonly schema: StandardSchema | undefined
}

/** A plugin's code at work, wherever that is: it knows nothing of threads. */
export class Program {
  #description: Description
  readonly #definition: PluginDefinition
  readonly #pluginId: string
  readonly #context: PluginContext
  readonly #clock: Clock
  readonly #functions: Map<string, Runnable>
  readonly #changed: () => void
  readonly #controller = new AbortController()
  readonly #module: ModuleContext
  readonly #abort = () => this.#controller.abort(this.#context.signal.reason)
  #periodic: readonly Promise<void>[] = []
  #set = false

  /** Throws `BP_PLUGIN_LOAD_FAILED` when the definition is wrong. Runs nothing of it. */
  constructor({ definition, manifest, context, clock, changed }: ProgramInit) {
    this.#description = described(definition, manifest)
    this.#definition = definition
    this.#pluginId = manifest.id
    this.#context = context
    this.#clock = clock
    this.#changed = changed ?? (() => {})
    this.#functions = new Map(
      Object.entries(definition.functions ?? {}).map(([name, given]) => [name, runnable(given)]),
    )
    this.#module = moduleContext(context, this.#controller.signal, {
      offer: (name, given) => this.#offer(name, given),
      withdraw: (name) => this.#withdraw(name),
    })
  }

  /** What it offers now. */
  get description(): Description {
    return this.#description
  }

  /** Sets up, then begins periodic work. Rejects with `BP_PLUGIN_LOAD_FAILED`. */
  async start(state?: Value): Promise<void> {
    if (this.#context.signal.aborted) this.#abort()
    else this.#context.signal.addEventListener('abort', this.#abort, { once: true })
    try {
      await this.#definition.setup?.(this.#module, state)
    } catch (cause) {
      if (cause instanceof BackplaneError && cause.code === 'BP_PLUGIN_LOAD_FAILED') throw cause
      const reason = `its set-up failed: ${messageOf(cause)}`
      throw coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: this.#pluginId, reason }, cause })
    }
    this.#set = true
    // Who stopped it meanwhile could not tear down what was still being set up.
    if (this.#controller.signal.aborted) {
      await this.#tearDown()
      throw abortedBy(this.#controller.signal)
    }
    const options = { clock: this.#clock, logger: this.#context.logger, signal: this.#controller.signal }
    this.#periodic = Object.entries(this.#definition.periodic ?? {}).map(([name, periodic]) =>
      repeat({ name, intervalMs: periodic.intervalMs, run: () => periodic.run(this.#module) }, options),
    )
  }

  /**
   * Runs one call; the answer of a synchronous function comes at once. Throws or rejects with `BP_PLUGIN_FAILED`,
   * `BP_PARAMS_INVALID`, `BP_VALUE_INVALID` or `BP_FUNCTION_UNKNOWN`.
   */
  invoke(call: Call, params: Params = call.params): Value | Promise<Value> {
    const runnable = this.#functions.get(call.name)
    if (!runnable) throw coreError('BP_FUNCTION_UNKNOWN', { details: { name: call.name } })
    if (!runnable.schema) return this.#run(runnable, params, call)
    return validated(runnable.schema, call.name, params).then((output) => this.#run(runnable, output, call))
  }

  #run(runnable: Runnable, params: unknown, call: Call): Value | Promise<Value> {
    // Its code runs while its result is looked at, too: getters, proxies.
    try {
      const result = runnable.run(params, new CallScope(this.#module, this.#context, call, this.#clock))
      if (typeof result === 'object' && result !== null) {
        if (Symbol.asyncIterator in result)
          return this.#finished(this.#streamed(result as AsyncIterable<unknown>, call), call)
        if ('then' in result) return this.#finished(result as PromiseLike<unknown>, call)
      }
      return carried(result)
    } catch (error) {
      throw this.#failed(error, call)
    }
  }

  async #finished(work: PromiseLike<unknown>, call: Call): Promise<Value> {
    try {
      return carried(await work)
    } catch (error) {
      throw this.#failed(error, call)
    }
  }

  /** Delivers an event that it subscribed to. */
  async notify(event: IncomingEvent): Promise<void> {
    await this.#own('onEvent', () => this.#definition.onEvent?.(event, this.#module))
  }

  /** Applies new configuration, or rejects with the plugin's reason. */
  async reconfigure(change: ConfigChange): Promise<void> {
    await this.#own('configure', () => this.#definition.configure?.(change, this.#module))
  }

  async health(): Promise<Health> {
    if (!this.#definition.health) return { ok: true }
    try {
      const answer = await this.#definition.health(this.#module)
      if (typeof answer === 'boolean') return { ok: answer }
      if (typeof answer?.ok === 'boolean') return carried(answer) as unknown as Health
      return { ok: false, message: 'health gave neither true, false nor an object with `ok`' }
    } catch (error) {
      return { ok: false, message: messageOf(error) }
    }
  }

  async handOver(): Promise<Value> {
    return carried(await this.#own('handOver', () => this.#definition.handOver?.(this.#module)))
  }

  /** Ends periodic work, then tears down. Never rejects. */
  async stop(): Promise<void> {
    this.#context.signal.removeEventListener('abort', this.#abort)
    this.#controller.abort(coreError('BP_ABORTED', { message: 'The plugin is being stopped.' }))
    await Promise.all(this.#periodic)
    await this.#tearDown()
  }

  async #tearDown(): Promise<void> {
    if (!this.#set) return
    this.#set = false
    await this.#own('teardown', () => this.#definition.teardown?.(this.#module)).catch(() => {})
  }

  async #streamed(items: AsyncIterable<unknown>, call: Call): Promise<unknown> {
    const iterator = items[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await iterator.next()
        if (done) return value
        await call.send(carried(value))
      }
    } catch (error) {
      // The generator's own clean-up must not keep the answer back.
      iterator.return?.().then(undefined, () => {})
      throw error
    }
  }

  #failed(error: unknown, call: Call): BackplaneError {
    if (error instanceof BackplaneError && error.code === 'BP_VALUE_INVALID') return error
    if (call.signal.aborted) return abortedBy(call.signal)
    this.#context.logger.error({ err: error, function: call.name }, `function '${call.name}' failed`)
    return failure(error)
  }

  #offer(name: string, given: FunctionDefinition | Handler): void {
    const refused = (reason: string) =>
      coreError('BP_INVALID_ARGUMENT', { details: { what: `The function '${name}'`, reason } })
    const reason = wrongFunction(name, given)
    if (reason !== undefined) throw refused(`it ${reason}`)
    const descriptor = functionDescriptor(name, given)
    const fault = descriptorFault(descriptor)
    if (fault !== undefined) throw refused(fault)
    this.#functions.set(name, runnable(given))
    this.#describe([...this.#others(name), descriptor])
  }

  #withdraw(name: string): void {
    if (this.#functions.delete(name)) this.#describe(this.#others(name))
  }

  #others(name: string): FunctionDescriptor[] {
    return this.#description.functions.filter((known) => known.name !== name)
  }

  #describe(functions: readonly FunctionDescriptor[]): void {
    this.#description = { ...this.#description, functions }
    this.#changed()
  }

  async #own<T>(part: string, run: () => T): Promise<Awaited<T>> {
    try {
      return await run()
    } catch (error) {
      this.#context.logger.error({ err: error }, `'${part}' failed`)
      throw failure(error)
    }
  }
}

function runnable(given: FunctionDefinition | Handler): Runnable {
  if (typeof given === 'function') return { run: given as Runnable['run'], schema: undefined }
  return {
    run: (params, ctx) => given.run(params as Params, ctx),
    schema: isStandardSchema(given.parameters) ? given.parameters : undefined,
  }
}

/** The plugin's own error, with its text; what it got from others keeps saying whether to try again. */
function failure(error: unknown): BackplaneError {
  const { message: reason, retryable } = BackplaneError.from(error, (message, cause) =>
    coreError('BP_PLUGIN_FAILED', { details: { reason: message }, cause }),
  )
  return coreError('BP_PLUGIN_FAILED', { details: { reason }, cause: error, retryable })
}
