import type { ActiveCall } from './active-call.ts'
import { Admission } from './admission.ts'
import type { Timer } from './contracts/clock.ts'
import type { ConfigChange, ConfigHandle } from './contracts/config.ts'
import type { PluginState, PluginStatus } from './contracts/host.ts'
import type { PluginRuntime, PluginSource } from './contracts/runtime.ts'
import type { Value } from './contracts/values.ts'
import { within } from './deadline.ts'
import { unenforced } from './enforcement.ts'
import { BackplaneError, coreError } from './errors.ts'
import { RunningInstance } from './instance.ts'
import type { Offer } from './registry.ts'
import { defaultPolicy, type Policy, RestartWindow } from './restart-policy.ts'
import { Serial } from './serial.ts'
import type { SlotComponents } from './slot-components.ts'

const startTimeoutMs = 30_000

/**
 * Owns one plugin's life: the state machine, the current instance and, during a swap, the next one.
 *
 * What changes the state runs one at a time; calls do not wait for it, except those that arrive while a swap hands state
 * over. A slot never touches another slot.
 */
export class Slot {
  readonly id: string
  readonly #parts: SlotComponents
  readonly #serial = new Serial()
  /** Aborts when the plugin is unloaded, so what is still starting does not hold that up. */
  readonly #life = new AbortController()
  #source: PluginSource
  #runtime: PluginRuntime
  #policy: Policy
  #window: RestartWindow
  #admission: Admission
  #state: PluginState = 'starting'
  #since: number
  #generation = 0
  #current: RunningInstance | undefined
  #config: ConfigHandle | undefined
  #error: BackplaneError | undefined
  #restartAt: number | undefined
  #restart: Timer | undefined
  /** Present while a swap hands state over: calls wait for it. */
  #gate: Promise<void> | undefined

  /** Throws `BP_RUNTIME_MISSING`. */
  constructor(source: PluginSource, parts: SlotComponents) {
    this.id = source.manifest.id
    this.#parts = parts
    this.#source = source
    this.#runtime = parts.runtimeFor(source)
    this.#policy = this.#policyOf(source)
    this.#window = new RestartWindow(this.#policy, parts.random)
    this.#admission = new Admission(this.id, source.manifest.limits ?? {}, parts.clock)
    this.#since = parts.clock.now()
  }

  status(): PluginStatus {
    const now = this.#parts.clock.now()
    const instance = this.#current?.instance
    return {
      id: this.id,
      state: this.#state,
      source: this.#source,
      runtime: this.#runtime.kind,
      functions: instance?.functions ?? [],
      events: instance?.events ?? [],
      routines: instance?.routines ?? [],
      generation: this.#generation,
      restarts: this.#window.count(now),
      inFlight: this.#current?.calls.size ?? 0,
      since: this.#since,
      ...(this.#restartAt === undefined ? {} : { restartAt: this.#restartAt }),
      ...(this.#error ? { error: this.#error } : {}),
      unenforced: unenforced(this.#source, this.#runtime),
    }
  }

  /** Longest that a call may take, in milliseconds. */
  get limitMs(): number | undefined {
    return this.#source.manifest.limits?.timeout_ms
  }

  /** Starts the plugin for the first time. Leaves nothing behind when it fails. */
  async load(signal?: AbortSignal): Promise<void> {
    await this.#serial.run(async () => {
      try {
        this.#source = await this.#described(this.#source, this.#runtime, signal)
        this.#config = await this.#openConfig(this.#source, signal)
        this.#install(await this.#spawn(this.#source, this.#runtime, this.#config.values, signal))
      } catch (error) {
        await this.#config?.close()
        this.#enter('stopped')
        throw error
      }
    })
    this.#parts.tell({ type: 'plugin.loaded', plugin: this.status() })
  }

  /** Replaces the instance by a fresh one, of `source` where given; on failure everything stays as it was. */
  async reload(next: PluginSource = this.#source, signal?: AbortSignal): Promise<void> {
    await this.#serial.run(async () => {
      this.#mustLive()
      const runtime = this.#parts.runtimeFor(next)
      const source = await this.#described(next, runtime, signal)
      const config = await this.#openConfig(source, signal)
      try {
        await this.#replace(source, runtime, config.values, signal)
      } catch (error) {
        // The former source stays, so its items must be the registered ones again.
        this.#config = await this.#openConfig(this.#source)
        throw error
      }
      this.#config = config
      this.#source = source
      this.#runtime = runtime
      this.#policy = this.#policyOf(source)
      // A person asked for this one: what it did before no longer counts against it.
      this.#window = new RestartWindow(this.#policy, this.#parts.random)
      this.#admission = new Admission(this.id, source.manifest.limits ?? {}, this.#parts.clock)
    })
    this.#parts.tell({ type: 'plugin.swapped', plugin: this.status() })
  }

  /** Drains, stops, and gives its names back. Never rejects. */
  async unload(): Promise<void> {
    this.#life.abort(coreError('BP_ABORTED', { message: `Plugin '${this.id}' is being unloaded.` }))
    await this.#serial.run(async () => {
      if (this.#state === 'stopped') return
      this.#cancelRestart()
      const current = this.#current
      this.#current = undefined
      this.#enter('draining')
      this.#parts.offer(this.id, undefined)
      this.#parts.subscribe(this, undefined)
      if (current) await this.#retire(current)
      await this.#config?.close()
      this.#error = undefined
      this.#enter('stopped')
    })
    this.#parts.tell({ type: 'plugin.unloaded', plugin: this.status() })
  }

  /** Runs a call in the current instance. */
  dispatch(call: ActiveCall): Promise<Value> {
    if (this.#gate) return this.#gate.then(() => this.dispatch(call))
    const current = this.#current
    if (!current) return Promise.reject(this.#unavailable())
    const busy = this.#admission.refusal(current.calls.size)
    return busy ? Promise.reject(busy) : current.run(call)
  }

  /** Asks the instance how it is. */
  async health(signal?: AbortSignal): Promise<{ ok: boolean; message?: string }> {
    const current = this.#current
    if (!current) return { ok: false, message: this.#error?.message ?? `The plugin is ${this.#state}.` }
    const ask = async () =>
      (await current.instance.health?.({ signal: signal ?? new AbortController().signal })) ?? { ok: true }
    const options = { clock: this.#parts.clock, timeoutMs: 5_000, what: `The health check of '${this.id}'`, signal }
    return within(ask(), options).catch((error) => ({ ok: false, message: BackplaneError.from(error).message }))
  }

  async #spawn(
    source: PluginSource,
    runtime: PluginRuntime,
    config: ConfigHandle['values'],
    signal?: AbortSignal,
    state?: () => Promise<Value | undefined>,
  ): Promise<RunningInstance> {
    const running: RunningInstance = new RunningInstance({
      runtime,
      source,
      config,
      signal: signal ? AbortSignal.any([this.#life.signal, signal]) : this.#life.signal,
      clock: this.#parts.clock,
      startTimeoutMs: source.manifest.limits?.start_timeout_ms ?? startTimeoutMs,
      stopTimeoutMs: this.#policyOf(source).stop_ms,
      context: (self, abort) =>
        this.#parts.context(this, source, self, abort, {
          exited: (error) => self.exit(error),
          changed: () => this.#changed(self),
        }),
      exited: (self, error) => this.#exited(self, error),
    })
    await running.load()
    await running.start(await state?.())
    return running
  }

  /** Makes an instance the current one: its names point to it from here on. */
  #install(next: RunningInstance): void {
    this.#parts.offer(this.id, this.#offerOf(next))
    this.#current = next
    this.#parts.subscribe(this, next)
    this.#generation++
    this.#error = undefined
    this.#enter('running')
  }

  async #replace(
    source: PluginSource,
    runtime: PluginRuntime,
    config: ConfigHandle['values'],
    signal?: AbortSignal,
  ): Promise<void> {
    const former = this.#current
    let open: () => void = () => {}
    const handOver =
      former?.instance.handOver &&
      (async () => {
        this.#gate = new Promise((resolve) => {
          open = resolve
        })
        await this.#drain(former)
        const timeoutMs = this.#policy.drain_ms
        const giving = former.instance.handOver?.({ signal: signal ?? new AbortController().signal })
        return within(giving ?? Promise.resolve(undefined), {
          clock: this.#parts.clock,
          timeoutMs,
          what: 'Handing over state',
          signal,
        })
      })
    try {
      const next = await this.#spawn(
        source,
        runtime,
        config,
        signal,
        handOver as (() => Promise<Value | undefined>) | undefined,
      )
      try {
        this.#cancelRestart()
        this.#install(next)
      } catch (error) {
        await next.stop()
        throw error
      }
    } finally {
      this.#gate = undefined
      open()
    }
    if (former && !former.ended) await this.#retire(former)
  }

  async #retire(running: RunningInstance): Promise<void> {
    await this.#drain(running)
    await running.stop()
  }

  async #drain(running: RunningInstance): Promise<void> {
    await running.drain(this.#policy.drain_ms)
    running.abandon(coreError('BP_PLUGIN_UNAVAILABLE', { details: { plugin: this.id, state: 'draining' } }))
  }

  #changed(running: RunningInstance): void {
    if (running !== this.#current) return
    try {
      this.#parts.offer(this.id, this.#offerOf(running))
      this.#parts.subscribe(this, running)
    } catch (error) {
      this.#parts.logger.error({ plugin: this.id, error }, 'changed functions refused; the former ones stay')
    }
  }

  #offerOf({ instance }: RunningInstance): Offer {
    return {
      functions: instance.functions,
      events: instance.events,
      route: () => (call) => this.dispatch(call),
    }
  }

  #exited(running: RunningInstance, error: BackplaneError): void {
    if (running !== this.#current) return
    this.#current = undefined
    void running.stop()
    this.#fell(error)
    this.#parts.tell({ type: 'plugin.exited', plugin: this.status(), error })
    if (this.#state === 'quarantined') this.#parts.tell({ type: 'plugin.quarantined', plugin: this.status(), error })
  }

  /** Decides what follows a failure: a restart after a wait, or quarantine. */
  #fell(error: BackplaneError): void {
    const { clock, logger } = this.#parts
    this.#error = error
    const now = clock.now()
    const wait = this.#window.next(now)
    if (wait === undefined) {
      const reason = `it ended more than ${this.#policy.intensity} times within ${this.#policy.period_ms} ms; last: ${error.message}`
      this.#error = coreError('BP_PLUGIN_QUARANTINED', { details: { plugin: this.id, reason }, cause: error })
      this.#enter('quarantined')
      this.#parts.offer(this.id, undefined)
      this.#parts.subscribe(this, undefined)
      logger.error({ plugin: this.id, code: error.code }, this.#error.message)
      return
    }
    this.#enter('backoff')
    this.#restartAt = now + wait
    logger.warn({ plugin: this.id, code: error.code, restartInMs: Math.round(wait) }, error.message)
    this.#restart = clock.after(wait, () => void this.#serial.run(() => this.#again()))
  }

  async #again(): Promise<void> {
    if (this.#state !== 'backoff') return
    this.#cancelRestart()
    this.#enter('starting')
    try {
      this.#install(await this.#spawn(this.#source, this.#runtime, this.#config?.values ?? {}))
      this.#parts.tell({ type: 'plugin.restarted', plugin: this.status() })
    } catch (error) {
      this.#fell(BackplaneError.from(error))
      if (this.#error && this.status().state === 'quarantined') {
        this.#parts.tell({ type: 'plugin.quarantined', plugin: this.status(), error: this.#error })
      }
    }
  }

  /** The source with what its code says about itself. Never renames the plugin. */
  async #described(source: PluginSource, runtime: PluginRuntime, signal?: AbortSignal): Promise<PluginSource> {
    if (!runtime.describe) return source
    const ended = signal ? AbortSignal.any([this.#life.signal, signal]) : this.#life.signal
    const timeoutMs = source.manifest.limits?.start_timeout_ms ?? startTimeoutMs
    const what = `Describing plugin '${this.id}'`
    const work = runtime.describe(source, { signal: ended })
    const manifest = await within(work, { clock: this.#parts.clock, timeoutMs, what, signal: ended })
    return { ...source, manifest: { ...manifest, id: this.id } }
  }

  async #openConfig(source: PluginSource, signal?: AbortSignal): Promise<ConfigHandle> {
    const handle = await this.#parts.config.open(this.id, source.manifest.config ?? {}, signal ? { signal } : {})
    handle.participate((change) => this.#reconfigure(change))
    return handle
  }

  async #reconfigure(change: ConfigChange): Promise<void> {
    const current = this.#current
    if (!current) return
    try {
      if (current.instance.reconfigure) {
        const timeoutMs = startTimeoutMs
        const what = `Reconfiguring '${this.id}'`
        await within(current.instance.reconfigure(change), { clock: this.#parts.clock, timeoutMs, what })
        current.config = change.values
      } else {
        await this.#serial.run(() => this.#replace(this.#source, this.#runtime, change.values))
      }
    } catch (error) {
      const { message } = BackplaneError.from(error)
      throw coreError('BP_CONFIG_REFUSED', { details: { plugin: this.id, reason: message }, cause: error })
    }
  }

  #policyOf(source: PluginSource): Policy {
    return { ...defaultPolicy, ...this.#parts.restart, ...source.manifest.restart }
  }

  #mustLive(): void {
    if (this.#state === 'stopped') throw coreError('BP_PLUGIN_NOT_LOADED', { details: { plugin: this.id } })
  }

  #unavailable(): BackplaneError {
    if (this.#state === 'quarantined' && this.#error) return this.#error
    return coreError('BP_PLUGIN_UNAVAILABLE', { details: { plugin: this.id, state: this.#state } })
  }

  #cancelRestart(): void {
    this.#restart?.cancel()
    this.#restart = undefined
    this.#restartAt = undefined
  }

  #enter(state: PluginState): void {
    this.#state = state
    this.#since = this.#parts.clock.now()
  }
}
