import { type HandshakeConfig, pluginEnv } from '../handshake/versions.ts'

/** What goes into a plugin's environment. */
export interface EnvironmentInit {
  readonly handshake: HandshakeConfig
  readonly versions: readonly number[]
  readonly env?: Readonly<Record<string, string>>
  readonly inheritEnv?: boolean
  readonly ports?: { readonly min: number; readonly max: number }
  readonly clientCert?: string
  readonly multiplex?: boolean
  readonly socketDir?: string
  readonly socketGroup?: string
}

/**
 * Puts a plugin's environment together: the host's own, then `env`, then go-plugin's variables; later ones win.
 *
 * Unlike go-plugin, where the host's variables win over those of the command: here what is said for one plugin wins
 * over what happens to be set.
 */
export function pluginEnvironment(
  init: EnvironmentInit,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const env: Record<string, string> = {}
  if (init.inheritEnv ?? true) {
    for (const [name, value] of Object.entries(own)) if (value !== undefined) env[name] = value
  }
  // A host may be a plugin itself: what its own host told it is not meant for its plugins.
  for (const name of Object.values(pluginEnv)) delete env[name]
  Object.assign(env, init.env)
  env[init.handshake.cookieKey] = init.handshake.cookieValue
  env[pluginEnv.minPort] = String(init.ports?.min ?? 10_000)
  env[pluginEnv.maxPort] = String(init.ports?.max ?? 25_000)
  env[pluginEnv.versions] = init.versions.join(',')
  if (init.clientCert !== undefined) env[pluginEnv.clientCert] = init.clientCert
  if (init.multiplex) env[pluginEnv.multiplex] = 'true'
  if (init.socketDir !== undefined) env[pluginEnv.socketDir] = init.socketDir
  if (init.socketGroup !== undefined) env[pluginEnv.socketGroup] = init.socketGroup
  return env
}
