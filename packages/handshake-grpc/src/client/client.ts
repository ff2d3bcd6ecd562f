import { coreError, type Logger, messageOf, silentLogger, systemClock } from '@backplane/core'
import type { Broker } from '../broker/broker.ts'
import { handshakeError } from '../errors.ts'
import { versionSets } from '../handshake/versions.ts'
import { onEndingSignal } from '../net/ending-signals.ts'
import { checkInit } from './check.ts'
import { describeExit } from './child.ts'
import type { PluginClient } from './contract.ts'
import { awake, endPlugin, exitOf } from './ending.ts'
import { watchHealth } from './health-watch.ts'
import { observe } from './hooks.ts'
import type { ClientPluginSet, DispenseContext, Dispensed, PluginClientComponents, PluginClientInit } from './init.ts'
import { processStart } from './process-start.ts'
import { TokenBucket } from './rate-limit.ts'
import { type ReattachConfig, ReattachedRunner } from './reattach.ts'
import { withRetry } from './retry.ts'
import { commandName, type ExitInfo } from './runner.ts'
import { isClientConstructor, type ServiceHandle } from './service.ts'
import { removeSocket } from './socket-dir.ts'
import { exitError, exitSoon, exitText, type Running, Starter } from './start.ts'

/**
 * Makes the host side of one go-plugin plugin; nothing runs before `start`, `dispense` or `connection`. For a plugin
 * that should be restarted and swapped by itself use `processRuntime` under `@backplane/core`'s host.
 *
 * @throws BP_HANDSHAKE_CONFIG when options contradict each other
 */
export function pluginClient<const S extends ClientPluginSet>(
  init: PluginClientInit<S>,
  components: PluginClientComponents = {},
): PluginClient<S> {
  checkInit(init)
  return new Client(init, components)
}

class Client<S extends ClientPluginSet> implements PluginClient<S> {
  readonly #init: PluginClientInit<S>
  readonly #logger: Logger
  readonly #components: PluginClientComponents
  readonly #sets: ReadonlyMap<number, S>
  readonly #stop = new AbortController()
  readonly #gone = new AbortController()
  /** Cuts the grace period short. */
  readonly #hurry = new AbortController()
  #starting: Promise<Running> | undefined
  #running: Running | undefined
  #ending: Promise<void> | undefined
  #expected = false
  #tellExit: (exit: ExitInfo) => void = () => {}
  readonly exited: Promise<ExitInfo>

  constructor(init: PluginClientInit<S>, components: PluginClientComponents) {
    this.#init = init
    this.#components = components
    const name = commandName(init.command ?? (init.reattach ? 'reattached' : 'runner'))
    this.#logger = (components.logger ?? silentLogger).child({ plugin: name })
    const { handshake, plugins, versionedPlugins } = init
    this.#sets = versionSets(
      'host',
      handshake.protocolVersion,
      plugins ?? (versionedPlugins ? undefined : ({} as S)),
      versionedPlugins,
    )
    this.exited = new Promise((resolve) => {
      this.#tellExit = resolve
    })
  }

  get broker(): Broker | undefined {
    return this.#running?.connection.broker
  }

  get id(): string | undefined {
    return this.#running?.child.runner.id
  }

  get pid(): number | undefined {
    return this.#running?.child.runner.pid
  }

  get protocol(): string | undefined {
    return this.#running && 'grpc'
  }

  get negotiatedVersion(): number {
    return this.#running?.version ?? 0
  }

  get exit(): ExitInfo | undefined {
    return this.#running?.child.exit
  }

  get stderrTail(): readonly string[] {
    return this.#running?.child.tail ?? []
  }

  get ending(): string {
    return this.#running?.child.ending ?? describeExit({})
  }

  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#settled(options.signal)
  }

  async connection(options: { readonly signal?: AbortSignal } = {}): Promise<ServiceHandle> {
    return (await this.#settled(options.signal)).connection.handle
  }

  async dispense<K extends keyof S & string>(
    name: K,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Dispensed<S[K]>> {
    const running = await this.#start(options.signal)
    const set = this.#sets.get(running.version)
    const plugin = set && Object.hasOwn(set, name) ? set[name] : undefined
    if (plugin === undefined) {
      const known = Object.keys(set ?? {}).join(', ') || 'none'
      throw handshakeError('BP_HANDSHAKE_PLUGIN_TYPE', { details: { name, known } })
    }
    const { connection } = running
    if (isClientConstructor(plugin)) return connection.handle.client(plugin) as Dispensed<S[K]>
    if (typeof plugin === 'object') return connection.handle.service(plugin) as Dispensed<S[K]>
    const context: DispenseContext = {
      ...connection.handle,
      broker: connection.broker,
      signal: this.#gone.signal,
      version: running.version,
    }
    return (await (plugin as (context: DispenseContext) => unknown)(context)) as Dispensed<S[K]>
  }

  async ping(options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}): Promise<void> {
    const running = await this.#start(options.signal)
    try {
      await running.connection.ping(options.timeoutMs ?? 5000, options.signal)
    } catch (error) {
      const exited = await exitSoon(running.child)
      throw exited ? exitError(running.child, error) : error
    }
  }

  kill(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options
    if (signal?.aborted) this.#hurry.abort()
    else signal?.addEventListener('abort', () => this.#hurry.abort(), { once: true })
    this.#ending ??= awake(() => this.#kill())
    return this.#ending
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }

  async detach(): Promise<ReattachConfig | undefined> {
    const running = this.#running
    if (!running || this.#ending || running.child.exit) return undefined
    const config = this.reattachConfig({ keys: true })
    this.#expected = true
    this.#ending = this.#letGo(running)
    await this.#ending
    return config
  }

  reattachConfig(options: { readonly keys?: boolean } = {}): ReattachConfig | undefined {
    const running = this.#running
    if (!running) return undefined
    if (this.#init.reattach) return this.#init.reattach
    const pid = running.child.runner.pid
    const pidStart = pid === undefined ? undefined : processStart(pid)
    return {
      protocol: 'grpc',
      protocolVersion: running.version,
      address: running.address,
      ...(pid !== undefined && { pid }),
      ...(pidStart !== undefined && { pidStart }),
      ...(options.keys && running.tls && { tls: running.tls }),
    }
  }

  async #start(signal: AbortSignal | undefined): Promise<Running> {
    if (this.#ending || this.#stop.signal.aborted)
      throw coreError('BP_CLOSED', { details: { what: 'This plugin client' } })
    this.#starting ??= this.#startWithRetry()
    const starting = this.#starting
    if (!signal) return starting
    // Several callers may wait for one start: the one who gives up does not end it for the others.
    return new Promise((resolve, reject) => {
      const abort = () => reject(coreError('BP_ABORTED', { cause: signal.reason }))
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort)
      starting.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    })
  }

  async #settled(signal: AbortSignal | undefined): Promise<Running> {
    const running = await this.#start(signal)
    try {
      await running.settled
    } catch (error) {
      await this.kill()
      throw error
    }
    return running
  }

  /** Somebody listens at the address who does not speak gRPC: there is nobody to ask to end. */
  #unusable(error: unknown): void {
    if (this.#ending || this.#running?.child.exit) return
    this.#logger.error({ err: messageOf(error) }, 'plugin does not speak gRPC')
    this.#hurry.abort()
    void this.kill()
  }

  async #startWithRetry(): Promise<Running> {
    this.#init.registry?.add(this)
    if (this.#init.endOnSignals) {
      const forget = onEndingSignal((hurry) => this.kill(hurry ? { signal: AbortSignal.abort() } : {}))
      void this.exited.then(forget)
    }
    const { hooks, reattach } = this.#init
    const began = performance.now()
    const starter = new Starter({
      init: this.#init,
      logger: this.#logger,
      versions: [...this.#sets.keys()].sort((a, b) => a - b),
      bucket: this.#init.rateLimit && new TokenBucket(this.#init.rateLimit),
      stop: this.#stop.signal,
    })
    try {
      const running = await withRetry(
        () => (reattach ? starter.reattach(reattach) : starter.start()),
        this.#init.retry,
        { clock: this.#components.clock ?? systemClock, signal: this.#stop.signal },
        (facts) => {
          this.#logger.warn(
            { attempt: facts.attempt, again: facts.again, err: messageOf(facts.error) },
            'plugin start failed',
          )
          observe(() => hooks?.startFailed?.(facts))
        },
      )
      this.#running = running
      running.settled.catch((error: unknown) => this.#unusable(error))
      const startMs = performance.now() - began
      const { id, pid } = running.child.runner
      this.#logger.info(
        { pid, version: running.version, ...running.address, startMs: Math.round(startMs) },
        'plugin started',
      )
      observe(() => hooks?.started?.({ id, version: running.version, startMs }))
      this.#watch(running)
      return running
    } catch (error) {
      this.#init.registry?.delete(this)
      this.#tellExit(exitOf(error))
      throw error
    }
  }

  #watch(running: Running): void {
    const { hooks, health } = this.#init
    const stopHealth =
      health &&
      watchHealth(
        health,
        this.#components.clock ?? systemClock,
        (timeoutMs) => running.connection.ping(timeoutMs),
        (facts) => {
          if (!facts.ok) this.#logger.warn({ reason: facts.reason }, 'plugin is not healthy')
          observe(() => hooks?.health?.(facts))
        },
      )
    void running.child.exited.then(async (exit) => {
      stopHealth?.()
      const { runner } = running.child
      if (runner instanceof ReattachedRunner && runner.released) {
        this.#gone.abort()
        this.#tellExit(exit)
        return
      }
      this.#gone.abort()
      await running.connection.close()
      await running.child.drained(1000)
      if (!this.#expected) this.#logger.error({ ...exit, stderr: running.child.tail }, 'plugin process exited')
      else this.#logger.info({ ...exit }, 'plugin process exited')
      running.connection.fail(exitText(exit))
      running.socketDir?.remove()
      removeSocket(running.address)
      this.#init.registry?.delete(this)
      observe(() => hooks?.exited?.({ ...exit, id: running.child.runner.id, expected: this.#expected }))
      this.#tellExit(exit)
    })
  }

  async #kill(): Promise<void> {
    this.#expected = true
    this.#stop.abort()
    const running = this.#running ?? (await this.#starting?.catch(() => undefined))
    if (!running) this.#tellExit({})
    else if (running.child.exit) await this.exited
    else if (this.#init.reattach?.test) await this.#letGo(running)
    else {
      const graceMs = this.#init.gracePeriodMs ?? 2000
      await endPlugin(running, { graceMs, hurry: this.#hurry.signal, logger: this.#logger })
      await this.exited
    }
  }

  async #letGo(running: Running): Promise<void> {
    await running.connection.close()
    running.connection.fail('the connection was closed')
    this.#init.registry?.delete(this)
    running.socketDir?.release()
    running.child.runner.release?.()
  }
}
