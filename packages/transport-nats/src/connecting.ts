import { BackplaneError, type Clock } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { invalidArgument, reconnectDelay } from '@backplane/core/transport'
import { type ClientEvents, type NatsClient, openClient } from './client.ts'
import { type NatsCredentials, type NatsTls, readCredentials, renewed } from './credentials.ts'
import type { TransportSettings } from './options.ts'
import { probe, type ServerInfo } from './probe.ts'
import { addressOf, hostPort, parseServer, type ServerAddress } from './servers.ts'

const defaultServer = 'nats://127.0.0.1:4222'
/** The library keeps it for every later dial as well, so it must not be what an impatient caller gave the first. */
const leastDialMs = 5000

/** The servers that the options name; none where the credentials file is to say. */
export function serversOf(servers: string | readonly string[] | undefined): ServerAddress[] {
  if (servers === undefined) return []
  const list = (typeof servers === 'string' ? servers.split(',') : servers).map((server) => parseServer(server.trim()))
  if (list.length > 0) return list
  throw invalidArgument('natsTransport option servers', 'it is empty')
}

/** What one connection is made from. */
interface Target {
  readonly servers: readonly ServerAddress[]
  /** Asked at each dial. */
  readonly credentials: (() => NatsCredentials) | undefined
  readonly tls: NatsTls | false | undefined
}

/**
 * Makes a connection to the first server that answers, within about `timeoutMs` in all.
 *
 * When `signal` has aborted meanwhile, what comes too late is closed again.
 */
export async function connectClient(options: {
  readonly settings: TransportSettings
  readonly servers: readonly ServerAddress[]
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly events: ClientEvents
}): Promise<NatsClient> {
  const { settings, clock, timeoutMs, signal, events } = options
  const target = await targetOf(settings, options.servers, signal)
  const { credentials, tls } = target
  const deadline = clock.now() + timeoutMs
  const { ordered, info } = await reachable(target, clock, deadline, signal)
  const client = await openClient({
    servers: ordered.map(hostPort),
    name: settings.name,
    credentials,
    tls,
    tlsOptional: info.tls_available === true && info.tls_required !== true,
    dialTimeoutMs: Math.max(timeoutMs, leastDialMs),
    pingIntervalMs: settings.pingIntervalMs,
    maxPingsOut: settings.maxPingsOut,
    backoffMs: (attempt) => reconnectDelay(settings, attempt),
    events,
  })
  if (!signal.aborted) return client
  await client.close()
  throw signal.reason
}

async function targetOf(
  settings: TransportSettings,
  servers: readonly ServerAddress[],
  signal: AbortSignal,
): Promise<Target> {
  const { credentialsFile } = settings
  const file = credentialsFile === undefined ? undefined : await readCredentials(credentialsFile, { signal })
  const named = servers.length > 0 ? servers : serversOf(file?.servers.length ? file.servers : defaultServer)
  const tls = settings.tls ?? file?.tls ?? (named.some((server) => server.tls) ? {} : undefined)
  const fromAddress = named.find((server) => server.credentials)?.credentials
  if (tls === false && named.some((server) => server.tls)) {
    throw invalidArgument('natsTransport option tls', 'it is false, and a server is named with tls://')
  }
  const fixed = settings.credentials ?? (file === undefined ? fromAddress : undefined)
  const fromFile = credentialsFile !== undefined && file ? renewed(credentialsFile, file.credentials) : undefined
  return { servers: named, credentials: fixed ? () => fixed : fromFile, tls }
}

/** The servers, one that answers in front; each gets its share of the time that is left. */
async function reachable(
  { servers, tls }: Target,
  clock: Clock,
  deadline: number,
  signal: AbortSignal,
): Promise<{ readonly ordered: readonly ServerAddress[]; readonly info: ServerInfo }> {
  const failures: BackplaneError[] = []
  for (const [index, server] of servers.entries()) {
    const timeoutMs = Math.max(1, (deadline - clock.now()) / (servers.length - index))
    try {
      const info = await probe(server, { clock, timeoutMs, signal, tls })
      return { ordered: [server, ...servers.slice(index + 1), ...servers.slice(0, index)], info }
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof BackplaneError)) throw thrown
      failures.push(thrown)
    }
  }
  if (failures.length === 1) throw failures[0]
  const details = {
    address: servers.map(addressOf).join(', '),
    reason: failures.map((failure) => failure.message).join(' '),
  }
  throw contractError('BP_CONNECT_FAILED', { details, cause: failures[0] })
}
