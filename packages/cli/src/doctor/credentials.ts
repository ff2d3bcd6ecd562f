import type { CliIo } from '../io.ts'
import { portalOf, readFor } from '../network.ts'
import type { Settings } from '../settings.ts'
import { type Check, failedBy } from './check.ts'

/** When credentials that end are worth a word, in milliseconds before. */
const soonMs = 7 * 86_400_000

/** Which credentials were found, where, whose they are and how long they hold; never what is in them. */
export async function credentialsCheck(settings: Settings, io: CliIo): Promise<Check> {
  const { preset, credentials, from } = settings
  if (preset === 'local' || (preset === 'edge' && credentials === undefined)) {
    const ignored = credentials === undefined ? '' : ` (${credentials}, by ${from.credentials}, is for --preset portal)`
    return { name: 'credentials', state: 'skipped', detail: `none are needed on this network${ignored}` }
  }
  try {
    const kind = preset === 'edge' ? { backend: 'zenoh' as const } : { portal: portalOf(settings) }
    const found = await readFor(settings, io, kind, true)
    const { deviceId, tenant, expiresAt, allowInsecure } = found
    const source = found.from.credentials ?? 'none'
    const by = from.credentials === 'default' ? '' : ` (by ${from.credentials})`
    const left = expiresAt === undefined ? undefined : expiresAt - Date.now()
    const end = expiresAt === undefined ? 'they do not end' : `they end on ${new Date(expiresAt).toISOString()}`
    const whose =
      deviceId === undefined ? '' : `, of '${deviceId}'${tenant === undefined ? '' : ` in tenant '${tenant}'`}`
    const insecure = allowInsecure ? '; insecure: not all is checked' : ''
    const isSoon = left !== undefined && left < soonMs
    return {
      name: 'credentials',
      state: isSoon || allowInsecure ? 'warning' : 'ok',
      detail: `${source}${by}${whose}; ${end}${insecure}`,
      ...(isSoon ? { next: 'Get new credentials from the portal before they end.' } : {}),
      facts: { source, by: from.credentials, deviceId, tenant, expiresAt, allowInsecure, tls: found.from.tls },
    }
  } catch (error) {
    return failedBy('credentials', error)
  }
}
