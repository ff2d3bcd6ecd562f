import { connect, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, checkServerIdentity, connect as connectTls, TLSSocket } from 'node:tls'
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
  destroy(): void
}

const readBytes = 64 * 1024

/** Begins to connect. */
export function openLink(settings: ChannelSettings, events: LinkEvents): Link {
  const { target, tls } = settings
  let socket: Duplex | undefined
  let reason: string | undefined
  let over = false
  const close = (why: string) => {
    if (over) return
    over = true
    clearTimeout(timer)
    events.onClosed(why)
  }
  const timer = setTimeout(() => {
    reason ??= `no connection within ${settings.connectTimeoutMs} ms`
    if (socket) socket.destroy()
    else close(reason)
  }, settings.connectTimeoutMs)
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
    clearTimeout(timer)
    if (!over) events.onConnected(outputOf(opened))
  }
  const onData = (chunk: Buffer) => events.onData(chunk)

  if ('open' in target) {
    Promise.resolve()
      .then(() => target.open())
      .then(
        (stream) => {
          if (over) {
            stream.destroy()
            return
          }
          socket = tls ? connectTls({ ...tlsOptions(tls()), socket: stream }) : stream
          watch(socket)
          socket.on('data', onData)
          if (tls) {
            stream.on('error', (error) => socket?.destroy(error))
            socket.once('secureConnect', () => connected(socket as Duplex))
          } else connected(socket)
        },
        (error: unknown) => close(error instanceof Error ? error.message : String(error)),
      )
  } else if (tls) {
    socket = connectTls({ ...tlsOptions(tls()), ...target })
    ;(socket as Socket).setNoDelay(true)
    watch(socket)
    socket.on('data', onData)
    socket.once('secureConnect', () => connected(socket as Duplex))
  } else {
    // One buffer for all reads, and none of a stream's own machinery.
    const callback = (bytes: number, buffer: Uint8Array) => {
      events.onData((buffer as Buffer).subarray(0, bytes))
      return true
    }
    socket = connect({ ...target, noDelay: true, onread: { buffer: Buffer.allocUnsafe(readBytes), callback } })
    watch(socket)
    socket.once('connect', () => connected(socket as Duplex))
  }
  return {
    get authContext() {
      if (!(socket instanceof TLSSocket)) return {}
      return { transportSecurityType: 'ssl', sslPeerCertificate: socket.getPeerCertificate() }
    },
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
