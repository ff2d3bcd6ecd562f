import { connect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { abortedBy, type BackplaneError, type Clock, coreError, messageOf } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import type { NatsTls } from './credentials.ts'
import { addressOf, type ServerAddress } from './servers.ts'

const greeting = 'INFO '
const longestGreeting = 64 * 1024
/** After this share of the time a server that has said nothing is asked by other means why. */
const quietShare = 0.5

/** What a server says of itself, as far as it matters before connecting. */
export interface ServerInfo {
  readonly tls_required?: boolean
  /** It offers TLS, and does without. */
  readonly tls_available?: boolean
  /** It wants a client certificate. */
  readonly tls_verify?: boolean
}

/** Options of {@link probe}. */
export interface ProbeInit {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  readonly tls: NatsTls | false | undefined
}

/**
 * Looks whether a NATS server answers at an address, before the client library is let at it.
 *
 * The library cannot be interrupted while it dials, and leaves its socket open when a server accepts and then says
 * nothing; this finds that out first, on a socket that is closed in every case. Rejects with `BP_CONNECT_FAILED`,
 * `BP_TIMEOUT` or `BP_ABORTED`.
 */
export function probe(server: ServerAddress, { clock, timeoutMs, signal, tls }: ProbeInit): Promise<ServerInfo> {
  const address = addressOf(server)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port })
    let handshake: Socket | undefined
    let heard = ''
    const over = () => {
      timer.cancel()
      quiet.cancel()
      signal?.removeEventListener('abort', abort)
      socket.destroy()
      handshake?.destroy()
    }
    const finish = (error: BackplaneError) => {
      over()
      reject(error)
    }
    const done = (info: ServerInfo) => {
      over()
      resolve(info)
    }
    const fail = (reason: string, cause?: unknown) =>
      finish(contractError('BP_CONNECT_FAILED', { details: { address, reason }, cause }))
    const abort = () => finish(abortedBy(signal))
    const timer = clock.after(timeoutMs, () =>
      finish(coreError('BP_TIMEOUT', { details: { what: `Connecting to ${address}`, timeoutMs } })),
    )
    // A server that waits for TLS before it says anything is told from one that says nothing by offering it.
    const quiet = clock.after(timeoutMs * quietShare, () => {
      if (socket.connecting || heard !== '') return
      handshake = tlsConnect({ host: server.host, port: server.port, rejectUnauthorized: false })
      handshake.on('secureConnect', () => fail('the server begins with TLS: set tls.handshakeFirst'))
      handshake.on('error', () => {})
    })
    signal?.addEventListener('abort', abort, { once: true })
    socket.on('connect', () => {
      if (tls !== false && tls?.handshakeFirst) done({})
    })
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      const begun = heard.slice(0, greeting.length).toUpperCase()
      const end = heard.indexOf('\n')
      if (!greeting.startsWith(begun) || heard.length > longestGreeting) fail(strange(heard))
      else if (end >= 0) {
        const info = infoOf(heard.slice(greeting.length, end))
        const reason = refusalIn(heard.slice(end + 1)) ?? (info ? obstacle(info, tls) : strange(heard))
        if (reason === undefined) done(info ?? {})
        else fail(reason)
      }
    })
    socket.on('error', (error) => fail(reasonOf(error), error))
    socket.on('close', () => fail('the connection was closed before the server said who it is'))
  })
}

/** A server that is full says so without being asked. */
function refusalIn(heard: string): string | undefined {
  return /^-ERR '([^']*)'/i.exec(heard)?.[1]
}

function strange(heard: string): string {
  return refusalIn(heard) ?? `what answers there is not a NATS server ('${heard.slice(0, 40).trim()}')`
}

function infoOf(json: string): ServerInfo | undefined {
  try {
    const info: unknown = JSON.parse(json)
    return typeof info === 'object' && info !== null ? info : undefined
  } catch {
    return undefined
  }
}

/** What stands in the way of connecting, which the library would find out only by waiting until its time is over. */
function obstacle(info: ServerInfo, tls: NatsTls | false | undefined): string | undefined {
  if (tls === false) return info.tls_required ? 'the server demands TLS: leave out tls: false' : undefined
  const certified = tls?.cert !== undefined || tls?.certFile !== undefined
  return info.tls_verify && !certified ? 'the server wants a client certificate (tls.cert and tls.key)' : undefined
}

/** Node leaves the message empty when it tried several addresses of a name. */
function reasonOf(error: Error & { code?: string }): string {
  if (error.code === 'ECONNREFUSED') return 'nothing listens there (connection refused)'
  return error.message === '' ? (error.code ?? 'no connection') : messageOf(error)
}
