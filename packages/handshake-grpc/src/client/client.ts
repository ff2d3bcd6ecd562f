import { X509Certificate } from 'node:crypto'
import { lstatSync, rmSync } from 'node:fs'
import { BackplaneError, coreError, type Logger, messageOf, silentLogger, systemClock } from '@backplane/core'
import type { ServiceError } from '@grpc/grpc-js'
import type { Broker } from '../broker/broker.ts'
import { handshakeError } from '../errors.ts'
import { type PluginAddress, parseHandshakeLine } from '../handshake/line.ts'
import { versionSets } from '../handshake/versions.ts'
import { makeCertificate, pemOf } from '../tls/certificate.ts'
import { grpcJsWire } from '../wire/grpc-js.ts'
import { verifyChecksum } from './checksum.ts'
import { describeExit, PluginChild, pause } from './child.ts'
import { PluginConnection } from './connection.ts'
import { resolveCommand } from './diagnose.ts'
import { pluginEnvironment } from './environment.ts'
import { watchHealth } from './health-watch.ts'
import { observe } from './hooks.ts'
import type { ClientPluginSet, DispenseContext, Dispensed, PluginClientComponents, PluginClientInit } from './init.ts'
import { TokenBucket } from './rate-limit.ts'
import { probe, type ReattachConfig, ReattachedRunner } from './reattach.ts'
import { withRetry } from './retry.ts'
import { commandName, type ExitInfo, processRunner } from './runner.ts'
import { callError, isClientConstructor, type ServiceHandle } from './service.ts'
import { makeSocketDir } from './socket-dir.ts'

/** One go-plugin plugin, from start to end. */
export interface PluginClient<S extends ClientPluginSet = ClientPluginSet> extends AsyncDisposable {
  /**
   * Starts the plugin and connects to it. Idempotent; a client starts once and is not started again after `kill`.
   *
   * @throws BP_HANDSHAKE_CONFIG, BP_HANDSHAKE_SPAWN, BP_HANDSHAKE_CHECKSUM, BP_HANDSHAKE_TIMEOUT, BP_HANDSHAKE_EXITED,
   * BP_HANDSHAKE_CONNECT, BP_HANDSHAKE_CERT_MISSING, BP_HANDSHAKE_REATTACH, the codes of a refused line, BP_CLOSED
   */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * Gives the named plugin of the negotiated version, ready to be used. Starts the plugin if need be.
   *
   * @throws BP_HANDSHAKE_PLUGIN_TYPE, and what `start` throws
   */
  dispense<K extends keyof S & string>(name: K, options?: { readonly signal?: AbortSignal }): Promise<Dispensed<S[K]>>
  /** The connection itself, for services that are not in the plugin set. Starts the plugin if need be. */
  connection(options?: { readonly signal?: AbortSignal }): Promise<ServiceHandle>
  /**
   * Asks the plugin for its health.
   *
   * @throws BP_HANDSHAKE_NOT_SERVING, BP_HANDSHAKE_CALL, BP_HANDSHAKE_PROCESS_EXITED
   */
  ping(options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<void>
  /**
   * Ends the plugin: asks it to, waits for the grace period, kills it. Idempotent, never rejects; what is resolved is
   * gone. A reattached plugin in test mode is only let go.
   *
   * @param options - `signal` cuts the grace period short
   */
  kill(options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * Lets the plugin run on and closes the connection; gives what another client needs to reattach. The plugin's log
   * goes to this process as long as it lives: a Go plugin that logs after that gets SIGPIPE.
   */
  detach(): Promise<ReattachConfig | undefined>
  /** What another client needs to use the same plugin; `keys: true` adds the private key that AutoMTLS needs. */
  reattachConfig(options?: { readonly keys?: boolean }): ReattachConfig | undefined
  /** The broker, once started. */
  readonly broker: Broker | undefined
  /** Process id or the runner's name, once started. */
  readonly id: string | undefined
  readonly pid: number | undefined
  /** `grpc`, once started. */
  readonly protocol: string | undefined
  /** The negotiated version; 0 before the start. */
  readonly negotiatedVersion: number
  /** How the process ended, once it has. */
  readonly exit: ExitInfo | undefined
  /** Resolves when the plugin's process has ended; stays pending for a plugin that never ran. */
  readonly exited: Promise<ExitInfo>
  /** The last lines that the plugin wrote to its real stderr. */
  readonly stderrTail: readonly string[]
}

/** How the status of a call begins that ended with its plugin. */
const exitedText = 'plugin exited'

/** A plugin that runs and is connected. */
interface Running {
  readonly child: PluginChild
  readonly connection: PluginConnection
  readonly address: PluginAddress
  readonly version: number
  readonly socketDir: { readonly path: string; remove(): void } | undefined
  readonly tls: ReattachConfig['tls']
}

/**
 * Makes the host side of one go-plugin plugin; nothing runs before `start`, `dispense` or `connection`. For a plugin that
 * should be restarted and swapped by itself use `processRuntime` under `@backplane/core`'s host.
 *
 * @throws BP_HANDSHAKE_CONFIG when options contradict each other
 */
export function pluginClient<const S extends ClientPluginSet>(
  init: PluginClientInit<S>,
  components: PluginClientComponents = {},
): PluginClient<S> {
  check(init)
  return new Client(init, components)
}

function check(init: PluginClientInit): void {
  const refuse = (reason: string) => handshakeError('BP_HANDSHAKE_CONFIG', { details: { reason } })
  const ways = [init.command !== undefined || init.runner !== undefined, init.reattach !== undefined].filter(Boolean)
  if (ways.length !== 1) throw refuse('exactly one of Cmd, or Reattach, or RunnerFunc must be set')
  if (init.reattach && init.secure) throw refuse('only one of Reattach or SecureConfig can be set')
  if (init.reattach && init.multiplex) throw refuse('gRPC broker multiplexing is not supported with Reattach config')
  if (init.reattach && init.autoMtls) {
    throw refuse('autoMtls makes certificates at a start; a reattached plugin needs those of its own (reattach.tls)')
  }
  if (init.autoMtls && init.tls) throw refuse('only one of autoMtls or tls can be set')
  if (init.handshake.cookieKey === '' || init.handshake.cookieValue === '') {
    throw refuse('handshake needs a cookieKey and a cookieValue')
  }
  const versions = Object.keys(init.versionedPlugins ?? {})
  const bad = versions.find((version) => !/^\d+$/.test(version))
  if (bad !== undefined) throw refuse(`versionedPlugins has the key "${bad}", which is not a version number`)
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
  readonly #bucket: TokenBucket | undefined
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
    this.#bucket = init.rateLimit && new TokenBucket(init.rateLimit)
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

  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#start(options.signal)
  }

  async connection(options: { readonly signal?: AbortSignal } = {}): Promise<ServiceHandle> {
    return (await this.#start(options.signal)).connection.handle
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
      const exited = await this.#exitSoon(running.child)
      throw exited ? this.#exitError(running.child, error) : error
    }
  }

  kill(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options
    if (signal?.aborted) this.#hurry.abort()
    else signal?.addEventListener('abort', () => this.#hurry.abort(), { once: true })
    this.#ending ??= this.#kill()
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
    return {
      protocol: 'grpc',
      protocolVersion: running.version,
      address: running.address,
      ...(pid !== undefined && { pid }),
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

  async #startWithRetry(): Promise<Running> {
    this.#init.registry?.add(this)
    const { hooks, reattach } = this.#init
    const began = performance.now()
    try {
      const running = await withRetry(
        () => (reattach ? this.#reattach(reattach) : this.#attempt()),
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
      throw error
    }
  }

  async #attempt(): Promise<Running> {
    const { command = '', args = [], cwd, secure, autoMtls, unixSocket, runner = processRunner } = this.#init
    const { signal } = this.#stop
    if (secure) await verifyChecksum(secure, resolveCommand(command, process.env.PATH), signal)
    const curve = typeof autoMtls === 'object' ? autoMtls.curve : undefined
    const identity = autoMtls ? makeCertificate(curve ? { curve } : {}) : undefined
    const socketDir = makeSocketDir(unixSocket)
    let child: PluginChild | undefined
    try {
      const env = pluginEnvironment(
        {
          ...this.#init,
          versions: [...this.#sets.keys()],
          ...(identity && { clientCert: identity.cert }),
          ...(socketDir && { socketDir: socketDir.path }),
          ...(unixSocket?.group !== undefined && { socketGroup: unixSocket.group }),
        },
        process.env,
      )
      this.#logger.debug({ command, args }, 'starting plugin')
      const started = await runner({
        command,
        args,
        env,
        stdin: this.#init.stdin ?? 'inherit',
        processGroup: this.#init.processGroup ?? false,
        ...(cwd !== undefined && { cwd }),
        ...(socketDir && { socketDir: socketDir.path }),
      })
      child = new PluginChild(started, {
        logger: this.#logger,
        ...(this.#init.stderr && { stderr: this.#init.stderr }),
      })
      return await this.#connect(child, identity, socketDir)
    } catch (error) {
      if (child) {
        await child.runner.kill()
        await Promise.race([child.exited, pause(5000)])
        await child.drained(500)
      }
      socketDir?.remove()
      throw this.#withFacts(error, child)
    }
  }

  async #connect(
    child: PluginChild,
    identity: ReturnType<typeof makeCertificate> | undefined,
    socketDir: Running['socketDir'],
  ): Promise<Running> {
    const { signal } = this.#stop
    const text = await child.handshakeLine(this.#init.startTimeoutMs ?? 60_000, signal)
    const line = await this.#parse(text, child)
    if (identity && !line.serverCert) throw handshakeError('BP_HANDSHAKE_CERT_MISSING')
    const pluginCert = line.serverCert && pemOf(new X509Certificate(line.serverCert).raw)
    const tls = identity && pluginCert !== undefined ? { identity, pluginCert } : undefined
    const connection = await this.#open(child, line, tls)
    const address = { network: line.network, address: line.address }
    return { child, connection, address, version: line.appVersion, socketDir, tls }
  }

  async #parse(text: string, child: PluginChild) {
    const { multiplex, allowedProtocols } = this.#init
    const { runner } = child
    try {
      return parseHandshakeLine(text, {
        versions: [...this.#sets.keys()].sort((a, b) => a - b),
        // Whatever a host allows, nothing but gRPC can be spoken here: net/rpc is Go's own encoding.
        protocols: (allowedProtocols ?? ['grpc']).filter((protocol) => protocol === 'grpc'),
        ...(multiplex && { multiplex }),
        ...(runner.pluginToHost && { translate: runner.pluginToHost.bind(runner) }),
      })
    } catch (error) {
      const plain = error instanceof BackplaneError && error.code === 'BP_HANDSHAKE_LINE' && text.split('|').length < 4
      throw plain ? await child.badLine(error) : error
    }
  }

  #open(child: PluginChild, address: PluginAddress, tls: Running['tls']): Promise<PluginConnection> {
    const init = this.#init
    const { runner } = child
    const dialTls = tls ? { ca: tls.pluginCert, identity: tls.identity, serverName: 'localhost' } : init.tls
    const translate = {
      ...(runner.pluginToHost && { pluginToHost: runner.pluginToHost.bind(runner) }),
      ...(runner.hostToPlugin && { hostToPlugin: runner.hostToPlugin.bind(runner) }),
    }
    const lost = Promise.race([
      child.exited.then(() => Promise.reject(child.error('BP_HANDSHAKE_EXITED'))),
      aborted(this.#stop.signal).then(() => Promise.reject(coreError('BP_ABORTED'))),
    ])
    // It rejects sooner or later; only while connecting does anybody ask.
    lost.catch(() => {})
    return PluginConnection.open({
      lost,
      address: { network: address.network, address: address.address },
      wire: init.wire ?? grpcJsWire(),
      multiplex: init.multiplex ?? false,
      logger: this.#logger,
      listen: {
        ...(init.unixSocket?.dir && { dir: init.unixSocket.dir }),
        ...(init.unixSocket?.group !== undefined && { group: init.unixSocket.group }),
      },
      translate,
      explain: async (status) => {
        const exit = await this.#exitSoon(child)
        return exit ? { ...status, code: 14, details: `${exitedText} (${describeExit(exit)})` } : status
      },
      onError: (error: ServiceError, path: string) =>
        error.details.startsWith(exitedText) ? this.#exitError(child, error) : callError(error, path),
      ...(dialTls && { dialTls }),
      ...(tls && { serveTls: { identity: tls.identity, clientCa: tls.pluginCert } }),
      ...(init.channelOptions && { channelOptions: init.channelOptions }),
      ...(init.syncStdout && { syncStdout: init.syncStdout }),
      ...(init.syncStderr && { syncStderr: init.syncStderr }),
      ...(init.hooks && { hooks: init.hooks }),
      ...(this.#bucket && { bucket: this.#bucket }),
    })
  }

  async #reattach(config: ReattachConfig): Promise<Running> {
    const protocol = config.protocol ?? 'grpc'
    if (protocol !== 'grpc') throw handshakeError('BP_HANDSHAKE_PROTOCOL', { details: { protocol, supported: 'grpc' } })
    const version = config.protocolVersion ?? Math.max(...this.#sets.keys())
    if (!this.#sets.has(version)) {
      const versions = [...this.#sets.keys()].join(' ')
      throw handshakeError('BP_HANDSHAKE_APP_VERSION', { details: { version, versions } })
    }
    await probe(config.address)
    const runner = new ReattachedRunner(config)
    const child = new PluginChild(runner, { logger: this.#logger })
    try {
      const connection = await this.#open(child, config.address, config.tls)
      return { child, connection, address: config.address, version, socketDir: undefined, tls: config.tls }
    } catch (error) {
      runner.release()
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
      if (!this.#expected) this.#logger.error({ ...exit, stderr: running.child.tail }, 'plugin process exited')
      else this.#logger.info({ ...exit }, 'plugin process exited')
      this.#gone.abort()
      await running.connection.close()
      await running.child.drained(1000)
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
    if (!running) return
    if (running.child.exit) return void (await this.exited)
    if (this.#init.reattach?.test) return this.#letGo(running)
    const { child, connection } = running
    await Promise.race([this.#askToEnd(running), child.exited, aborted(this.#hurry.signal)])
    await connection.close()
    if (!child.exit) {
      this.#logger.warn('plugin failed to exit gracefully')
      await child.runner.kill()
      // Without a process id nobody can say whether a reattached plugin is gone.
      if (child.runner instanceof ReattachedRunner && child.runner.pid === undefined) child.runner.release()
    }
    await this.exited
  }

  /** Resolves when the grace period is over, or before it when the plugin has gone. */
  async #askToEnd({ child, connection }: Running): Promise<void> {
    const grace = this.#init.gracePeriodMs ?? 2000
    const limit = pause(grace)
    await connection.closeBroker()
    await Promise.race([connection.shutdown(grace), child.exited])
    // The connection ends before the wait: a plugin may wait for that.
    await connection.close()
    await Promise.race([child.exited, limit])
  }

  async #letGo(running: Running): Promise<void> {
    await running.connection.close()
    this.#init.registry?.delete(this)
    if (running.child.runner instanceof ReattachedRunner) running.child.runner.release()
  }

  /** Waits a moment for the exit that usually lies behind a lost connection. */
  async #exitSoon(child: PluginChild): Promise<ExitInfo | undefined> {
    if (!child.exit) await Promise.race([child.exited, pause(250)])
    return child.exit
  }

  #exitError(child: PluginChild, cause: unknown): BackplaneError {
    return child.error('BP_HANDSHAKE_PROCESS_EXITED', {}, { cause })
  }

  #withFacts(thrown: unknown, child: PluginChild | undefined): BackplaneError {
    const error = BackplaneError.from(thrown)
    if (!child || 'stderr' in error.details) return error
    const { message, next, retryable, cause } = error
    return new BackplaneError(
      error.code,
      { message, next },
      {
        message,
        next,
        retryable,
        details: { ...error.details, ...child.facts() },
        ...(cause !== undefined && { cause }),
      },
    )
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A killed plugin leaves its socket file behind. */
function removeSocket({ network, address }: PluginAddress): void {
  if (network !== 'unix') return
  try {
    if (lstatSync(address).isSocket()) rmSync(address, { force: true })
  } catch {
    // It went with its folder.
  }
}
