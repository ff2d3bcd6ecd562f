import type { PluginClientInit } from '../client/init.ts'
import { handshakeError } from '../errors.ts'
import type { HandshakeConfig } from '../handshake/versions.ts'
import { fileValue, loadIdentity } from '../tls/certificate.ts'
import type { DialTls } from '../wire/wire.ts'
import type { PluginSettings } from './settings.ts'

/**
 * Makes options of `pluginClient` of loaded settings; spread them and add the plugin set.
 *
 * @param handshake - the cookie, when it is not among the settings
 * @throws BP_HANDSHAKE_SETTINGS, BP_HANDSHAKE_CERTIFICATE
 */
export function clientInit(
  settings: PluginSettings,
  handshake?: HandshakeConfig,
): Omit<PluginClientInit, 'plugins' | 'versionedPlugins'> {
  const { cookieKey, cookieValue, minPort, maxPort, curve } = settings
  const cookie =
    cookieKey !== undefined && cookieValue !== undefined ? { ...handshake, cookieKey, cookieValue } : handshake
  if (!cookie) throw missing('cookieKey', 'it is set nowhere, nor is a handshake given')
  return {
    handshake: cookie,
    ...only(settings, [
      'command',
      'args',
      'cwd',
      'startTimeoutMs',
      'gracePeriodMs',
      'multiplex',
      'inheritEnv',
      'processGroup',
    ]),
    ...(settings.autoMtls !== undefined && { autoMtls: settings.autoMtls && curve ? { curve } : settings.autoMtls }),
    ...((minPort !== undefined || maxPort !== undefined) && {
      ports: { min: minPort ?? 10_000, max: maxPort ?? 25_000 },
    }),
    ...named('unixSocket', { dir: settings.socketDir, group: settings.socketGroup }),
    ...checksumOf(settings),
    ...tlsOf(settings),
    ...named('retry', {
      attempts: settings.retryAttempts,
      backoffMs: settings.retryBackoffMs,
      maxBackoffMs: settings.retryMaxBackoffMs,
      totalMs: settings.retryTotalMs,
    }),
    ...(settings.rateLimitPerSecond !== undefined && {
      rateLimit: {
        perSecond: settings.rateLimitPerSecond,
        ...(settings.rateLimitBurst !== undefined && { burst: settings.rateLimitBurst }),
      },
    }),
    ...(settings.healthIntervalMs !== undefined && {
      health: {
        intervalMs: settings.healthIntervalMs,
        ...(settings.healthTimeoutMs !== undefined && { timeoutMs: settings.healthTimeoutMs }),
      },
    }),
  }
}

function checksumOf(settings: PluginSettings): Pick<PluginClientInit, 'secure'> {
  const { checksum, checksumAlgorithm, checksumFiles } = settings
  if (checksum === undefined) return {}
  return {
    secure: {
      checksum,
      ...(checksumAlgorithm !== undefined && { algorithm: checksumAlgorithm }),
      ...(checksumFiles && { files: checksumFiles }),
    },
  }
}

function tlsOf({ tlsCa, tlsCert, tlsKey, tlsServerName }: PluginSettings): { tls?: DialTls } {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw missing(tlsCert === undefined ? 'tlsCert' : 'tlsKey', 'a certificate and its key come together')
  }
  return named('tls', {
    ca: tlsCa === undefined ? undefined : fileValue(tlsCa),
    identity: tlsCert !== undefined && tlsKey !== undefined ? loadIdentity({ cert: tlsCert, key: tlsKey }) : undefined,
    serverName: tlsServerName,
  })
}

function missing(setting: string, reason: string) {
  return handshakeError('BP_HANDSHAKE_SETTINGS', { details: { setting, reason, source: 'the settings' } })
}

function only<const K extends keyof PluginSettings>(
  settings: PluginSettings,
  names: readonly K[],
): Pick<PluginSettings, K> {
  const present = names.filter((name) => settings[name] !== undefined)
  return Object.fromEntries(present.map((name) => [name, settings[name]])) as Pick<PluginSettings, K>
}

/** An object under a name, without its undefined members, or nothing when it has no others. */
function named<N extends string, T extends object>(
  name: N,
  members: T,
): { [K in N]?: { [M in keyof T]?: NonNullable<T[M]> } } {
  const present = Object.entries(members).filter(([, value]) => value !== undefined)
  if (present.length === 0) return {}
  return { [name]: Object.fromEntries(present) } as { [K in N]?: { [M in keyof T]?: NonNullable<T[M]> } }
}
