import { connect } from 'node:net'
import { abortedBy, type BackplaneError, type Clock, coreError, messageOf } from '@backplane/core'
import type { NatsTls } from './credentials.ts'
import { addressOf, type ServerAddress } from './servers.ts'

const greeting = 'INFO '
const longestGreeting = 64 * 1024

/** What a server says of itself, as far as it matters before connecting. */
interface ServerInfo {
  /** It wants a client certificate. */
  readonly tls_verify?: boolean
}

/** Options of {@link probe}. */
export interface ProbeInit {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  readonly tls: NatsTls | undefined
}

/**
 * Looks whether a NATS server answers at an address, before the client library is let at it.
 *
 * The library cannot be interrupted while it dials, and leaves its socket open when a server accepts and then says
 * nothing; this finds that out first, on a socket that is closed in every case. Rejects with `BP_CONNECT_FAILED`,
 * `BP_TIMEOUT` or `BP_ABORTED`.
 */
export function probe(server: ServerAddress, { clock, timeoutMs, signal, tls }: ProbeInit): Promise<void> {
  const address = addressOf(server)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.host, port: server.port })
    let heard = ''
    const finish = (error?: BackplaneError) => {
      timer.cancel()
      signal?.removeEventListener('abort', abort)
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    const fail = (reason: string | undefined, cause?: unknown) =>
      finish(reason === undefined ? undefined : coreError('BP_CONNECT_FAILED', { details: { address, reason }, cause }))
    const abort = () => finish(abortedBy(signal))
    const timer = clock.after(timeoutMs, () =>
      finish(coreError('BP_TIMEOUT', { details: { what: `Connecting to ${address}`, timeoutMs } })),
    )
    signal?.addEventListener('abort', abort, { once: true })
    socket.on('connect', () => {
      if (tls?.handshakeFirst) finish()
    })
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      const begun = heard.slice(0, greeting.length).toUpperCase()
      const end = heard.indexOf('\n')
      if (!greeting.startsWith(begun) || heard.length > longestGreeting) fail(strange(heard))
      else if (end >= 0) fail(refusalIn(heard.slice(end + 1)) ?? obstacle(heard.slice(greeting.length, end), tls))
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

/** What stands in the way of connecting, which the library would find out only by waiting until its time is over. */
function obstacle(json: string, tls: NatsTls | undefined): string | undefined {
  let info: ServerInfo | null
  try {
    info = JSON.parse(json)
  } catch {
    return strange(greeting + json)
  }
  const certified = tls?.cert !== undefined || tls?.certFile !== undefined
  return info?.tls_verify && !certified ? 'the server wants a client certificate (tls.cert and tls.key)' : undefined
}

/** Node leaves the message empty when it tried several addresses of a name. */
function reasonOf(error: Error & { code?: string }): string {
  if (error.code === 'ECONNREFUSED') return 'nothing listens there (connection refused)'
  return error.message === '' ? (error.code ?? 'no connection') : messageOf(error)
}
