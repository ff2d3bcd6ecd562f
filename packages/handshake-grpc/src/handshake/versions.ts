/** The application version and its plugin set. */
export interface VersionChoice<T> {
  readonly version: number
  readonly plugins: T
}

/** Names of the variables that a host sets for a plugin; the cookie's name is the application's own. */
export const pluginEnv = {
  minPort: 'PLUGIN_MIN_PORT',
  maxPort: 'PLUGIN_MAX_PORT',
  versions: 'PLUGIN_PROTOCOL_VERSIONS',
  clientCert: 'PLUGIN_CLIENT_CERT',
  multiplex: 'PLUGIN_MULTIPLEX_GRPC',
  socketDir: 'PLUGIN_UNIX_SOCKET_DIR',
  socketGroup: 'PLUGIN_UNIX_SOCKET_GROUP',
} as const

/** What is shared by host and plugin of one application: a check for people, not for security. */
export interface HandshakeConfig {
  /** Name of the environment variable that says "a host started you". */
  readonly cookieKey: string
  /** Its value. */
  readonly cookieValue: string
  /** Version of `plugins`, where `versionedPlugins` is not used. @default 1 */
  readonly protocolVersion?: number
}

/**
 * Joins the single plugin set and the versioned sets into one map. On a host an explicit versioned set wins over the
 * single one, on a plugin the single one wins: go-plugin does the same.
 */
export function versionSets<T>(
  side: 'host' | 'plugin',
  version: number | undefined,
  plugins: T | undefined,
  versioned: Readonly<Record<number, T>> | undefined,
): Map<number, T> {
  const sets = new Map<number, T>(Object.entries(versioned ?? {}).map(([key, set]) => [Number(key), set]))
  if (plugins !== undefined) {
    const single = version ?? 1
    if (side === 'plugin' || !sets.has(single)) sets.set(single, plugins)
  }
  return sets
}

/**
 * Picks the plugin's version: the highest of its own that the host has, else its lowest (the host then reports the
 * mismatch in its own words). `offered` is PLUGIN_PROTOCOL_VERSIONS, in any order; bad items go to `onBadItem`.
 */
export function negotiateVersion<T>(
  sets: ReadonlyMap<number, T>,
  offered: string | undefined,
  onBadItem?: (item: string) => void,
): VersionChoice<T> | undefined {
  const theirs = new Set<number>()
  for (const item of (offered ?? '').split(',')) {
    if (item === '' && (offered ?? '') === '') continue
    if (/^[+-]?\d+$/.test(item)) theirs.add(Number(item))
    else onBadItem?.(item)
  }
  const own = [...sets.keys()].sort((a, b) => b - a)
  const version = own.find((candidate) => theirs.has(candidate)) ?? own.at(-1)
  return version === undefined ? undefined : { version, plugins: sets.get(version) as T }
}
