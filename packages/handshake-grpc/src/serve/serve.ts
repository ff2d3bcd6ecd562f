import { writeSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { type BackplaneError, messageOf } from '@backplane/core'
import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import { GrpcBroker, type ServedService } from '../broker/broker.ts'
import { BrokerStream, type ConnInfoStream } from '../broker/stream.ts'
import { TokenBucket } from '../client/rate-limit.ts'
import { handshakeError } from '../errors.ts'
import { formatHandshakeLine, parseGoBool } from '../handshake/line.ts'
import { negotiateVersion, pluginEnv, versionSets } from '../handshake/versions.ts'
import { hclogLogger } from '../log/hclog.ts'
import { type ListenInit, listenInitFromEnv, openListener } from '../net/listener.ts'
import { fastWire } from '../wire/fast.ts'
import { brokerService, controllerService } from '../wire/services.ts'
import { tellCrashes } from './crash.ts'
import { checkCookie, type Environment, type PluginTls, pluginTls } from './environment.ts'
import { Health } from './health.ts'
import type { PluginServer, ServeContext, ServePluginComponents, ServePluginInit, ServerPlugin } from './init.ts'
import { PluginMuxer } from './muxer.ts'
import { observed } from './observed.ts'
import { ParentWatch } from './parent.ts'
import { lazyReflection } from './reflection-service.ts'
import { interceptSignals } from './signals.ts'
import { capture, StdioPublisher } from './stdio.ts'

/**
 * Serves this process as a go-plugin plugin: checks the cookie, negotiates, listens, prints the handshake line.
 * Resolves once it serves; the process then lives until the host ends it. Not for servers that several programs
 * connect to: a plugin has one host.
 *
 * Run by hand, without a host, it prints go-plugin's two lines for that and exits with code 1.
 *
 * @throws BP_HANDSHAKE_CONFIG, BP_HANDSHAKE_LISTEN, BP_HANDSHAKE_SOCKET_PATH, BP_HANDSHAKE_CERTIFICATE
 */
export async function servePlugin(
  init: ServePluginInit,
  components: ServePluginComponents = {},
): Promise<PluginServer> {
  const env = components.env ?? process.env
  if (!init.test) checkCookie(init, env)
  const server = new Server(init, components, env)
  try {
    await server.listen()
    return server
  } catch (error) {
    server.logger.error({ err: error }, 'plugin could not be served')
    await server.close()
    throw error
  }
}

class Server implements PluginServer {
  readonly logger: PluginServer['logger']
  readonly health = new Health()
  readonly broker: GrpcBroker
  readonly version: number
  readonly closed: Promise<void>
  readonly #init: ServePluginInit
  readonly #env: Environment
  readonly #plugins: readonly ServerPlugin[]
  readonly #gone = new AbortController()
  readonly #stdio = new StdioPublisher()
  readonly #stream = new BrokerStream()
  readonly #tls: PluginTls
  readonly #listen: ListenInit
  readonly #muxer: PluginMuxer | undefined
  readonly #undo: (() => void | Promise<void>)[] = []
  #watch: ParentWatch | undefined
  /** How many connections stand: a host that is gone has none, even if it never came to open a stream. */
  #connections = 0
  #main: (connection: Duplex) => void = (connection) => void connection.destroy()
  #address: PluginServer['address'] | undefined
  #closing: Promise<void> | undefined
  #tellClosed: () => void = () => {}

  constructor(init: ServePluginInit, components: ServePluginComponents, env: Environment) {
    this.#init = init
    this.#env = env
    this.closed = new Promise((resolve) => {
      this.#tellClosed = resolve
    })
    const { stderr } = process
    const write = stderr.write.bind(stderr)
    this.logger = components.logger ?? hclogLogger({ write, ...(init.logLevel && { level: init.logLevel }) })
    const sets = versionSets('plugin', init.handshake.protocolVersion, init.plugins, init.versionedPlugins)
    const choice = negotiateVersion(sets, env[pluginEnv.versions], (item) =>
      this.logger.warn({ item }, 'bad item in PLUGIN_PROTOCOL_VERSIONS'),
    )
    if (!choice) {
      throw handshakeError('BP_HANDSHAKE_CONFIG', {
        details: { reason: 'servePlugin needs plugins or versionedPlugins' },
      })
    }
    this.version = choice.version
    this.#plugins = Object.values(choice.plugins)
    this.#tls = pluginTls(init, env)
    this.#listen = listenInitFromEnv(env, init.network)
    const multiplex = !init.test && parseGoBool(env[pluginEnv.multiplex] ?? '') === true
    this.#muxer = multiplex
      ? new PluginMuxer(
          (stream) => this.#main(stream),
          () => this.#end('the host left'),
        )
      : undefined
    this.broker = new GrpcBroker({
      stream: this.#stream,
      wire: init.wire ?? fastWire(),
      listen: this.#listen,
      ...(this.#tls.dial && { dialTls: this.#tls.dial }),
      ...(this.#tls.serve && !init.tls && { serveTls: this.#tls.serve }),
      ...(this.#muxer && { muxer: this.#muxer }),
      ...(init.channelOptions && { options: init.channelOptions }),
    })
  }

  get address(): PluginServer['address'] {
    return this.#address as PluginServer['address']
  }

  get reattachConfig(): PluginServer['reattachConfig'] {
    const { address, version } = this
    return {
      protocol: 'grpc',
      protocolVersion: version,
      pid: process.pid,
      address,
      ...(this.#init.test && { test: true }),
    }
  }

  async listen(): Promise<void> {
    const { test } = this.#init
    const wireServer = (this.#init.wire ?? fastWire()).server(this.#init.channelOptions)
    for (const { service, implementation } of await this.#services()) wireServer.addService(service, implementation)
    const { serve } = this.#tls
    this.#main = (connection) => wireServer.accept(connection, serve)
    const listener = await openListener(this.#listen, (socket) => {
      this.#count(1)
      socket.once('close', () => this.#count(-1))
      if (this.#muxer) this.#muxer.attach(socket)
      else this.#main(socket)
    })
    this.#address = listener.address
    this.#undo.push(
      () => listener.close(),
      () => this.health.close(),
      () => this.broker.close(),
      () => this.#stdio.close(500),
      () => wireServer.close(300),
      async () => this.#muxer?.close(),
    )
    this.logger.debug({ ...listener.address }, 'plugin address')
    if (test) this.#testMode(test)
    else this.#hostMode()
  }

  #count(more: number): void {
    this.#connections += more
    if (this.#watch) this.#watch.connected = this.#connections > 0
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#watch?.stop()
    await this.#runShutdownHook()
    this.#gone.abort()
    for (const undo of this.#undo.splice(0)) {
      try {
        await undo()
      } catch (error) {
        this.logger.warn({ err: messageOf(error) }, 'closing')
      }
    }
    this.#tellClosed()
  }

  /** A hook that hangs must not keep the process past the two seconds that hosts wait. */
  async #runShutdownHook(): Promise<void> {
    const { onShutdown } = this.#init
    if (!onShutdown) return
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 1000)
    })
    const run = async () => onShutdown()
    await Promise.race([run().catch((error) => this.logger.error({ err: error }, 'onShutdown failed')), limit])
    clearTimeout(timer)
  }

  /** The host asked for it, or is gone: stop, then leave. */
  #end(reason: string): void {
    this.logger.debug({ reason }, 'plugin ends')
    void this.close().then(() => {
      if (!this.#init.test && this.#init.exitProcess !== false) process.exit(0)
    })
  }

  #hostMode(): void {
    const { captureStdio, handleSignals, parentWatch } = this.#init
    const asked = (this.#env[pluginEnv.multiplex] ?? '') !== ''
    const line = formatHandshakeLine({
      ...this.address,
      appVersion: this.version,
      protocol: 'grpc',
      ...(this.#tls.field && { serverCert: this.#tls.field }),
      ...(asked && { multiplex: true }),
    })
    this.#undo.push(tellCrashes())
    if (handleSignals !== false) this.#undo.push(interceptSignals(this.logger, () => this.close()))
    // Synchronous: whatever the plugin prints next must come after it.
    writeSync(1, line)
    if (captureStdio !== false) this.#capture(false)
    const broken = () => this.#watch?.lost()
    // An EPIPE on stderr is how a host's death shows to a plugin that logs; unhandled it would end the process badly.
    process.stderr.on('error', broken)
    process.stdout.on('error', broken)
    this.#undo.push(() => {
      process.stderr.off('error', broken)
      process.stdout.off('error', broken)
    })
    if (parentWatch !== false) this.#watch = new ParentWatch(() => this.#end('the host is gone'))
  }

  #testMode(test: NonNullable<ServePluginInit['test']>): void {
    if (test.syncStdio) this.#capture(true)
    const abort = () => void this.close()
    test.signal?.addEventListener('abort', abort)
    this.#undo.push(() => test.signal?.removeEventListener('abort', abort))
    test.onReattach?.(this.reattachConfig)
    if (test.signal?.aborted) abort()
  }

  #capture(tee: boolean): void {
    for (const channel of ['stdout', 'stderr'] as const) {
      this.#undo.unshift(capture(process[channel], (data, done) => this.#stdio.write(channel, data, done), tee))
    }
  }

  async #services(): Promise<ServedService[]> {
    const { hooks, rateLimit, reflection, descriptors } = this.#init
    const bucket = rateLimit && new TokenBucket(rateLimit)
    const context: ServeContext = {
      broker: this.broker,
      logger: this.logger,
      health: this.health,
      signal: this.#gone.signal,
      version: this.version,
    }
    const own: ServedService[] = []
    for (const plugin of this.#plugins) {
      const made = typeof plugin === 'function' ? await plugin(context) : plugin
      own.push(...('service' in made ? [made] : made))
    }
    const builtIn = [this.health.served(), this.#brokerService(), this.#controllerService(), this.#stdio.served()]
    const definitions = [...builtIn, ...own].map(({ service }) => service)
    return [
      ...builtIn,
      ...(reflection === false ? [] : lazyReflection(definitions, descriptors ?? [])),
      ...own.map((served) => observed(served, hooks, bucket)),
    ]
  }

  #brokerService(): ServedService {
    const startStream = (call: ConnInfoStream) => {
      this.#stream.attach(call)
    }
    return { service: brokerService, implementation: { startStream } as unknown as UntypedServiceImplementation }
  }

  #controllerService(): ServedService {
    const shutdown = (_call: unknown, done: (error: BackplaneError | null, value: object) => void) => {
      done(null, {})
      // The answer leaves first: a host that sees it knows that the plugin is on its way out.
      setImmediate(() => this.#end('the host asked for it'))
    }
    return { service: controllerService, implementation: { shutdown } as unknown as UntypedServiceImplementation }
  }
}
