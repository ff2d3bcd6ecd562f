import type { ActiveCall } from './active-call.ts'
import { attempt } from './attempt.ts'
import type { ConfigChange, ConfigHandle, ConfigOutcome } from './contracts/config.ts'
import type { PluginState, PluginStatus } from './contracts/host.ts'
import type { PluginSource } from './contracts/runtime.ts'
import type { Params, Value } from './contracts/values.ts'
import { unenforced } from './enforcement.ts'
import { BackplaneError, coreError } from './errors.ts'
import { described, type Fitting, fit } from './fitting.ts'
import { RunningInstance } from './instance.ts'
import { pluginError } from './plugin-error.ts'
import type { Offer } from './registry.ts'
import { Serial } from './serial.ts'
import type { SlotComponents } from './slot-components.ts'

/**
 * Owns one plugin's life: the state machine, the current instance and, during a swap, the next one.
 *
 * What changes the state runs one at a time; calls do not wait for it, except those that arrive while a swap hands
 * state over. A slot never touches another slot.
 */
export class Slot {
  readonly id: string
  readonly #parts: SlotComponents
  readonly #serial = new Serial()
  /** Aborts when the plugin is unloaded, so what is still starting does not hold that up. */
  readonly #life = new AbortController()
  #fitting: Fitting
  #state: PluginState = 'starting'
  #since: number
  #generation = 0
  #current: RunningInstance | undefined
  #config: ConfigHandle | undefined
  /** A change that came while no instance could hear it, or while the next one was starting with former values. */
  #unheard: ConfigChange | undefined
  #isStarting = false
  #error: BackplaneError | undefined
  /** Present while a swap hands state over: calls wait for it. */
  #gate: Promise<void> | undefined

  /** Throws `BP_RUNTIME_MISSING`. */
  constructor(source: PluginSource, parts: SlotComponents) {
    this.id = source.manifest.id
    this.#parts = parts
    this.#fitting = fit(source, parts)
    this.#since = parts.clock.now()
  }

  status(): PluginStatus {
    const { source, runtime, supervisor } = this.#fitting
    const instance = this.#current?.instance
    const { restarts } = supervisor
    const waiting = this.#state === 'running' ? instance?.waiting : undefined
    const restartAt = waiting?.retryAt ?? supervisor.restartAt
    const error = waiting?.error ?? this.#error
    return {
      id: this.id,
      state: waiting ? 'backoff' : this.#state,
      source,
      runtime: runtime.kind,
      functions: instance?.functions ?? [],
      events: instance?.events ?? [],
      routines: instance?.routines ?? [],
      generation: this.#generation,
      restarts,
      inFlight: this.#current?.calls.size ?? 0,
      since: this.#since,
      ...(restartAt === undefined ? {} : { restartAt }),
      ...(error ? { error } : {}),
      dependents: this.#parts.dependents(this.id),
      unenforced: unenforced(source, runtime),
    }
  }

  /** The plugins that it needs. */
  get needs(): readonly string[] {
    return this.#fitting.source.manifest.dependencies?.plugins ?? []
  }

  /** Whether it is being unloaded. */
  get leaving(): boolean {
    return this.#life.signal.aborted
  }

  /** Starts the plugin for the first time. Leaves nothing behind when it fails. */
  async load(signal?: AbortSignal): Promise<void> {
    await this.#serial.run(async () => {
      try {
        this.#fitting = await described(this.#fitting, this.#parts, this.#until(signal))
        this.#config = await this.#openConfig(signal)
        await this.#up(this.#config.values, (values) => this.#bring(this.#fitting, values, signal))
      } catch (error) {
        this.#withdraw()
        await this.#closeConfig()
        this.#enter('stopped')
        throw error
      }
    })
    this.#parts.tell({ type: 'plugin.loaded', plugin: this.status() })
  }

  /** Replaces the instance by a fresh one, of `source` where given; on failure everything stays as it was. */
  async reload(source?: PluginSource, signal?: AbortSignal): Promise<void> {
    await this.#serial.run(async () => {
      if (this.#state === 'stopped') throw pluginError('BP_PLUGIN_NOT_LOADED', this.id)
      const former = this.#fitting
      // A person asked for this one: what it did before no longer counts against it.
      const next = await described(fit(source ?? former.source, this.#parts), this.#parts, this.#until(signal))
      try {
        this.#config = await this.#openConfig(signal, next)
        await this.#up(this.#config.values, (values) => this.#replace(next, values, signal))
      } catch (error) {
        // The former source stays, so its items must be the registered ones again; why the swap failed matters more
        // than whether that worked.
        this.#config = await this.#openConfig().catch(() => this.#config)
        throw error
      }
    })
    this.#parts.tell({ type: 'plugin.swapped', plugin: this.status() })
  }

  /** Drains, stops, and gives its names back, within `limitMs`. Never rejects. */
  async unload(limitMs?: number): Promise<void> {
    this.#life.abort(coreError('BP_ABORTED', { message: `Plugin '${this.id}' is being unloaded.` }))
    await this.#serial.run(async () => {
      // Its load failed, or was ended by this very unload: then there is nothing to end and nothing to tell.
      if (this.#state === 'stopped') return
      this.#fitting.supervisor.cancel()
      const current = this.#current
      this.#current = undefined
      this.#enter('draining')
      this.#withdraw()
      if (current) await this.#retire(current, limitMs)
      await this.#closeConfig()
      this.#error = undefined
      this.#enter('stopped')
      this.#parts.tell({ type: 'plugin.unloaded', plugin: this.status() })
    })
  }

  /** Runs a call in the current instance. */
  dispatch(call: ActiveCall): Promise<Value> {
    if (this.#gate) return this.#gate.then(() => this.dispatch(call))
    const current = this.#current
    if (!current) return Promise.reject(this.#unavailable())
    const busy = this.#fitting.admission.refusal(current.calls.size)
    return busy ? Promise.reject(busy) : current.run(call)
  }

  /** Asks the instance how it is. */
  async health(signal: AbortSignal = this.#life.signal): Promise<{ ok: boolean; message?: string }> {
    return this.#current?.health(signal) ?? { ok: false, message: this.#unavailable().message }
  }

  /** Brings the next instance to life and installs it; leaves nothing of it behind when that fails. */
  async #bring(
    { source, runtime, policy, startTimeoutMs }: Fitting,
    config: Params,
    signal?: AbortSignal,
    handedOver?: () => Promise<Value | undefined>,
  ): Promise<void> {
    const next: RunningInstance = new RunningInstance({
      runtime,
      source,
      config,
      signal: this.#until(signal),
      clock: this.#parts.clock,
      startTimeoutMs,
      stopTimeoutMs: policy.stop_ms,
      context: (self, abort) =>
        this.#parts.context(this, self, {
          signal: abort,
          exited: (error) => self.exit(error),
          changed: () => this.#changed(self),
        }),
      exited: (self, error) => this.#exited(self, error),
    })
    await next.begin(handedOver)
    try {
      this.#install(next)
    } catch (error) {
      await next.stop()
      throw error
    }
  }

  /** Makes an instance the current one: its names point to it from here on. */
  #install(next: RunningInstance): void {
    // Its end was told to nobody while this slot did not have it yet.
    if (next.ended) throw next.ended
    this.#offer(next)
    this.#current = next
    this.#generation++
    this.#error = undefined
    this.#enter('running')
  }

  async #replace(fitting: Fitting, config: Params, signal?: AbortSignal): Promise<void> {
    const former = this.#current
    const { supervisor, policy } = this.#fitting
    const gate = Promise.withResolvers<void>()
    const handOver = async (running: RunningInstance) => {
      this.#gate = gate.promise
      await this.#drain(running)
      return running.handOver(policy.drain_ms, this.#life.signal)
    }
    try {
      await this.#bring(fitting, config, signal, former?.instance.handOver && (() => handOver(former)))
      supervisor.cancel()
      this.#fitting = fitting
    } finally {
      this.#gate = undefined
      gate.resolve()
    }
    if (former && !former.ended) await this.#retire(former)
  }

  /** Half of a limit is for its calls, a quarter for its own end, the rest for its end by force. */
  async #retire(running: RunningInstance, limitMs = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#drain(running, limitMs / 2)
    await running.stop(limitMs / 4)
  }

  async #drain(running: RunningInstance, limitMs = Number.POSITIVE_INFINITY): Promise<void> {
    await running.drain(Math.min(this.#fitting.policy.drain_ms, limitMs))
    running.abandon(this.#unavailable('draining'))
  }

  #offer(running: RunningInstance): void {
    const { functions, events } = running.instance
    const limitMs = running.source.manifest.limits?.timeout_ms
    const offer: Offer = { functions, events, limitMs, route: () => (call) => this.dispatch(call) }
    this.#parts.offer(this.id, offer)
    this.#parts.subscribe(this, running)
  }

  #withdraw(): void {
    this.#parts.offer(this.id, undefined)
    this.#parts.subscribe(this, undefined)
  }

  #changed(running: RunningInstance): void {
    if (running !== this.#current) return
    void this.#attempt('changing functions', () => this.#offer(running))
  }

  #exited(running: RunningInstance, error: BackplaneError): void {
    if (running !== this.#current) return
    this.#current = undefined
    void running.stop()
    this.#parts.tell({ type: 'plugin.exited', plugin: this.status(), error })
    this.#fell(error)
  }

  /** Decides what follows a failure: a restart after a wait, or quarantine. */
  #fell(error: BackplaneError): void {
    const { tell, logger } = this.#parts
    const { supervisor } = this.#fitting
    const tooOften = supervisor.revive(() => void this.#serial.run(() => this.#again()))
    const { code, message, cause: err } = error
    this.#error = error
    this.#enter('backoff')
    if (tooOften === undefined) {
      logger.warn({ plugin: this.id, code, restartAt: supervisor.restartAt, err }, message)
      return
    }
    this.#error = pluginError('BP_PLUGIN_QUARANTINED', this.id, `${tooOften}; last: ${error.message}`, error)
    this.#enter('quarantined')
    this.#withdraw()
    tell({ type: 'plugin.quarantined', plugin: this.status(), error: this.#error })
  }

  async #again(): Promise<void> {
    if (this.#state !== 'backoff') return
    this.#fitting.supervisor.cancel()
    this.#enter('starting')
    try {
      const values = this.#unheard?.values ?? this.#config?.values ?? {}
      await this.#up(values, (values) => this.#bring(this.#fitting, values))
      this.#parts.tell({ type: 'plugin.restarted', plugin: this.status() })
    } catch (error) {
      this.#fell(BackplaneError.from(error))
    }
  }

  async #openConfig(signal?: AbortSignal, { source }: Fitting = this.#fitting): Promise<ConfigHandle> {
    const handle = await this.#parts.config.open(this.id, source.manifest.config ?? {}, signal ? { signal } : {})
    handle.participate((change) => this.#reconfigure(change))
    return handle
  }

  /** Never rejects: what is wrong with the store must not keep a plugin from ending. */
  #closeConfig(): Promise<void> {
    return this.#attempt('closing config', () => this.#config?.close())
  }

  #attempt(what: string, work: () => unknown): Promise<void> {
    return attempt(this.#parts.logger, what, work, { plugin: this.id })
  }

  /** Starts an instance, and tells it of a change that came meanwhile: it had been started with the former values. */
  async #up(values: Params, start: (values: Params) => Promise<void>): Promise<void> {
    this.#unheard = undefined
    this.#isStarting = true
    try {
      await start(values)
    } finally {
      this.#isStarting = false
    }
    const { unheard: change, current } = { unheard: this.#unheard as ConfigChange | undefined, current: this.#current }
    this.#unheard = undefined
    if (!change || !current) return
    try {
      if (current.instance.reconfigure) await current.reconfigure(change)
      else await this.#replace(this.#fitting, change.values)
    } catch (error) {
      // The change is in force, and nobody waits for its outcome any more: the plugin has to start with it, or not at
      // all.
      this.#unheard = change
      current.exit(BackplaneError.from(error))
    }
  }

  async #reconfigure(change: ConfigChange): Promise<ConfigOutcome> {
    const current = this.#current
    const before = this.#unheard
    if (!current || this.#isStarting) this.#unheard = change
    if (!current) return 'pending'
    try {
      if (current.instance.reconfigure) await current.reconfigure(change)
      else await this.#serial.run(() => this.#replace(this.#fitting, change.values))
      return undefined
    } catch (error) {
      this.#unheard = before
      throw pluginError('BP_CONFIG_REFUSED', this.id, BackplaneError.from(error).message, error)
    }
  }

  #unavailable(state: PluginState = this.#state): BackplaneError {
    if (state === 'quarantined' && this.#error) return this.#error
    return coreError('BP_PLUGIN_UNAVAILABLE', { details: { plugin: this.id, state } })
  }

  /** A signal that aborts with the plugin's life, or before. */
  #until(signal?: AbortSignal): AbortSignal {
    return signal ? AbortSignal.any([this.#life.signal, signal]) : this.#life.signal
  }

  #enter(state: PluginState): void {
    this.#state = state
    this.#since = this.#parts.clock.now()
  }
}
