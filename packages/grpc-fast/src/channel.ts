import { connectivityState, propagate, status } from '@grpc/grpc-js'
import { type CallHost, FastCall } from './call.ts'
import { FastChannelError } from './errors.ts'
import { deadlineTime, timeLeft } from './grpc/deadline.ts'
import type { AuthContext, Call, GrpcChannel } from './grpc-js.ts'
import { Connection, type ConnectionEvents } from './http2/connection.ts'
import { type ChannelSettings, type FastChannelInit, keepAliveTime, settingsOf } from './init.ts'
import { type Link, openLink } from './link.ts'

/** A grpc-js channel that is a connection to one place. Give it to a stub as `channelOverride`. */
export interface FastChannel extends GrpcChannel {
  /**
   * Connects, if need be; calls do so by themselves. Resolves when the server has said that it speaks HTTP/2.
   *
   * @param init - `early` resolves one round trip sooner: when the socket is connected, TLS included; `signal` ends the
   * waiting, not the attempt, which calls may be waiting for
   * @throws FastChannelError `GRPC_FAST_CONNECT` when the attempt fails, `GRPC_FAST_CLOSED`; the signal's reason
   */
  connect(init?: { readonly early?: boolean; readonly signal?: AbortSignal }): Promise<void>
  /** Closes it and ends what is under way; `close` lets calls end by themselves. */
  destroy(reason?: string): void
}

/**
 * Makes a gRPC channel straight on a socket. Nothing is connected before the first call or {@link FastChannel.connect}.
 * For name resolution, load balancing, service configurations and proxies use grpc-js's own channel.
 *
 * @throws FastChannelError `GRPC_FAST_OPTION`
 */
export function fastChannel(init: FastChannelInit): FastChannel {
  return new SocketChannel(settingsOf(init))
}

interface Watcher {
  readonly from: connectivityState
  readonly timer: NodeJS.Timeout | undefined
  readonly callback: (error?: Error) => void
}

/** Who waits for a connection. */
interface Waiter {
  readonly early: boolean
  resolve(): void
  reject(reason: unknown): void
}

/** One connection with what it lies on. */
interface Line {
  readonly link: Link
  connection: Connection | undefined
  ready: boolean
}

class SocketChannel implements FastChannel, CallHost {
  readonly settings: ChannelSettings
  readonly #watchers = new Set<Watcher>()
  readonly #calls = new Set<FastCall>()
  readonly #lines = new Set<Line>()
  #connecting: Waiter[] = []
  #current: Line | undefined
  #state: connectivityState = connectivityState.IDLE
  #lastError = ''
  #failures = 0
  #keepAliveTimeMs: number
  #backoff: NodeJS.Timeout | undefined
  #callNumber = 0

  constructor(settings: ChannelSettings) {
    this.settings = settings
    this.#keepAliveTimeMs = settings.keepAliveTimeMs
  }

  createCall(...[method, deadline, host, parent, flags]: Parameters<GrpcChannel['createCall']>): Call {
    this.#callNumber += 1
    const authority = host ?? this.settings.authority
    const call = new FastCall(this, { method, deadline, authority, number: this.#callNumber })
    const wanted = flags ?? propagate.DEFAULTS
    if (parent) {
      call.follow(parent, {
        cancellation: (wanted & propagate.CANCELLATION) !== 0,
        deadline: (wanted & propagate.DEADLINE) !== 0,
      })
    }
    return call
  }

  close(): void {
    this.#shut('Channel closed before call started')
    for (const { connection, link } of this.#lines) {
      if (connection) connection.close()
      else link.destroy()
    }
  }

  destroy(reason = 'the channel was closed'): void {
    this.#shut(reason)
    for (const { connection, link } of [...this.#lines]) {
      connection?.destroy(reason)
      link.destroy()
    }
  }

  getTarget(): string {
    return this.settings.name
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    if (tryToConnect && this.#state === connectivityState.IDLE) this.#connect()
    return this.#state
  }

  watchConnectivityState(from: connectivityState, deadline: Date | number, callback: (error?: Error) => void): void {
    if (this.#state !== from) {
      process.nextTick(callback)
      return
    }
    const left = timeLeft(deadlineTime(deadline))
    const late = () => {
      this.#watchers.delete(watcher)
      callback(new FastChannelError('GRPC_FAST_DEADLINE', 'Deadline passed without connectivity state change'))
    }
    const timer = left === undefined ? undefined : setTimeout(late, left)
    const watcher: Watcher = { from, timer, callback }
    this.#watchers.add(watcher)
  }

  getChannelzRef(): ReturnType<GrpcChannel['getChannelzRef']> {
    const ref = { kind: 'channel', id: -1, name: this.settings.name }
    // The enum of kinds is not exported.
    return ref as ReturnType<GrpcChannel['getChannelzRef']>
  }

  async connect({ early = false, signal }: { readonly early?: boolean; readonly signal?: AbortSignal } = {}) {
    signal?.throwIfAborted()
    if (this.#state === connectivityState.READY || (early && this.#current?.connection)) return
    if (this.#state === connectivityState.SHUTDOWN) {
      throw new FastChannelError('GRPC_FAST_CLOSED', 'the channel was closed')
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter: Waiter = { early, resolve, reject }
    const leave = () => {
      this.#connecting = this.#connecting.filter((each) => each !== waiter)
      reject(signal?.reason)
      this.#hold()
    }
    this.#connecting.push(waiter)
    signal?.addEventListener('abort', leave, { once: true })
    try {
      if (!this.#current) this.#connect()
      this.#hold()
      await promise
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  get authContext(): AuthContext {
    return this.#current?.link.authContext ?? {}
  }

  submit(call: FastCall): void {
    if (this.#state === connectivityState.SHUTDOWN) {
      call.cancelWithStatus(status.UNAVAILABLE, 'Channel has been shut down')
      return
    }
    const connection = this.#current?.connection
    if (connection?.usable && (this.#current?.ready || !call.waitsForReady)) {
      call.open(connection)
      return
    }
    if (this.#state === connectivityState.TRANSIENT_FAILURE && !call.waitsForReady) {
      call.cancelWithStatus(status.UNAVAILABLE, this.#noConnection())
      return
    }
    this.#calls.add(call)
    if (this.#state === connectivityState.IDLE) this.#connect()
    this.#backoff?.ref()
    this.#hold()
  }

  withdraw(call: FastCall): void {
    if (this.#calls.delete(call)) this.#hold()
  }

  /** Anyone who waits for the connection keeps the process alive; a connection that nobody waits for does not. */
  #hold(): void {
    this.#current?.connection?.hold(this.#connecting.length + this.#calls.size > 0)
  }

  #connect(): void {
    clearTimeout(this.#backoff)
    this.#backoff = undefined
    this.#setState(connectivityState.CONNECTING)
    const link = openLink(this.settings, {
      onConnected: (output) => {
        const events: ConnectionEvents = {
          onReady: () => this.#onReady(line),
          onRetired: () => this.#onRetired(line),
          onTooManyPings: () => {
            // As gRPC's keep-alive guide asks of clients (A8).
            this.#keepAliveTimeMs = keepAliveTime(this.#keepAliveTimeMs * 2)
          },
          onGone: (reason) => this.#onGone(line, reason),
        }
        const { maxMetadataBytes, keepAliveTimeoutMs, keepAliveWithoutCalls } = this.settings
        line.connection = new Connection(output, events, {
          maxHeaderListSize: maxMetadataBytes,
          keepAlive: {
            timeMs: this.#keepAliveTimeMs,
            timeoutMs: keepAliveTimeoutMs,
            withoutCalls: keepAliveWithoutCalls,
          },
        })
        this.#tellConnected(({ early }) => early)
        // A call that waits through failures goes out once this is none: what went out cannot be made again for
        // certain.
        this.#openCalls(line.connection, (call) => !call.waitsForReady)
        line.connection.hold(this.#connecting.length + this.#calls.size > 0)
      },
      onData: (chunk) => line.connection?.receive(chunk),
      onDrain: () => line.connection?.writable(),
      onClosed: (reason) => {
        if (line.connection) line.connection.destroy(reason)
        else this.#onGone(line, reason)
      },
    })
    const line: Line = { link, connection: undefined, ready: false }
    this.#lines.add(line)
    this.#current = line
  }

  #onReady(line: Line): void {
    line.ready = true
    line.link.settled()
    this.#failures = 0
    if (this.#current !== line) return
    this.#setState(connectivityState.READY)
    this.#tellConnected(() => true)
    if (line.connection) this.#openCalls(line.connection, () => true)
    this.#hold()
  }

  #openCalls(connection: Connection, which: (call: FastCall) => boolean): void {
    for (const call of [...this.#calls].filter(which)) {
      this.#calls.delete(call)
      call.open(connection)
    }
  }

  #tellConnected(whom: (waiter: Waiter) => boolean): void {
    const told = this.#connecting.filter(whom)
    this.#connecting = this.#connecting.filter((waiter) => !told.includes(waiter))
    for (const { resolve } of told) resolve()
  }

  /** Calls under way go on; the next one gets a new connection. */
  #onRetired(line: Line): void {
    if (this.#current !== line || this.#state === connectivityState.SHUTDOWN) return
    this.#current = undefined
    this.#setState(connectivityState.IDLE)
  }

  #onGone(line: Line, reason: string): void {
    this.#lines.delete(line)
    if (this.#current !== line || this.#state === connectivityState.SHUTDOWN) return
    this.#current = undefined
    if (line.ready) this.#setState(connectivityState.IDLE)
    else this.#failed(reason)
  }

  #failed(reason: string): void {
    this.#lastError = reason
    const { minReconnectMs, maxReconnectMs } = this.settings
    const pause = Math.min(maxReconnectMs, minReconnectMs * 1.6 ** this.#failures)
    this.#failures += 1
    this.#setState(connectivityState.TRANSIENT_FAILURE)
    for (const { reject } of this.#connecting.splice(0)) reject(new FastChannelError('GRPC_FAST_CONNECT', reason))
    for (const call of [...this.#calls]) {
      if (!call.waitsForReady) call.cancelWithStatus(status.UNAVAILABLE, this.#noConnection())
    }
    this.#backoff = setTimeout(
      () => {
        this.#backoff = undefined
        if (this.#calls.size > 0) this.#connect()
        else this.#setState(connectivityState.IDLE)
      },
      pause * (0.8 + Math.random() * 0.4),
    )
    if (this.#calls.size === 0) this.#backoff.unref()
  }

  #noConnection(): string {
    return `No connection established. Last error: ${this.#lastError}`
  }

  #shut(details: string): void {
    if (this.#state === connectivityState.SHUTDOWN) return
    clearTimeout(this.#backoff)
    this.#setState(connectivityState.SHUTDOWN)
    for (const { reject } of this.#connecting.splice(0)) {
      reject(new FastChannelError('GRPC_FAST_CLOSED', 'the channel was closed'))
    }
    for (const call of [...this.#calls]) call.cancelWithStatus(status.UNAVAILABLE, details)
  }

  #setState(state: connectivityState): void {
    if (state === this.#state) return
    this.#state = state
    for (const watcher of [...this.#watchers]) {
      if (watcher.from === state) continue
      this.#watchers.delete(watcher)
      clearTimeout(watcher.timer)
      process.nextTick(watcher.callback)
    }
  }
}
