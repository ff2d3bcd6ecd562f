import type { Logger } from '@backplane/core'
import { edgeHost, localHost, type PresetHost, portalHost } from '@backplane/host'
import type { CliIo } from './io.ts'
import { networkOf, ownServers, serversOf } from './network.ts'
import type { Settings } from './settings.ts'

/** Composes the host that the settings name. Rejects with what is wrong with its credentials. */
export async function hostOf(settings: Settings, io: CliIo, logger: Logger): Promise<PresetHost> {
  const { preset, deviceId, tenant, plugins, autoLoad, brokerPort, bridge, stateDir, discoveryMode, from } = settings
  const { python, installDependencies } = settings
  const shared = {
    plugins,
    autoLoad,
    python: { ...(python === undefined ? {} : { python }), dependencies: { install: installDependencies } },
    logger,
    ...(stateDir === undefined ? {} : { stateDir }),
    ...(discoveryMode === undefined ? {} : { discovery: discoveryMode }),
  }
  if (preset === 'local') {
    const network = settings.nats === undefined ? { brokerPort } : { nats: serversOf(settings) }
    return localHost({ ...shared, ...network, deviceId, tenant })
  }
  if (preset === 'edge') {
    const network = await networkOf(settings, io, true)
    return edgeHost({ ...shared, bridge, deviceId: network.deviceId, tenant: network.tenant })
  }
  const { credentials, credentialsDir, allowInsecure } = settings
  const init = {
    ...shared,
    allowInsecure,
    env: io.env,
    cwd: io.cwd,
    ...(credentials === undefined ? {} : { credentialsFile: credentials }),
    ...(credentialsDir === undefined ? {} : { credentialsDir }),
    ...ownServers(settings, 'nats'),
    ...(from.deviceId === 'default' ? {} : { deviceId }),
    ...(from.tenant === 'default' ? {} : { tenant }),
  }
  return portalHost(init, { signal: io.signal })
}
