import { BackplaneError, type Mesh, type Params, systemClock, type Value } from '@backplane/core'
import type { DeviceConnectMesh } from '@backplane/mesh-device-connect'
import { cliError } from './errors.ts'
import type { CliIo } from './io.ts'
import { networkOf } from './network.ts'
import type { Reporter } from './reporter.ts'
import { type Flags, readSettings, type Settings } from './settings.ts'
import { shown } from './shown.ts'

/** What every command that speaks to a host is given. */
export interface Client {
  readonly mesh: DeviceConnectMesh
  /** The host that is meant where nobody names one. */
  readonly deviceId: string
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
  const [{ deviceConnect }, network] = await Promise.all([
    import('@backplane/mesh-device-connect'),
    networkOf(settings, io),
  ])
  const { transport, discovery, tenant, deviceId } = network
  const join = deviceConnect({ transport, discovery })
  const logger = reporter.logger(settings.logLevel)
  const mesh = join({ identity: { deviceId: `cli-${process.pid}`, tenant }, logger, clock: systemClock })
  try {
    reporter.progress(shown`Connecting to ${network.address} …`)
    await mesh.connect({ timeoutMs: Math.min(timeoutMs, 5_000), signal: io.signal }).catch((error) => {
      throw noHost(error, settings)
    })
    return await work({
      mesh,
      deviceId,
      timeoutMs,
      manage: (name, params) => manage(mesh, deviceId, name, params, timeoutMs, io),
    })
  } finally {
    await mesh.close()
  }
}

/** Who named no servers most likely has no host yet; nor a bridge, who is on Zenoh. */
function noHost(thrown: unknown, { preset, nats, bridge }: Settings): unknown {
  if (preset === 'edge') return noBridge(thrown, bridge)
  if (preset === 'portal' || nats !== undefined) return thrown
  return withNext(thrown, 'Start a host with `backplane up`, or say where one is: --nats URL.')
}

/** Says how to get a bridge. */
export function noBridge(thrown: unknown, bridge: string): unknown {
  return withNext(
    thrown,
    `Run a bridge that listens on ${bridge} (\`backplane zenoh-bridge\`), or say where one does: --bridge URL.`,
  )
}

function withNext(thrown: unknown, next: string): unknown {
  if (!(thrown instanceof BackplaneError) || thrown.code !== 'BP_CONNECT_FAILED') return thrown
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
  deviceId: string,
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
export function refused({ message, code, next, ...details }: Record<string, Value>): BackplaneError {
  const reason = String(message)
  const step = typeof next === 'string' ? { next } : {}
  const error = cliError('BP_CLI_REFUSED', { details: { reason, ...details }, ...step })
  return typeof code === 'string' ? BackplaneError.revive({ ...error.toJSON(), code }) : error
}
