import { readFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { abortedBy, type BackplaneError, type Clock, coreError, messageOf } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { type ClientOptions, WebSocket } from 'ws'
import { connectFailed } from './failures.ts'
import type { ZenohTls } from './options.ts'

/** A WebSocket to a bridge, from being open to being gone; one binary frame is one message. */
export interface BridgeSocket {
  readonly open: boolean
  /** Throws when it is not open. */
  send(frame: Uint8Array): void
  /** Waits while much is still to be written; `undefined` where there is nothing to wait for. */
  room(): Promise<void> | undefined
  /** So many bytes are still to be written. */
  readonly unwritten: number
  /** Says goodbye, waits for the answer for a moment, and ends it; nothing is told after it was called. */
  close(): Promise<void>
  /** Ends it at once, without telling. */
  destroy(): void
}

/** What a {@link BridgeSocket} tells. */
interface SocketEvents {
  frame(frame: ArrayBuffer): void
  /** It has gone, not by `close`. Told once. */
  gone(reason: string): void
}

/** Options of {@link openSocket}. */
export interface SocketInit {
  readonly endpoint: string
  readonly tls: ZenohTls | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly events: SocketEvents
  /** A frame that the other side takes without a word, to acknowledge what came; see {@link OpenSocket}. */
  readonly nothing: Uint8Array
}

const highWaterBytes = 1024 * 1024
const lowWaterBytes = 256 * 1024
const goodbyeMs = 250
/** A bridge sends no more in a frame than a payload, a key and a handful of fields; Zenoh's own limit is 1 GiB. */
const largestFrame = 64 * 1024 * 1024

/**
 * Opens a socket within a deadline. It is opened before the client library is let at it, since that one cannot be
 * interrupted while it dials. Rejects with `BP_CONNECT_FAILED`, `BP_AUTH_FAILED`, `BP_TIMEOUT` or `BP_ABORTED`; what
 * was begun is closed in every case.
 */
export async function openSocket(init: SocketInit): Promise<BridgeSocket> {
  const { endpoint, clock, timeoutMs, signal } = init
  const options = await optionsOf(init)
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(endpoint, options)
    ws.binaryType = 'arraybuffer'
    let settled = false
    const settle = (error?: BackplaneError) => {
      if (settled) return
      settled = true
      timer.cancel()
      signal.removeEventListener('abort', abort)
      if (error) {
        ws.terminate()
        reject(error)
      } else {
        resolve(new OpenSocket(ws, stream!, init))
      }
    }
    const abort = () => settle(abortedBy(signal))
    const timer = clock.after(timeoutMs, () =>
      settle(coreError('BP_TIMEOUT', { details: { what: `Connecting to ${endpoint}`, timeoutMs } })),
    )
    signal.addEventListener('abort', abort, { once: true })
    let stream: Duplex | undefined
    ws.on('upgrade', ({ socket }) => {
      stream = socket
    })
    ws.on('open', () => settle())
    ws.on('error', (error) => settle(connectFailed(endpoint, reasonOf(error), error)))
    ws.on('close', () => settle(connectFailed(endpoint, 'the connection was closed before it was open')))
    ws.on('unexpected-response', (_, { statusCode = 0 }) => settle(unexpected(endpoint, statusCode)))
  })
}

class OpenSocket implements BridgeSocket {
  readonly #ws: WebSocket
  readonly #stream: Duplex
  readonly #clock: Clock
  readonly #nothing: Uint8Array
  #waiting: (() => void)[] = []
  #ended = false
  #owing = false
  #gathering = false
  #silent = true

  constructor(ws: WebSocket, stream: Duplex, { clock, events, nothing }: SocketInit) {
    this.#ws = ws
    this.#stream = stream
    this.#clock = clock
    this.#nothing = nothing
    let reason: string | undefined
    ws.removeAllListeners()
    ws.on('error', (error) => {
      reason = messageOf(error)
    })
    ws.on('message', (data, isBinary) => {
      this.#acknowledge()
      if (!this.#ended && isBinary) events.frame(data as ArrayBuffer)
    })
    ws.on('close', (code) => {
      this.#letGo()
      if (this.#ended) return
      this.#ended = true
      events.gone(reason ?? `the bridge closed the connection (${code})`)
    })
  }

  get open(): boolean {
    return !this.#ended && this.#ws.readyState === WebSocket.OPEN
  }

  get unwritten(): number {
    return this.#ws.bufferedAmount
  }

  send(frame: Uint8Array): void {
    if (!this.open) throw connectFailed(this.#ws.url, 'the connection is gone')
    this.#silent = false
    this.#gather()
    this.#ws.send(frame, this.#written)
  }

  room(): Promise<void> | undefined {
    if (this.#ws.bufferedAmount <= highWaterBytes || !this.open) return undefined
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    const ws = this.#ws
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(goodbyeMs, () => ws.terminate())
      ws.once('close', () => {
        timer.cancel()
        resolve()
      })
      ws.close()
    })
  }

  destroy(): void {
    this.#ended = true
    this.#ws.terminate()
  }

  /**
   * Sends something small the other way, unless something went there anyway.
   *
   * The bridge leaves Nagle's algorithm on: with a frame of it under way, it holds the next small one until the first
   * is acknowledged, which this machine delays by 40 ms where it has nothing to send. The end of a request, which comes
   * by itself, would so hold up the answer to the next. A pong that nobody asked for would do as well, but the bridge
   * writes an error into its log for each.
   */
  #acknowledge(): void {
    this.#silent = true
    if (this.#owing) return
    this.#owing = true
    setImmediate(() => {
      this.#owing = false
      if (this.#silent && this.open) this.#ws.send(this.#nothing)
    })
  }

  /** What is sent in one turn goes out together: an answer and its end, or all requests of a burst. */
  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    this.#stream.cork()
    process.nextTick(() => {
      this.#gathering = false
      this.#stream.uncork()
    })
  }

  readonly #written = (): void => {
    if (this.#waiting.length > 0 && this.#ws.bufferedAmount <= lowWaterBytes) this.#letGo()
  }

  #letGo(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

async function optionsOf({ endpoint, tls = {}, headers = {}, signal }: SocketInit): Promise<ClientOptions> {
  const options: ClientOptions = { headers, perMessageDeflate: false, maxPayload: largestFrame, followRedirects: false }
  if (!endpoint.startsWith('wss:')) return options
  const read = async (text: string | undefined, file: string | undefined) => {
    if (text !== undefined || file === undefined) return text
    try {
      return await readFile(file, { encoding: 'utf8', signal })
    } catch (thrown) {
      if (signal.aborted) throw abortedBy(signal)
      throw connectFailed(endpoint, messageOf(thrown), thrown)
    }
  }
  const [ca, cert, key] = await Promise.all([
    read(tls.ca, tls.caFile),
    read(tls.cert, tls.certFile),
    read(tls.key, tls.keyFile),
  ])
  if (ca !== undefined) options.ca = ca
  if (cert !== undefined) options.cert = cert
  if (key !== undefined) options.key = key
  if (tls.checkHostname === false) options.checkServerIdentity = () => undefined as never
  return options
}

function unexpected(endpoint: string, status: number): BackplaneError {
  const reason = `HTTP status ${status}`
  if (status === 401 || status === 403)
    return contractError('BP_AUTH_FAILED', { details: { address: endpoint, reason } })
  return connectFailed(endpoint, `what answers there is not a remote-api bridge (${reason})`)
}

function reasonOf(error: Error & { code?: string }): string {
  if (error.code === 'ECONNREFUSED') return 'nothing listens there (connection refused); is the bridge running?'
  return error.message === '' ? (error.code ?? 'no connection') : messageOf(error)
}
