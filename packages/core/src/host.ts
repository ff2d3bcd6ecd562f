import { attempt } from './attempt.ts'
import { systemClock } from './clock.ts'
import type { Caller, CallOptions } from './contracts/call.ts'
import type { Host, HostEvent, HostInit, HostOptions, PluginStatus } from './contracts/host.ts'
import { silentLogger } from './contracts/logger.ts'
import type { Advertisement } from './contracts/mesh.ts'
import type { PluginRuntime, PluginSource, RemoteOptions } from './contracts/runtime.ts'
import type { Params, Value } from './contracts/values.ts'
import { throwIfAborted } from './deadline.ts'
import { Dispatcher } from './dispatcher.ts'
import { coreError } from './errors.ts'
import { EventHub } from './event-hub.ts'
import { fixedConfig } from './fixed-config.ts'
import { itemStream } from './item-stream.ts'
import { intercepted, ownOffer } from './offers.ts'
import { Outbox } from './outbox.ts'
import { pluginContext } from './plugin-context.ts'
import { pluginLogger } from './plugin-logger.ts'
import { CapabilityRegistry, hostOwner } from './registry.ts'
import { Slot } from './slot.ts'
import type { SlotComponents } from './slot-components.ts'

const pluginId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const eventName = /^[A-Za-z0-9_-]+$/

/**
 * Composes a plugin host; nothing runs before its `start` or `load`.
 *
 * Do not use it where a preset of `@backplane/host` already is what you want. Throws `BP_FUNCTION_COLLISION` when two of
 * the host's own functions have one name.
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
    this.#registry = new CapabilityRegistry(intercepted(ownOffer(init), init.interceptors))
    this.#dispatcher = new Dispatcher(this.#registry, this.#clock, init.timeoutMs ?? 30_000)
    this.#hub = new EventHub(init.identity.deviceId, this.#logger)
    this.mesh = init.mesh?.({ ...components, identity: init.identity })
    this.#outbox = new Outbox(this.mesh)
    this.mesh?.serve((call) => this.#dispatcher.dispatch(call.name, call.params, call.caller, call))
    this.#advertise(this.#registry.advertisement)
    this.#registry.watch((advertisement) => {
      this.#advertise(advertisement)
      this.#tell({ type: 'advertised', advertisement })
    })
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
      throw coreError('BP_PLUGIN_ID_INVALID', { details: { plugin: id } })
    }
    if (this.#slots.has(id)) throw coreError('BP_PLUGIN_ALREADY_LOADED', { details: { plugin: id } })
    const missing = dependencies?.plugins?.find((name) => !this.#slots.has(name))
    if (missing !== undefined) {
      const reason = `it needs plugin '${missing}', which is not loaded`
      throw coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin: id, reason } })
    }
    const slot = new Slot(source, this.#slotComponents())
    this.#slots.set(id, slot)
    try {
      await slot.load(options.signal)
    } catch (error) {
      if (this.#slots.get(id) === slot) this.#slots.delete(id)
      throw error
    }
    const status = slot.status()
    if (status.unenforced.length > 0) {
      this.#logger.warn(
        { plugin: id, unenforced: status.unenforced },
        `its ${status.runtime} runtime cannot enforce these`,
      )
    }
    return status
  }

  async unload(id: string, options: HostOptions = {}): Promise<void> {
    throwIfAborted(options.signal)
    const slot = this.#slot(id)
    await slot.unload()
    if (this.#slots.get(id) === slot) this.#slots.delete(id)
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
    return this.#dispatcher.dispatch(name, params, { kind: 'local' }, options)
  }

  stream(name: string, params: Params = {}, options: CallOptions = {}): AsyncGenerator<Value, Value, void> {
    return itemStream(
      (signal, sink) => this.#dispatcher.dispatch(name, params, { kind: 'local' }, { ...options, signal }, sink),
      options.signal,
    )
  }

  emit(event: string, payload: Params = {}): Promise<void> {
    return this.#emit(event, payload)
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
    for (const slot of [...this.#slots.values()].reverse()) {
      await slot.unload()
      this.#slots.delete(slot.id)
    }
    // Whatever does not end must not keep the rest from ending.
    await this.#hub.detach()
    await attempt(this.#logger, 'closing mesh', () => this.mesh?.close())
    for (const runtime of this.runtimes) await attempt(this.#logger, `closing ${runtime.kind}`, () => runtime.close?.())
    await attempt(this.#logger, 'closing config', () => this.#config.close())
    this.#dispatcher.stop()
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

  async #emit(event: string, payload: Params): Promise<void> {
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
      liveness: this.#init.liveness ?? {},
      runtimeFor: (source) => this.#runtimeFor(source),
      context: (slot, source, running, signal, line) =>
        pluginContext({
          source,
          running,
          signal,
          logger: pluginLogger(
            this.#logger,
            slot.id,
            source.manifest.limits?.log_lines_per_second ?? 1000,
            this.#clock,
          ),
          stateDir: this.#init.stateDir?.(slot.id),
          simulated: this.#init.simulated ?? false,
          emit: (event, payload) => this.#emit(event, payload),
          invoke: (name, params, options) => this.#invoke({ kind: 'plugin', id: slot.id }, name, params, options),
          ...line,
        }),
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
    if (!slot) throw coreError('BP_PLUGIN_NOT_LOADED', { details: { plugin: id } })
    return slot
  }

  #tell(event: HostEvent): void {
    for (const listener of this.#listeners) void attempt(this.#logger, 'a host listener', () => listener(event))
  }

  #closed() {
    return coreError('BP_CLOSED', { details: { what: `Host '${this.identity.deviceId}'` } })
  }
}
