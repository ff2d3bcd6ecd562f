import { type ActiveCall, started } from './active-call.ts'
import type { Clock } from './contracts/clock.ts'
import type { ConfigChange } from './contracts/config.ts'
import type { LivenessInit } from './contracts/host.ts'
import type { PluginInstance, PluginRuntime, PluginSource, RuntimeContext } from './contracts/runtime.ts'
import type { Params, Value } from './contracts/values.ts'
import { within } from './deadline.ts'
import { BackplaneError, coreError } from './errors.ts'
import { Liveness } from './liveness.ts'

/** What a slot needs to bring one instance to life. */
export interface SpawnInit {
  readonly runtime: PluginRuntime
  readonly source: PluginSource
  readonly clock: Clock
  readonly config: Params
  readonly startTimeoutMs: number
  readonly stopTimeoutMs: number
  readonly liveness: LivenessInit | false
  readonly signal?: AbortSignal | undefined
  /** Makes the instance's context, bound to this handle. */
  context(running: RunningInstance, signal: AbortSignal): RuntimeContext
  /** Called once when a started instance ends on its own. */
  exited(running: RunningInstance, error: BackplaneError): void
}

/** One instance of a plugin from its loading to its end, with the calls under way in it. */
export class RunningInstance {
  config: Params
  readonly calls = new Set<ActiveCall>()
  readonly #init: SpawnInit
  readonly #controller = new AbortController()
  #instance: PluginInstance | undefined
  #exit: BackplaneError | undefined
  #onExit: (error: BackplaneError) => void = () => {}
  #started = false
  #liveness: Liveness | undefined
  /** Whether it did not answer: nobody asks it to end then. */
  #silent = false
  #idle: (() => void) | undefined

  constructor(init: SpawnInit) {
    this.#init = init
    this.config = init.config
  }

  /** Why it has ended on its own, if it has. */
  get ended(): BackplaneError | undefined {
    return this.#exit
  }

  get source(): PluginSource {
    return this.#init.source
  }

  get instance(): PluginInstance {
    return this.#instance as PluginInstance
  }

  /** Loads the code. Nothing runs yet. */
  async load(): Promise<void> {
    const { runtime, source } = this.#init
    const context = this.#init.context(this, this.#controller.signal)
    const loading = runtime.load(source, context, { signal: this.#controller.signal })
    try {
      this.#instance = await this.#step('Loading', loading)
    } catch (error) {
      // What still arrives after the deadline is ended at once.
      loading.then(
        (late) => late.stop({ signal: AbortSignal.abort() }),
        () => {},
      )
      this.#controller.abort(error)
      throw this.#failed(error)
    }
  }

  /**
   * Starts it with the state that `handedOver` gives, and asks for its health. Leaves nothing behind when one of these
   * fails.
   */
  async start(handedOver?: () => Promise<Value | undefined>): Promise<void> {
    const { signal } = this.#controller
    const starting = async (state: Value | undefined) => {
      await this.instance.start({ signal, ...(state === undefined ? {} : { state }) })
      const health = await this.instance.health?.({ signal })
      if (health && !health.ok && !this.instance.waiting) throw this.#unhealthy(health.message)
    }
    try {
      await this.#step('Starting', starting(await handedOver?.()))
      this.#started = true
      this.#watch()
    } catch (error) {
      await this.stop()
      throw this.#failed(error)
    }
  }

  /** Sees after it where its runtime can ask it for its health. */
  #watch(): void {
    const { clock, liveness, source } = this.#init
    if (liveness === false || this.#exit || !this.instance.health) return
    this.#liveness = new Liveness({
      intervalMs: liveness.intervalMs ?? 10_000,
      timeoutMs: liveness.timeoutMs ?? 10_000,
      clock,
      ask: async (signal) => this.instance.health?.({ signal }),
      busyUntil: () => [...this.calls].reduce((latest, call) => Math.max(latest, call.deadline), -Infinity),
      silent: (reason) => {
        this.#silent = true
        this.exit(coreError('BP_PLUGIN_EXITED', { details: { plugin: source.manifest.id, reason } }))
      },
    })
    this.#liveness.begin()
  }

  /** Says that it ended on its own: fails what is under way. */
  exit(error: BackplaneError): void {
    if (this.#exit || this.#controller.signal.aborted) return
    this.#exit = error
    this.#liveness?.end()
    this.#onExit(error)
    this.abandon(error)
    if (this.#started) this.#init.exited(this, error)
  }

  // Written without `async`: this is the hot path of every call.
  run(call: ActiveCall): Promise<Value> {
    this.calls.add(call)
    return started((it) => this.instance.invoke(it), call).then(
      (value) => {
        this.#release(call)
        return value
      },
      (error) => {
        this.#release(call)
        if (this.#init.clock.now() >= call.deadline) this.#liveness?.check()
        throw BackplaneError.from(error, pluginFailed)
      },
    )
  }

  #release(call: ActiveCall): void {
    this.calls.delete(call)
    if (this.calls.size === 0) this.#idle?.()
  }

  /** Asks how it is. Never rejects. */
  async health(signal: AbortSignal): Promise<{ ok: boolean; message?: string }> {
    try {
      const asking = this.instance.health?.({ signal })
      return (await this.#within(asking, 5_000, 'The health check of', signal)) ?? { ok: true }
    } catch (error) {
      return { ok: false, message: BackplaneError.from(error).message }
    }
  }

  /** Applies a change while it runs, if it has what it takes. */
  async reconfigure(change: ConfigChange): Promise<void> {
    await this.#within(this.instance.reconfigure?.(change), 30_000, 'Reconfiguring')
    this.config = change.values
  }

  /** Gives the state for the next instance, if it has any. */
  handOver(timeoutMs: number, signal: AbortSignal): Promise<Value | undefined> {
    return this.#within(this.instance.handOver?.({ signal }), timeoutMs, 'Handing over state of')
  }

  /** Waits until no call runs, at most `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.calls.size === 0) return
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    await within(idle, { clock: this.#init.clock, timeoutMs, what: 'Draining' }).catch(() => {})
    this.#idle = undefined
  }

  /** Ends every call under way with an error. */
  abandon(error: BackplaneError): void {
    for (const call of [...this.calls]) call.fail(error)
    this.calls.clear()
    this.#idle?.()
  }

  /** Ends it: gracefully within the stop time, then by force. Never rejects. */
  async stop(): Promise<void> {
    const { clock, stopTimeoutMs } = this.#init
    this.#controller.abort(coreError('BP_ABORTED', { message: 'The plugin is being stopped.' }))
    this.#liveness?.end()
    const force = new AbortController()
    if (this.#silent) force.abort()
    const timer = clock.after(stopTimeoutMs, () => force.abort())
    try {
      // A runtime that does not even end by force is left behind rather than hanging the host.
      const stopping = Promise.resolve(this.#instance?.stop({ signal: force.signal }))
      await within(stopping, { clock, timeoutMs: stopTimeoutMs * 2, what: 'Stopping' })
    } catch {
    } finally {
      timer.cancel()
    }
  }

  #step<T>(doing: string, work: Promise<T>): Promise<T> {
    const exited = new Promise<never>((_, reject) => {
      if (this.#exit) reject(this.#exit)
      else this.#onExit = reject
    })
    const { startTimeoutMs, signal } = this.#init
    return this.#within(Promise.race([work, exited]), startTimeoutMs, `${doing} plugin`, signal)
  }

  #within<T>(work: T | Promise<T>, timeoutMs: number, doing: string, signal?: AbortSignal): Promise<T> {
    const { clock, source } = this.#init
    return within(Promise.resolve(work), { clock, timeoutMs, what: `${doing} '${source.manifest.id}'`, signal })
  }

  #failed(error: unknown): BackplaneError {
    const plugin = this.#init.source.manifest.id
    return BackplaneError.from(error, (reason, cause) =>
      coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin, reason }, cause }),
    )
  }

  #unhealthy(message: string | undefined): BackplaneError {
    const plugin = this.#init.source.manifest.id
    return coreError('BP_HEALTH_FAILED', { details: { plugin, reason: message ?? 'no reason given' } })
  }
}

function pluginFailed(reason: string, cause: unknown): BackplaneError {
  return coreError('BP_PLUGIN_FAILED', { details: { reason }, cause })
}
