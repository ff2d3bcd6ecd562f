import { X509Certificate } from 'node:crypto'
import { BackplaneError, coreError, type Logger } from '@backplane/core'
import type { ServiceError } from '@grpc/grpc-js'
import { handshakeError } from '../errors.ts'
import { type PluginAddress, parseHandshakeLine } from '../handshake/line.ts'
import type { OwnedFolder } from '../net/owned-folder.ts'
import { makeCertificate, pemOf } from '../tls/certificate.ts'
import { fastWire } from '../wire/fast.ts'
import { verifyChecksum } from './checksum.ts'
import { describeExit, PluginChild, pause } from './child.ts'
import { PluginConnection } from './connection.ts'
import { resolveCommand } from './diagnose.ts'
import { pluginEnvironment } from './environment.ts'
import type { PluginClientInit } from './init.ts'
import { processStart } from './process-start.ts'
import { type TokenBucket, tooManyCalls } from './rate-limit.ts'
import { probe, type ReattachConfig, ReattachedRunner } from './reattach.ts'
import { type ExitInfo, type PluginRunner, processRunner } from './runner.ts'
import { callError } from './service.ts'
import { makeSocketDir } from './socket-dir.ts'

/** A plugin that has printed its line listens already: connecting to it takes no longer than this, in milliseconds. */
const longestConnectMs = 20_000

/** How the status of a call begins that ended with its plugin. */
const exitedText = 'plugin exited'

/** A plugin that runs and is connected. */
export interface Running {
  readonly child: PluginChild
  readonly connection: PluginConnection
  readonly address: PluginAddress
  readonly version: number
  readonly socketDir: OwnedFolder | undefined
  readonly tls: ReattachConfig['tls']
  /** Resolves when the plugin has been heard to speak gRPC; rejects when it does not. */
  readonly settled: Promise<void>
}

/** What a {@link Starter} works with. */
export interface StarterInit {
  readonly init: PluginClientInit
  readonly logger: Logger
  readonly versions: readonly number[]
  readonly bucket: TokenBucket | undefined
  /** Aborts when the start is taken back. */
  readonly stop: AbortSignal
}

/** Starts a plugin, or attaches to one that runs, and connects to it. */
export class Starter {
  readonly #init: PluginClientInit
  readonly #logger: Logger
  readonly #versions: readonly number[]
  readonly #bucket: TokenBucket | undefined
  readonly #stop: AbortSignal

  constructor({ init, logger, versions, bucket, stop }: StarterInit) {
    this.#init = init
    this.#logger = logger
    this.#versions = versions
    this.#bucket = bucket
    this.#stop = stop
  }

  /** One start, which leaves nothing behind when it fails. */
  async start(): Promise<Running> {
    const { command = '', args = [], cwd, secure, autoMtls, unixSocket, runner = processRunner } = this.#init
    const signal = this.#stop
    if (secure) await verifyChecksum(secure, resolveCommand(command, process.env.PATH), signal)
    const curve = typeof autoMtls === 'object' ? autoMtls.curve : undefined
    const identity = autoMtls ? makeCertificate(curve ? { curve } : {}) : undefined
    const socketDir = makeSocketDir(unixSocket)
    let child: PluginChild | undefined
    try {
      const env = pluginEnvironment(
        {
          ...this.#init,
          versions: this.#versions,
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
        endWithHost: this.#init.endWithHost ?? true,
        logger: this.#logger,
      })
      this.#note(started, socketDir)
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

  /**
   * Says in the folder which process it is for, so that it is found by the next one after a host that was killed.
   */
  #note({ pid }: PluginRunner, socketDir: OwnedFolder | undefined): void {
    const start = pid === undefined ? undefined : processStart(pid)
    if (this.#init.endWithHost === false) socketDir?.release()
    else if (pid !== undefined && start !== undefined) {
      socketDir?.hold({ pid, start, group: this.#init.processGroup ?? false })
    }
  }

  async #connect(
    child: PluginChild,
    identity: ReturnType<typeof makeCertificate> | undefined,
    socketDir: Running['socketDir'],
  ): Promise<Running> {
    const stopped = this.#stopped()
    const text = await child.handshakeLine(this.#init.startTimeoutMs ?? 60_000, stopped)
    const line = await this.#parse(text, child)
    if (identity && !line.serverCert) throw handshakeError('BP_HANDSHAKE_CERT_MISSING')
    const pluginCert = line.serverCert && pemOf(new X509Certificate(line.serverCert).raw)
    const tls = identity && pluginCert !== undefined ? { identity, pluginCert } : undefined
    const connection = await this.#open(child, line, { tls, stopped, socketDir })
    const address = { network: line.network, address: line.address }
    const settled = this.#settled(child, connection)
    // A start that is tried again has to know how this one went.
    if (this.#init.retry) await settled
    return { child, connection, address, version: line.appVersion, socketDir, tls, settled }
  }

  async #parse(text: string, child: PluginChild) {
    const { multiplex, allowedProtocols } = this.#init
    const { runner } = child
    try {
      return parseHandshakeLine(text, {
        versions: this.#versions,
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

  /** Rejects when the start is taken back. */
  #stopped(): Promise<never> {
    const stopped = aborted(this.#stop).then(() =>
      Promise.reject(coreError('BP_ABORTED', { cause: this.#stop.reason })),
    )
    stopped.catch(() => {})
    return stopped
  }

  #open(
    child: PluginChild,
    address: PluginAddress,
    { tls, stopped, socketDir }: Pick<Running, 'tls'> & Partial<Running> & { readonly stopped: Promise<never> },
  ): Promise<PluginConnection> {
    const init = this.#init
    const { runner } = child
    const dialTls = tls ? { ca: tls.pluginCert, identity: tls.identity, serverName: 'localhost' } : init.tls
    const translate = {
      ...(runner.pluginToHost && { pluginToHost: runner.pluginToHost.bind(runner) }),
      ...(runner.hostToPlugin && { hostToPlugin: runner.hostToPlugin.bind(runner) }),
    }
    const lost = Promise.race([child.ended.then(() => Promise.reject(child.error('BP_HANDSHAKE_EXITED'))), stopped])
    // It rejects sooner or later; only while connecting does anybody ask.
    lost.catch(() => {})
    return PluginConnection.open({
      lost,
      address: { network: address.network, address: address.address },
      wire: init.wire ?? fastWire(),
      connectTimeoutMs: Math.min(init.startTimeoutMs ?? longestConnectMs, longestConnectMs),
      multiplex: init.multiplex ?? false,
      logger: this.#logger,
      listen: {
        // What this side listens on for the plugin goes with the plugin's own sockets.
        dir: socketDir?.path ?? (init.unixSocket?.dir || undefined),
        ...(init.unixSocket?.group !== undefined && { group: init.unixSocket.group }),
      },
      translate,
      explain: async (status) => {
        const exit = await exitSoon(child)
        return exit ? { ...status, code: 14, details: exitText(exit) } : status
      },
      onError: (error: ServiceError, path: string) => this.#callError(error, path, child),
      ...(dialTls && { dialTls }),
      ...(tls && { serveTls: { identity: tls.identity, clientCa: tls.pluginCert } }),
      ...(init.channelOptions && { channelOptions: init.channelOptions }),
      ...(init.syncStdout && { syncStdout: init.syncStdout }),
      ...(init.syncStderr && { syncStderr: init.syncStderr }),
      ...(init.hooks && { hooks: init.hooks }),
      ...(this.#bucket && { bucket: this.#bucket }),
    })
  }

  #settled(child: PluginChild, connection: PluginConnection): Promise<void> {
    const settled = connection.settled().catch((error: unknown) => {
      throw this.#withFacts(error, child)
    })
    // Who asks for it is told; a plugin that ends before anybody asks is told of in other ways.
    settled.catch(() => {})
    return settled
  }

  #callError(error: ServiceError, path: string, child: PluginChild): BackplaneError {
    if (error.details.startsWith(exitedText)) return exitError(child, error)
    if (this.#bucket && error.details === tooManyCalls(this.#bucket)) {
      const details = { rate: this.#bucket.perSecond, method: path, grpcCode: error.code }
      return handshakeError('BP_HANDSHAKE_RATE_LIMIT', { details, cause: error })
    }
    return callError(error, path)
  }

  /** Connects to a plugin that runs already. */
  async reattach(config: ReattachConfig): Promise<Running> {
    const protocol = config.protocol ?? 'grpc'
    if (protocol !== 'grpc') throw handshakeError('BP_HANDSHAKE_PROTOCOL', { details: { protocol, supported: 'grpc' } })
    const version = config.protocolVersion ?? Math.max(...this.#versions)
    if (!this.#versions.includes(version)) {
      const versions = this.#versions.join(' ')
      throw handshakeError('BP_HANDSHAKE_APP_VERSION', { details: { version, versions } })
    }
    const { pid, pidStart } = config
    if (pid !== undefined && pidStart !== undefined && (processStart(pid) ?? pidStart) !== pidStart) {
      throw handshakeError('BP_HANDSHAKE_REATTACH', { details: { ...config.address, pid } })
    }
    await probe(config.address)
    const runner = new ReattachedRunner(config)
    const child = new PluginChild(runner, { logger: this.#logger })
    try {
      const connection = await this.#open(child, config.address, { tls: config.tls, stopped: this.#stopped() })
      const settled = this.#settled(child, connection)
      return { child, connection, address: config.address, version, socketDir: undefined, tls: config.tls, settled }
    } catch (error) {
      runner.release()
      throw error
    }
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

/** Waits a moment for the exit that usually lies behind a lost connection, and for the tail of its stderr. */
export async function exitSoon(child: PluginChild): Promise<ExitInfo | undefined> {
  let timer: NodeJS.Timeout | undefined
  // This one keeps the process alive: a reattached plugin's call would otherwise never get its answer.
  const moment = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 1000)
  })
  await Promise.race([child.ended, moment])
  clearTimeout(timer)
  return child.exit
}

/** The status text of a call whose plugin has gone. */
export function exitText(exit: ExitInfo): string {
  return `${exitedText} (${describeExit(exit)})`
}

/** What a call fails with whose plugin has gone. */
export function exitError(child: PluginChild, cause: unknown): BackplaneError {
  return child.error('BP_HANDSHAKE_PROCESS_EXITED', {}, { cause })
}

/** Resolves when a signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
