import { connect, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, checkServerIdentity, connect as connectTls, TLSSocket } from 'node:tls'
import { longestTimerMs } from './grpc/deadline.ts'
import type { AuthContext } from './grpc-js.ts'
import type { Output } from './http2/connection.ts'
import type { ChannelSettings } from './init.ts'

/** What happens on a link. `onClosed` comes once, and last. */
export interface LinkEvents {
  onConnected(output: Output): void
  /** `chunk` is valid during the call only. */
  onData(chunk: Buffer): void
  onDrain(): void
  onClosed(reason: string): void
}

/** A socket on its way to the peer, or there. */
export interface Link {
  readonly authContext: AuthContext
  /** The peer has been heard to speak HTTP/2: the attempt to connect is over. */
  settled(): void
  destroy(): void
}

const readBytes = 64 * 1024

/**
 * The system asks a peer that has been silent for so long whether it is still there; gRPC knows nothing of it. What the
 * peer's machine does not answer any more ends within a minute.
 */
const probeAfterMs = 30_000

const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: probeAfterMs }

/** Begins to connect. */
export function openLink(settings: ChannelSettings, events: LinkEvents): Link {
  const { target, tls } = settings
  let socket: Duplex | undefined
  let reason: string | undefined
  let over = false
  let isConnected = false
  const close = (why: string) => {
    if (over) return
    over = true
    clearTimeout(timer)
    events.onClosed(why)
  }
  const giveUp = () => {
    const what = isConnected ? 'the peer accepted the connection and said nothing of HTTP/2' : 'no connection'
    reason ??= `${what} within ${settings.connectTimeoutMs} ms`
    if (socket) socket.destroy()
    else close(reason)
  }
  // Node takes a time that is too long for its timers as none at all.
  const timer = settings.connectTimeoutMs > longestTimerMs ? undefined : setTimeout(giveUp, settings.connectTimeoutMs)
  // A port that cannot be, a certificate that cannot be read: Node throws at once, and callers are told as of any
  // failure.
  const fail = (error: unknown) => process.nextTick(() => close(error instanceof Error ? error.message : String(error)))
  const watch = (opened: Duplex) => {
    opened.on('error', (error) => {
      reason ??= error.message
    })
    // A stream that is not a socket may end without closing.
    opened.on('end', () => opened.destroy())
    opened.once('close', () => close(reason ?? 'the peer closed the connection'))
    opened.on('drain', () => events.onDrain())
  }
  const connected = (opened: Duplex) => {
    isConnected = true
    // From here on it is who waits that keeps the process alive.
    timer?.unref()
    if (!over) events.onConnected(outputOf(opened))
  }
  const onData = (chunk: Buffer) => events.onData(chunk)

  const lie = (stream: Duplex) => {
    try {
      socket = tls ? connectTls({ ...tlsOptions(tls()), socket: stream }) : stream
    } catch (error) {
      stream.destroy()
      throw error
    }
    watch(socket)
    socket.on('data', onData)
    if (tls) {
      stream.on('error', (error) => socket?.destroy(error))
      socket.once('secureConnect', () => connected(socket as Duplex))
    } else connected(socket)
  }
  const begin = () => {
    if ('open' in target) {
      Promise.resolve()
        .then(() => target.open())
        .then((stream) => (over ? void stream.destroy() : lie(stream)))
        .catch(fail)
    } else if (tls) {
      socket = connectTls({ ...tlsOptions(tls()), ...target })
      ;(socket as Socket).setNoDelay(true).setKeepAlive(true, probeAfterMs)
      watch(socket)
      socket.on('data', onData)
      socket.once('secureConnect', () => connected(socket as Duplex))
    } else {
      // One buffer for all reads, and none of a stream's own machinery.
      const callback = (bytes: number, buffer: Uint8Array) => {
        events.onData((buffer as Buffer).subarray(0, bytes))
        return true
      }
      socket = connect({ ...target, ...tcp, onread: { buffer: Buffer.allocUnsafe(readBytes), callback } })
      watch(socket)
      socket.once('connect', () => connected(socket as Duplex))
    }
  }
  try {
    begin()
  } catch (error) {
    fail(error)
  }
  return {
    get authContext() {
      if (!(socket instanceof TLSSocket)) return {}
      return { transportSecurityType: 'ssl', sslPeerCertificate: socket.getPeerCertificate() }
    },
    settled: () => clearTimeout(timer),
    destroy() {
      if (socket) socket.destroy()
      else close('the channel was closed')
    },
  }
}

function outputOf(socket: Duplex & { ref?(): unknown; unref?(): unknown }): Output {
  return {
    write: (chunk) => !socket.destroyed && socket.write(chunk),
    end: () => socket.end(() => socket.destroy()),
    destroy: () => socket.destroy(),
    busy: (busy) => void (busy ? socket.ref?.() : socket.unref?.()),
  }
}

function tlsOptions(given: ConnectionOptions): ConnectionOptions {
  const { servername, ...options } = given
  if (servername === undefined) return { ALPNProtocols: ['h2'], ...options }
  return {
    ALPNProtocols: ['h2'],
    // A server name must not be an IP address (RFC 6066); the certificate is checked for it all the same.
    ...(!isIP(servername) && { servername }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(servername, certificate),
    ...options,
  }
}
