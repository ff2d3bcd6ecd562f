import { type DiscoveryMode, deviceConnect } from '@backplane/mesh-device-connect'
import { type MessagingInit, readMessaging } from '@backplane/mesh-device-connect/credentials'
import { natsTransport } from '@backplane/transport-nats'
import { heartbeatFields } from './heartbeat-fields.ts'
import { type PresetHost, type PresetInit, presetHost } from './preset-host.ts'

/** Options of {@link portalHost}. */
export interface PortalHostInit
  extends PresetInit,
    Pick<MessagingInit, 'credentialsFile' | 'allowInsecure' | 'env' | 'cwd'> {
  /** NATS servers. @default those of the credentials, else the public portal's */
  readonly nats?: string | readonly string[]
  /**
   * Where issued credentials are looked for, unless a file is named: the newest counts.
   * @default ~/.config/device-connect
   */
  readonly credentialsDir?: string
  /** `d2d` where the network has no registry. @default 'infra' */
  readonly discovery?: DiscoveryMode
}

/**
 * A host on a network that a Device Connect portal runs: over NATS with the credentials that it issued, registered with
 * its registry. Device id and tenant are those of the credentials, so name neither.
 *
 * Rejects with what `readMessaging` rejects with; its host's `start` with `BP_AUTH_FAILED` where the broker does not
 * take them.
 */
export async function portalHost(
  init: PortalHostInit = {},
  options: { readonly signal?: AbortSignal } = {},
): Promise<PresetHost> {
  const { nats, credentialsDir, discovery = 'infra', ...rest } = init
  const portal = credentialsDir === undefined ? {} : { dir: credentialsDir }
  const messaging = await readMessaging({ ...rest, portal, ...(nats === undefined ? {} : { urls: nats }) }, options)
  const { urls, auth, authFile, tls, deviceId, tenant } = messaging
  // By its file where there is one: it is read again when a lost connection comes back, so renewed credentials are
  // taken.
  const who = authFile === undefined ? { ...(auth ? { credentials: auth } : {}) } : { credentialsFile: authFile }
  const transport = natsTransport({ servers: urls, ...who, ...(tls ? { tls } : {}) })
  const identity = { ...(deviceId ? { deviceId } : {}), ...(tenant ? { tenant } : {}) }
  const heartbeat = heartbeatFields()
  const mesh = deviceConnect({ transport, discovery, status: heartbeat.status })
  return presetHost({ ...init, ...identity }, mesh, heartbeat)
}
