import type { ItemSink } from './active-call.ts'
import { attempt } from './attempt.ts'
import { systemClock } from './clock.ts'
import type { Caller, CallOptions } from './contracts/call.ts'
import type { Host, HostEvent, HostInit, HostOptions, PluginStatus, UnloadOptions } from './contracts/host.ts'
import { silentLogger } from './contracts/logger.ts'
import type { Advertisement } from './contracts/mesh.ts'
import type { PluginRuntime, PluginSource, RemoteOptions } from './contracts/runtime.ts'
import type { Params, Value } from './contracts/values.ts'
import { throwIfAborted, within } from './deadline.ts'
import { Dispatcher } from './dispatcher.ts'
import { coreError } from './errors.ts'
import { EventHub } from './event-hub.ts'
import { fixedConfig } from './fixed-config.ts'
import { itemStream } from './item-stream.ts'
import { intercepted, ownOffer } from './offers.ts'
import { Outbox } from './outbox.ts'
import { pluginContext } from './plugin-context.ts'
import { pluginError } from './plugin-error.ts'
import { pluginLogger } from './plugin-logger.ts'
import { CapabilityRegistry, hostOwner } from './registry.ts'
import { Slot } from './slot.ts'
import type { SlotComponents } from './slot-components.ts'

const pluginId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const eventName = /^[A-Za-z0-9_-]+$/

/**
 * Composes a plugin host; nothing runs before its `start` or `load`.
 *
 * Do not use it where a preset of `@backplane/host` already is what you want. Throws `BP_FUNCTION_COLLISION` when two
 * of the host's own functions have one name.
 *
 * @example
 * ```ts
 * await using host = createHost({ identity: { deviceId: 'box-1' } })
 * await host.start()
 * ```
 */
export function createHost(init: HostInit): Host {
  return new PluginHost(init)
}

class PluginHost implements Host {
  readonly identity: Host['identity']
  readonly mesh: Host['mesh']
  readonly runtimes: readonly PluginRuntime[]
  readonly #init: HostInit
  readonly #clock
  readonly #logger
  readonly #config
  readonly #dispatcher: Dispatcher
  readonly #registry: CapabilityRegistry
  readonly #slots = new Map<string, Slot>()
  readonly #hub: EventHub
  readonly #outbox: Outbox
  readonly #listeners = new Set<(event: HostEvent) => void>()
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(init: HostInit) {
    this.#init = init
    this.identity = init.identity
    this.#clock = init.clock ?? systemClock
    this.#logger = init.logger ?? silentLogger
    const components = { logger: this.#logger, clock: this.#clock }
    this.runtimes = (init.runtimes ?? []).map((runtime) => runtime(components))
    this.#config = init.config?.(components) ?? fixedConfig()
    this.#registry = new CapabilityRegistry(intercepted(ownOffer(init), init.interceptors), (advertisement) => {
      if (!this.#stopping) this.#advertise(advertisement)
      this.#tell({ type: 'advertised', advertisement })
    })
    this.#dispatcher = new Dispatcher(this.#registry, this.#clock, init.timeoutMs ?? 30_000)
    this.#hub = new EventHub(init.identity.deviceId, this.#logger)
    this.mesh = init.mesh?.({ ...components, identity: init.identity })
    this.#outbox = new Outbox(this.mesh)
    this.mesh?.serve((call) => this.#dispatch(call.name, call.params, call.caller, call))
    this.#advertise(this.#registry.advertisement)
  }

  get advertisement() {
    return this.#registry.advertisement
  }

  start(options: HostOptions = {}): Promise<void> {
    if (this.#stopping) return Promise.reject(this.#closed())
    this.#starting ??= this.#join(options).catch((error) => {
      this.#starting = undefined
      throw error
    })
    return this.#starting
  }

  async #join(options: HostOptions): Promise<void> {
    if (!this.mesh) return
    await this.mesh.connect(options)
    await this.#hub.attach(this.mesh)
    await this.#outbox.open()
  }

  async load(source: PluginSource, options: HostOptions = {}): Promise<PluginStatus> {
    if (this.#stopping) throw this.#closed()
    const { id, dependencies } = source.manifest
    if (typeof id !== 'string' || !pluginId.test(id) || id === hostOwner) {
      throw pluginError('BP_PLUGIN_ID_INVALID', id)
    }
    if (this.#slots.has(id)) throw pluginError('BP_PLUGIN_ALREADY_LOADED', id)
    const missing = dependencies?.plugins?.find((name) => this.#slots.get(name)?.leaving ?? true)
    if (missing !== undefined) {
      throw pluginError('BP_PLUGIN_LOAD_FAILED', id, `it needs plugin '${missing}', which is not loaded`)
    }
    const slot = new Slot(source, this.#slotComponents())
    this.#slots.set(id, slot)
    try {
      await slot.load(options.signal)
    } catch (error) {
      this.#forget(slot)
      throw error
    }
    return slot.status()
  }

  async unload(id: string, { signal, cascade }: UnloadOptions = {}): Promise<readonly string[]> {
    throwIfAborted(signal)
    const all = new Set([this.#slot(id)])
    for (const slot of all) for (const by of this.#dependents(slot.id)) all.add(by)
    // Those that are leaving are waited for.
    const staying = [...all].filter((slot) => slot.id !== id && !slot.leaving)
    const by = staying.map((slot) => slot.id).join(', ')
    if (by && !cascade) throw coreError('BP_PLUGIN_NEEDED', { details: { plugin: id, by } })
    return this.#end([...all])
  }

  #dependents(id: string): Slot[] {
    return [...this.#slots.values()].filter(({ needs }) => needs.includes(id))
  }

  /** Unloads them within a time: side by side, but none before those that need it. A circle ends as one. */
  async #end(slots: readonly Slot[], timeoutMs = Number.POSITIVE_INFINITY): Promise<string[]> {
    const until = this.#clock.now() + timeoutMs
    const ended: string[] = []
    for (let rest = slots.toReversed(); rest.length > 0; ) {
      const free = rest.filter(({ id }) => !rest.some((by) => by.id !== id && by.needs.includes(id)))
      const level = free.length > 0 ? free : rest
      rest = rest.filter((slot) => !level.includes(slot))
      // Half of the time is kept for those behind.
      const limitMs = (until - this.#clock.now()) / (rest.length > 0 ? 2 : 1)
      await this.#bounded('unloading', limitMs, () => Promise.all(level.map((slot) => slot.unload(limitMs))))
      for (const slot of level) this.#forget(slot)
      ended.push(...level.map(({ id }) => id))
    }
    return ended
  }

  async reload(id: string, source?: PluginSource, options: HostOptions = {}): Promise<PluginStatus> {
    const slot = this.#slot(id)
    if (source && source.manifest.id !== id) {
      const reason = `the new source is plugin '${source.manifest.id}'`
      throw coreError('BP_INVALID_ARGUMENT', { details: { what: `The source for '${id}'`, reason } })
    }
    await slot.reload(source, options.signal)
    return slot.status()
  }

  call(name: string, params: Params = {}, options: CallOptions = {}): Promise<Value> {
    return this.#dispatch(name, params, { kind: 'local' }, options)
  }

  stream(name: string, params: Params = {}, options: CallOptions = {}): AsyncGenerator<Value, Value, void> {
    return itemStream(
      (signal, sink) => this.#dispatch(name, params, { kind: 'local' }, { ...options, signal }, sink),
      options.signal,
    )
  }

  plugins(): readonly PluginStatus[] {
    return [...this.#slots.values()].map((slot) => slot.status())
  }

  plugin(id: string): PluginStatus | undefined {
    return this.#slots.get(id)?.status()
  }

  async health(options: HostOptions = {}) {
    const slots = [...this.#slots.values()]
    return new Map(await Promise.all(slots.map(async (slot) => [slot.id, await slot.health(options.signal)] as const)))
  }

  on(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#leave()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  // Plugins first, so what they emit while they end is still heard.
  async #leave(): Promise<void> {
    const { stopTimeoutMs = 8_000 } = this.#init
    this.#advertise({ ...this.advertisement, functions: [], events: [] })
    // An eighth is left for what is shared.
    await this.#end([...this.#slots.values()], stopTimeoutMs * 0.875)
    this.#dispatcher.stop()
    const close = (what: string, work: () => unknown) => this.#bounded(`closing ${what}`, stopTimeoutMs / 8, work)
    await Promise.all([
      close('mesh', async () => {
        await this.#hub.attach()
        await this.mesh?.close()
      }),
      ...this.runtimes.map((runtime) => close(runtime.kind, () => runtime.close?.())),
      close('config', () => this.#config.close()),
    ])
  }

  /** Whatever does not end must not keep the rest from ending. */
  #bounded(what: string, timeoutMs: number, work: () => unknown): Promise<void> {
    const bounded = async () => within(Promise.resolve(work()), { clock: this.#clock, timeoutMs, what })
    return attempt(this.#logger, what, bounded)
  }

  /** Calls of plugins go on while the host stops: anyone who needs another may need it to end. */
  #dispatch(name: string, params: Params, caller: Caller, options: CallOptions, sink?: ItemSink): Promise<Value> {
    return this.#stopping
      ? Promise.reject(this.#closed())
      : this.#dispatcher.dispatch(name, params, caller, options, sink)
  }

  /** What one plugin says of itself must not keep the others from coming and going. */
  #advertise(advertisement: Advertisement): void {
    void attempt(this.#logger, 'advertising', () => this.mesh?.advertise(advertisement))
  }

  #invoke(caller: Caller, name: string, params: Params, options: RemoteOptions): Promise<Value> {
    if (options.device === undefined || options.device === this.identity.deviceId) {
      return this.#dispatcher.dispatch(name, params, caller, options)
    }
    if (!this.mesh) return Promise.reject(coreError('BP_DEVICE_UNKNOWN', { details: { device: options.device } }))
    return this.mesh.invoke(options.device, name, params, options)
  }

  async emit(event: string, payload: Params = {}): Promise<void> {
    if (!eventName.test(event)) {
      const reason = 'use letters, digits, `-` and `_`'
      throw coreError('BP_INVALID_ARGUMENT', { details: { what: `Event name '${event}'`, reason } })
    }
    const marked = this.#init.simulated ? { ...payload, simulated: true } : payload
    const incoming = { device: this.identity.deviceId, event, payload: marked }
    this.#hub.deliver(incoming)
    this.#tell({ type: 'event.emitted', event: incoming })
    await this.#outbox.send(event, marked)
  }

  #slotComponents(): SlotComponents {
    return {
      clock: this.#clock,
      logger: this.#logger,
      config: this.#config,
      random: this.#init.random ?? Math.random,
      restart: this.#init.restart ?? {},
      runtimeFor: (source) => this.#runtimeFor(source),
      context: ({ id }, running, line) => {
        const perSecond = running.source.manifest.limits?.log_lines_per_second ?? 1000
        return pluginContext(running, {
          ...line,
          stateDir: this.#init.stateDir?.(id),
          logger: pluginLogger(this.#logger, id, perSecond, this.#clock),
          simulated: this.#init.simulated ?? false,
          emit: (event, payload) => this.emit(event, payload),
          invoke: (name, params = {}, options = {}) => this.#invoke({ kind: 'plugin', id }, name, params, options),
        })
      },
      offer: (id, offer) => {
        if (offer) this.#registry.set(id, intercepted(offer, this.#init.interceptors, id))
        else this.#registry.delete(id)
      },
      subscribe: (slot, running) => {
        const { instance } = running ?? {}
        const wanted = [...(running?.source.manifest.subscriptions ?? []), ...(instance?.subscriptions ?? [])]
        this.#hub.set(slot.id, instance?.notify ? wanted : [], (event) => {
          const fields = { plugin: slot.id, event: event.event }
          void attempt(this.#logger, 'event handler', () => instance?.notify?.(event), fields)
        })
      },
      dependents: (id) => this.#dependents(id).map((slot) => slot.id),
      tell: (event) => this.#tell(event),
    }
  }

  #runtimeFor(source: PluginSource): PluginRuntime {
    const { id, runtime } = source.manifest
    const found = this.runtimes.find((one) => (runtime === undefined || runtime === one.kind) && one.accepts(source))
    if (found) return found
    const present = this.runtimes.map((one) => one.kind).join(', ') || 'none'
    throw coreError('BP_RUNTIME_MISSING', {
      details: { plugin: id, runtime: runtime ?? source.manifest.entry_point ?? 'none', present },
    })
  }

  #slot(id: string): Slot {
    const slot = this.#slots.get(id)
    if (!slot) throw pluginError('BP_PLUGIN_NOT_LOADED', id)
    return slot
  }

  #forget(slot: Slot): void {
    if (this.#slots.get(slot.id) === slot) this.#slots.delete(slot.id)
  }

  #tell(event: HostEvent): void {
    for (const listener of this.#listeners) void attempt(this.#logger, 'a host listener', () => listener(event))
  }

  #closed() {
    return coreError('BP_CLOSED', { details: { what: `Host '${this.identity.deviceId}'` } })
  }
}
