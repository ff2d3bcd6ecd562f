import { type ActiveCall, started } from './active-call.ts'
import type { Clock } from './contracts/clock.ts'
import type { ConfigChange } from './contracts/config.ts'
import type { Liveness, PluginInstance, PluginRuntime, PluginSource, RuntimeContext } from './contracts/runtime.ts'
import type { Params, Value } from './contracts/values.ts'
import { within } from './deadline.ts'
import { BackplaneError, type CoreErrorCode, coreError } from './errors.ts'
import { pluginError } from './plugin-error.ts'

/** What a slot needs to bring one instance to life. */
export interface SpawnInit {
  readonly runtime: PluginRuntime
  readonly source: PluginSource
  readonly clock: Clock
  readonly config: Params
  readonly startTimeoutMs: number
  readonly stopTimeoutMs: number
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
  #watch: ReturnType<Liveness> | undefined
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

  /**
   * Loads the code, starts it with the state that `handedOver` gives, and asks for its health. Leaves nothing behind
   * when one of these fails.
   */
  async begin(handedOver?: () => Promise<Value | undefined>): Promise<void> {
    const { runtime, source } = this.#init
    const { signal } = this.#controller
    const loading = runtime.load(source, this.#init.context(this, signal), { signal })
    const starting = async (state: Value | undefined) => {
      await this.instance.start({ signal, state })
      const health = await this.instance.health?.({ signal })
      if (health && !health.ok && !this.instance.waiting) {
        throw this.#fault('BP_HEALTH_FAILED', health.message ?? 'no reason given')
      }
    }
    try {
      this.#instance = await this.#step('Loading', loading)
      await this.#step('Starting', starting(await handedOver?.()))
      this.#started = true
      this.#watched()
    } catch (error) {
      // What still arrives after the deadline is ended at once.
      if (!this.#instance) void loading.then((late) => late.stop({ signal: AbortSignal.abort() })).catch(() => {})
      await this.stop()
      throw BackplaneError.from(error, (reason, cause) => this.#fault('BP_PLUGIN_LOAD_FAILED', reason, cause))
    }
  }

  #watched(): void {
    const { calls, instance } = this
    const { clock, runtime } = this.#init
    if (this.#exit || !instance.health) return
    const silent = (reason: string) => {
      this.#silent = true
      this.exit(this.#fault('BP_PLUGIN_EXITED', reason))
    }
    this.#watch = runtime.liveness?.({ clock, instance, calls, silent })
  }

  /** Says that it ended on its own: fails what is under way. */
  exit(error: BackplaneError): void {
    if (this.#exit || this.#controller.signal.aborted) return
    this.#exit = error
    this.#watch?.end()
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
        if (this.#init.clock.now() >= call.deadline) this.#watch?.check()
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
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle = resolve
    await within(promise, { clock: this.#init.clock, timeoutMs, what: 'Draining' }).catch(() => {})
    this.#idle = undefined
  }

  /** Ends every call under way with an error. */
  abandon(error: BackplaneError): void {
    for (const call of [...this.calls]) call.fail(error)
    this.calls.clear()
    this.#idle?.()
  }

  /** Ends it: gracefully within the stop time, at most `limitMs`, then by force. Never rejects. */
  async stop(limitMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { clock } = this.#init
    const stopTimeoutMs = Math.min(this.#init.stopTimeoutMs, limitMs)
    this.#controller.abort(coreError('BP_ABORTED', { message: 'The plugin is being stopped.' }))
    this.#watch?.end()
    const force = new AbortController()
    if (this.#silent) force.abort()
    const timer = clock.after(stopTimeoutMs, () => force.abort())
    // A runtime that does not even end by force is left behind rather than hanging the host.
    const stopping = (async () => this.#instance?.stop({ signal: force.signal }))()
    await within(stopping, { clock, timeoutMs: stopTimeoutMs * 2, what: 'Stopping' }).catch(() => {})
    timer.cancel()
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

  #fault(code: CoreErrorCode, reason: string, cause?: unknown): BackplaneError {
    return pluginError(code, this.#init.source.manifest.id, reason, cause)
  }
}

function pluginFailed(reason: string, cause: unknown): BackplaneError {
  return coreError('BP_PLUGIN_FAILED', { details: { reason }, cause })
}
