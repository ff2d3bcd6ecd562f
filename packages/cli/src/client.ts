import { BackplaneError, type Mesh, type Params, systemClock, type Value } from '@backplane/core'
import { cliError } from './errors.ts'
import type { CliIo } from './io.ts'
import type { Reporter } from './reporter.ts'
import { type Flags, readSettings, type Settings } from './settings.ts'

/** What every command that speaks to a host is given. */
export interface Client {
  readonly mesh: Mesh
  readonly settings: Settings
  readonly timeoutMs: number
  /** Calls a management function of the host and gives its result; what it refuses is thrown as `BP_CLI_REFUSED`. */
  manage(name: string, params?: Params): Promise<Record<string, Value>>
}

/** Joins the mesh as a mere client, does the work, and leaves. */
export async function withClient<T>(
  flags: Flags & { readonly timeout?: string },
  io: CliIo,
  reporter: Reporter,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const settings = readSettings(flags, io)
  const timeoutMs = timeoutOf(flags.timeout)
  const [{ deviceConnect }, { natsTransport }] = await Promise.all([
    import('@backplane/mesh-device-connect'),
    import('@backplane/transport-nats'),
  ])
  const servers = serversOf(settings)
  const join = deviceConnect({ transport: natsTransport({ servers }) })
  const deviceId = `cli-${process.pid}`
  const logger = reporter.logger(settings.logLevel)
  const mesh = join({ identity: { deviceId, tenant: settings.tenant }, logger, clock: systemClock })
  try {
    reporter.progress(`Connecting to ${servers.join(', ')} …`)
    await mesh.connect({ timeoutMs: Math.min(timeoutMs, 5_000), signal: io.signal }).catch((error) => {
      throw settings.nats === undefined ? noHost(error) : error
    })
    return await work({
      mesh,
      settings,
      timeoutMs,
      manage: (name, params) => manage(mesh, settings, name, params, timeoutMs, io),
    })
  } finally {
    await mesh.close()
  }
}

/** Where commands look for a host: the given servers, else the broker that a local host brings. */
export function serversOf(settings: Settings): string[] {
  const servers = settings.nats?.split(',').map((server) => server.trim())
  return servers?.filter((server) => server !== '') ?? [`nats://127.0.0.1:${settings.brokerPort}`]
}

/** Who named no servers most likely has no host yet. */
function noHost(thrown: unknown): unknown {
  if (!(thrown instanceof BackplaneError) || thrown.code !== 'BP_CONNECT_FAILED') return thrown
  const next = 'Start a host with `backplane up`, or say where one is: --nats URL.'
  return BackplaneError.revive({ ...thrown.toJSON(), next })
}

/** Throws `BP_CLI_USAGE` for what is no time. */
function timeoutOf(given = '30000'): number {
  const timeoutMs = Number(given)
  if (Number.isInteger(timeoutMs) && timeoutMs > 0) return timeoutMs
  throw cliError('BP_CLI_USAGE', { details: { reason: `--timeout: '${given}' is no number of milliseconds.` } })
}

async function manage(
  mesh: Mesh,
  { deviceId }: Settings,
  name: string,
  params: Params | undefined,
  timeoutMs: number,
  { signal }: CliIo,
): Promise<Record<string, Value>> {
  const result = (await mesh.invoke(deviceId, name, params, { timeoutMs, signal })) as Record<string, Value>
  if (result.status !== 'error') return result
  throw refused(result)
}

/** A host that says which code it failed by is believed; the driver's own texts carry none. */
function refused({ message, code, next, ...details }: Record<string, Value>): BackplaneError {
  const reason = String(message)
  const step = typeof next === 'string' ? { next } : {}
  const error = cliError('BP_CLI_REFUSED', { details: { reason, ...details }, ...step })
  return typeof code === 'string' ? BackplaneError.revive({ ...error.toJSON(), code }) : error
}
