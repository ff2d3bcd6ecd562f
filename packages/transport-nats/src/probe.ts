import { connect } from 'node:net'
import { abortedBy, type BackplaneError, type Clock, coreError, messageOf } from '@backplane/core'
import { addressOf, type ServerAddress } from './servers.ts'

const greeting = 'INFO '

/**
 * Looks whether a NATS server answers at an address, before the client library is let at it.
 *
 * The library cannot be interrupted while it dials, and leaves its socket open when a server accepts and then says nothing;
 * this finds that out first, on a socket that is closed in every case. Rejects with `BP_CONNECT_FAILED`, `BP_TIMEOUT` or `BP_ABORTED`.
 */
export function probe(
  server: ServerAddress,
  options: { clock: Clock; timeoutMs: number; signal?: AbortSignal | undefined; handshakeFirst: boolean },
): Promise<void> {
  const { clock, timeoutMs, signal, handshakeFirst } = options
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
    const fail = (reason: string, cause?: unknown) =>
      finish(coreError('BP_CONNECT_FAILED', { details: { address, reason }, cause }))
    const abort = () => finish(abortedBy(signal))
    const timer = clock.after(timeoutMs, () =>
      finish(coreError('BP_TIMEOUT', { details: { what: `Connecting to ${address}`, timeoutMs } })),
    )
    signal?.addEventListener('abort', abort, { once: true })
    socket.on('connect', () => {
      if (handshakeFirst) finish()
    })
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      const begun = heard.slice(0, greeting.length).toUpperCase()
      if (begun === greeting) finish()
      else if (!greeting.startsWith(begun)) fail(`what answers there is not a NATS server ('${heard.slice(0, 40)}')`)
    })
    socket.on('error', (error) => fail(reasonOf(error), error))
    socket.on('close', () => fail('the connection was closed before the server said who it is'))
  })
}

/** Node leaves the message empty when it tried several addresses of a name. */
function reasonOf(error: Error & { code?: string }): string {
  if (error.code === 'ECONNREFUSED') return 'nothing listens there (connection refused)'
  return error.message === '' ? (error.code ?? 'no connection') : messageOf(error)
}
