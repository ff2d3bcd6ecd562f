import {
  type BackplaneError,
  type Call,
  type Clock,
  type ConfigChange,
  coreError,
  type EventDescriptor,
  type EventFilter,
  type FunctionDescriptor,
  type Health,
  type IncomingEvent,
  type Manifest,
  messageOf,
  type PluginInstance,
  type RuntimeContext,
  type Timer,
  type Value,
} from '@backplane/core'
import type { ComponentProgram } from '../component/program.ts'
import type { WasmCallOptions, WasmPlugin } from '../extism/plugin.ts'
import { pack, packText, unpack } from '../vyra/convert.ts'
import type { VyraMetadata } from '../vyra/metadata.ts'
import { describeComponent, healthOf, hookParams } from './component-calls.ts'
import {
  type Codec,
  codecs,
  describeExport,
  describeVyra,
  type WasmHooks,
  type WasmSection,
} from './manifest-section.ts'
import type { Offers } from './offers.ts'

/** A plugin in its sandbox, of any convention. */
export type HostedPlugin =
  | { readonly abi: 'extism'; readonly plugin: WasmPlugin }
  | { readonly abi: 'vyra'; readonly plugin: WasmPlugin; readonly metadata: VyraMetadata }
  | { readonly abi: 'component'; readonly plugin: WasmPlugin; readonly program: ComponentProgram }

/** What {@link WasmInstance} needs. */
export interface WasmInstanceInit {
  readonly manifest: Manifest
  readonly section: WasmSection
  readonly context: RuntimeContext
  readonly clock: Clock
  readonly hosted: HostedPlugin
  readonly offers: Offers
}

const vyraHooks: WasmHooks = { start: 'init', event: 'on_event', get_state: 'get_state', set_state: 'set_state' }

/** How long a host waits for a plugin to take its new configuration, in milliseconds. */
const reconfigureMs = 30_000

/** Under this name variables of the Extism convention stand in what one instance hands to the next. */
const variablesKey = '@variables'

/** One plugin under a host. */
export class WasmInstance implements PluginInstance {
  readonly events: readonly EventDescriptor[]
  readonly routines: readonly string[]
  readonly notify?: (event: IncomingEvent) => Promise<void>
  readonly reconfigure?: (change: ConfigChange) => Promise<void>
  readonly health?: (options: { readonly signal: AbortSignal }) => Promise<Health>
  readonly handOver?: (options: { readonly signal: AbortSignal }) => Promise<Value>
  readonly #init: WasmInstanceInit
  readonly #functions: readonly FunctionDescriptor[]
  readonly #hooks: WasmHooks
  readonly #codecs = new Map<string, { input: Codec; output: Codec }>()
  readonly #timers = new Set<Timer>()
  #started = false
  #ending = false
  #exit: BackplaneError | undefined

  constructor(init: WasmInstanceInit) {
    this.#init = init
    const { hosted, section, manifest } = init
    const there = (name: string | undefined) => name !== undefined && hosted.plugin.functions.includes(name)
    const asked = Object.entries(hosted.abi === 'vyra' ? { ...vyraHooks, ...section.hooks } : section.hooks)
    this.#hooks = Object.fromEntries(asked.filter(([, name]) => there(name)))
    this.#functions = this.#describe().filter(({ name }) => there(name) || (hosted.abi === 'vyra' && name === 'ping'))
    this.events =
      manifest.events ??
      (hosted.abi === 'vyra' ? [{ name: 'ui', description: 'What it tells the user interface.' }] : [])
    this.routines = section.routines.map((each) => each.function)
    const { event, config, health, get_state } = this.#hooks
    const hears = event !== undefined || hosted.abi === 'vyra'
    if (hears) this.notify = (incoming) => this.#notify(event, incoming)
    if (config !== undefined) {
      // The host gives up after that time: what went on would hold up every call after it.
      const options = { timeoutMs: manifest.limits?.start_timeout_ms ?? reconfigureMs }
      this.reconfigure = async (change) => void (await this.#ask(config, change, options))
    }
    if (health !== undefined)
      this.health = async ({ signal }) => {
        const answer = await this.#ask(health, {}, { signal })
        return hosted.abi === 'component' ? healthOf(hosted.program, health, answer) : (answer as unknown as Health)
      }
    if (get_state !== undefined || hosted.abi === 'extism')
      this.handOver = ({ signal }) => this.#handOver(get_state, signal)
  }

  get functions(): readonly FunctionDescriptor[] {
    const offered = this.#init.offers.functions
    return offered.length === 0 ? this.#functions : [...this.#functions, ...offered]
  }

  get subscriptions(): readonly EventFilter[] {
    return this.#init.offers.subscriptions
  }

  /** Offers one of its functions under another name as well. Throws `BP_INVALID_ARGUMENT` and `BP_FUNCTION_UNKNOWN`. */
  offer(name: string, handler: string): void {
    const own = (known: string) => this.#functions.find((each) => each.name === known)
    const descriptor = own(handler)
    if (!descriptor) throw coreError('BP_FUNCTION_UNKNOWN', { details: { name: handler } })
    if (own(name))
      throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'the name', reason: `there is a function '${name}'` } })
    this.#init.offers.serve(name, (_, call) => this.invoke({ ...call, name: handler }), descriptor)
  }

  async start(init: { readonly signal: AbortSignal; readonly state?: Value }): Promise<void> {
    const { start, set_state } = this.#hooks
    const { hosted, section } = this.#init
    const { signal } = init
    const { variables, state } = apart(init.state)
    if (variables) await hosted.plugin.setVariables(variables)
    if (state !== undefined && set_state !== undefined)
      await this.#ask(set_state, this.#given(set_state, state), { signal })
    else if (start !== undefined && !(hosted.abi === 'vyra' && Object.keys(section.metadata.initialState).length === 0))
      await this.#ask(start, hosted.abi === 'vyra' ? section.metadata.initialState : {}, { signal })
    this.#started = true
    for (const routine of section.routines) this.#repeat(routine)
  }

  async invoke(call: Call): Promise<Value> {
    const { name, params, signal, deadline } = call
    const { hosted, clock, context, offers } = this.#init
    const served = this.#exit ? undefined : offers.of(name)
    if (served) return served(params, call)
    if (!this.#functions.some((each) => each.name === name))
      throw this.#exit ?? coreError('BP_FUNCTION_UNKNOWN', { details: { name } })
    const options = { signal, timeoutMs: Math.max(0, deadline - clock.now()), hostContext: call }
    if (hosted.abi === 'vyra') {
      const value = (await this.#vyra(name, params, options)) as Record<string, Value>
      context
        .emit('ui', { topic: `plugin.${name}.result`, data: { plugin_id: context.pluginId, result: value } })
        .catch((error) => context.logger.warn({ reason: messageOf(error) }, 'the user interface was not told'))
      return value
    }
    if (hosted.abi === 'component') return this.#packed(name, params, options)
    const { input, output } = this.#codecs.get(name) ?? { input: 'bytes', output: 'bytes' }
    return decode(await this.#call(name, encode(params, input), options), output)
  }

  async stop({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const first = !this.#ending
    this.#ending = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    const { stop } = this.#hooks
    if (first && this.#started && stop !== undefined && !signal.aborted)
      await this.#ask(stop, {}, { signal }).catch(() => {})
    await this.#init.hosted.plugin.close()
  }

  /** The plugin ends itself. */
  exit(reason: string, cause?: unknown): void {
    if (this.#exit || this.#ending) return
    const { context, hosted } = this.#init
    this.#exit = coreError('BP_PLUGIN_EXITED', { details: { plugin: context.pluginId, reason }, cause })
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    void hosted.plugin.close()
    context.exited(this.#exit)
  }

  #describe(): readonly FunctionDescriptor[] {
    const { hosted, section } = this.#init
    if (hosted.abi === 'vyra') return describeVyra(hosted.metadata)
    const hidden = [...Object.values(this.#hooks), ...section.routines.map((each) => each.function)]
    if (hosted.abi === 'component') return describeComponent(hosted.program, section.exports, hidden)
    const entries =
      section.exports ??
      hosted.plugin.functions
        .filter((name) => !name.startsWith('_') && !hidden.includes(name))
        .map((name) => ({ name }))
    for (const entry of entries) this.#codecs.set(entry.name, codecs(entry))
    return entries.map(describeExport)
  }

  async #call(name: string, input: Uint8Array, options: WasmCallOptions): Promise<Uint8Array> {
    if (this.#exit) throw this.#exit
    try {
      return await this.#init.hosted.plugin.call(name, input, options)
    } catch (error) {
      if (this.#exit) throw this.#exit
      if (this.#ending)
        throw coreError('BP_ABORTED', {
          message: `Plugin '${this.#init.context.pluginId}' has been stopped.`,
          cause: error,
        })
      throw error
    }
  }

  /** Its memory is lost. What has state there ends, and its slot starts it again with what that takes. */
  replaced(error: Error): void {
    const { start, get_state, set_state } = this.#hooks
    if (this.#started && (start ?? get_state ?? set_state) !== undefined)
      this.exit(`its instance was lost: ${error.message}`, error)
  }

  /** Asks one of the plugin's hooks, in JSON. */
  async #ask(name: string, data: unknown, options: WasmCallOptions = {}): Promise<Value> {
    const { hosted } = this.#init
    if (hosted.abi === 'vyra') return this.#vyra(name, data, options)
    if (hosted.abi === 'component') return this.#packed(name, hookParams(hosted.program, name, data), options)
    const answer = await this.#call(name, pack(data), options)
    return answer.length === 0 ? null : (unpack(answer) as Value)
  }

  async #packed(name: string, params: unknown, options: WasmCallOptions): Promise<Value> {
    return (unpack(await this.#call(name, pack(params), options)) ?? null) as Value
  }

  async #vyra(name: string, data: unknown, options: WasmCallOptions): Promise<Value> {
    if (name === 'ping') return { status: 'ok', plugin_id: this.#init.context.pluginId, runtime: 'wasm' }
    return unpack(await this.#call(name, pack(data), options)) as Value
  }

  async #notify(name: string | undefined, event: IncomingEvent): Promise<void> {
    const { hosted, offers } = this.#init
    await offers.notify(event)
    if (name === undefined) return
    if (hosted.abi !== 'vyra') await this.#ask(name, event)
    else {
      const [first, second] = hosted.metadata.exports.find((each) => each.name === name)?.args ?? []
      await this.#ask(name, { [first?.name ?? 'name']: event.event, [second?.name ?? 'data']: event.payload })
    }
  }

  /** Gives what its hook gives, together with its variables, where it has any. */
  async #handOver(name: string | undefined, signal: AbortSignal): Promise<Value> {
    const { abi, plugin } = this.#init.hosted
    const answer = name === undefined ? undefined : await this.#ask(name, {}, { signal })
    const state = abi === 'vyra' ? ((answer as { result?: Value }).result ?? null) : answer
    const variables = abi === 'extism' ? await plugin.variables({ signal }) : new Map<string, Uint8Array>()
    if (variables.size === 0 && name !== undefined) return state ?? null
    return { [variablesKey]: Object.fromEntries(variables), ...(state === undefined ? {} : { state }) }
  }

  /** State as the arguments of VYRA's `set_state`: by name, or its only one. */
  #given(name: string, state: Value): unknown {
    const { hosted } = this.#init
    if (hosted.abi !== 'vyra') return state
    const [first, ...rest] = hosted.metadata.exports.find((each) => each.name === name)?.args ?? []
    const named =
      typeof state === 'object' &&
      state !== null &&
      !(state instanceof Uint8Array) &&
      first !== undefined &&
      first.name in state
    return named || first === undefined || rest.length > 0 ? state : { [first.name]: state }
  }

  #repeat(routine: { readonly function: string; readonly interval_ms: number }): void {
    const { clock, context } = this.#init
    const timer = clock.after(routine.interval_ms, async () => {
      this.#timers.delete(timer)
      try {
        await this.#ask(routine.function, {})
      } catch (error) {
        if (!this.#ending && !this.#exit)
          context.logger.warn({ routine: routine.function, reason: messageOf(error) }, 'a routine failed')
      }
      if (!this.#ending && !this.#exit) this.#repeat(routine)
    })
    this.#timers.add(timer)
  }
}

/** State and variables, as {@link WasmInstance} of the former generation put them together. */
function apart(given: Value | undefined): { state?: Value; variables?: Map<string, Uint8Array> } {
  if (typeof given !== 'object' || given === null || !(variablesKey in given))
    return given === undefined ? {} : { state: given }
  const { [variablesKey]: kept, state } = given as Record<string, Value | undefined>
  const entries = Object.entries(kept as Record<string, Value>)
  const variables = new Map(entries.filter((entry): entry is [string, Uint8Array] => entry[1] instanceof Uint8Array))
  return { variables, ...(state === undefined ? {} : { state }) }
}

function encode(params: Call['params'], codec: Codec): Uint8Array {
  if (codec === 'json') return new TextEncoder().encode(packText(params))
  const { input } = params
  if (input instanceof Uint8Array) return input
  return new TextEncoder().encode(typeof input === 'string' || input === undefined ? (input ?? '') : packText(input))
}

function decode(bytes: Uint8Array, codec: Codec): Value {
  if (codec === 'bytes') return bytes
  if (codec === 'text') return new TextDecoder().decode(bytes)
  if (bytes.length === 0) return null
  try {
    return unpack(bytes) as Value
  } catch (cause) {
    throw coreError('BP_PLUGIN_FAILED', { details: { reason: `its answer is not JSON: ${messageOf(cause)}` }, cause })
  }
}
