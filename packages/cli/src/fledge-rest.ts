import { createServer } from 'node:http'
import type { ConfigManager } from '@backplane/config-manager'
import { messageOf } from '@backplane/core'
import { cliError } from './errors.ts'
import type { Reporter } from './reporter.ts'
import { shown } from './shown.ts'

/** Throws `BP_CLI_USAGE` for what is no port. */
export function portOf(flag: string, given: string): number {
  const port = Number(given)
  if (given !== '' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw cliError('BP_CLI_USAGE', { details: { reason: `${flag}: '${given}' is no port (0 to 65535).` } })
}

/**
 * Serves Fledge's configuration routes for this machine alone, until it is disposed. A page of a browser may not use
 * them: requests that name an origin, or another host than this machine, are refused. Rejects with `BP_CLI_USAGE` where
 * the port is taken.
 */
export async function serveFledgeRest(
  manager: ConfigManager,
  port: number,
  reporter: Reporter,
): Promise<AsyncDisposable> {
  const { fledgeRest } = await import('@backplane/config-manager/rest')
  const serve = fledgeRest(manager, { actor: () => ({ name: 'fledge-rest', admin: true }) })
  const server = createServer(async (request, response) => {
    const { origin, host = '' } = request.headers
    const isLocal = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host)
    if (origin !== undefined || !isLocal) response.writeHead(403).end()
    else if (!(await serve(request, response))) response.writeHead(404).end()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  }).catch((cause) => {
    throw cliError('BP_CLI_USAGE', {
      details: { reason: `--fledge-rest: port ${port} cannot be used: ${messageOf(cause)}` },
      next: 'Choose another port, or 0 for a free one.',
      cause,
    })
  })
  const address = server.address()
  const chosen = typeof address === 'object' && address !== null ? address.port : port
  reporter.note(shown`Fledge's configuration routes: http://127.0.0.1:${chosen}/fledge/category`)
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
