import type { TransportFactory } from '@backplane/core'
import type { DiscoveryMode } from '@backplane/mesh-device-connect'
import type { Messaging, MessagingInit } from '@backplane/mesh-device-connect/credentials'
import type { CliIo } from './io.ts'
import type { Settings } from './settings.ts'

/** The network that commands speak to, which is the one that a host of the same settings is on. */
export interface Network {
  readonly kind: 'nats' | 'zenoh'
  /** Where it is entered, for people. */
  readonly address: string
  readonly transport: TransportFactory
  readonly discovery: DiscoveryMode
  readonly tenant: string
  /** The host that is meant where nobody names one. */
  readonly deviceId: string
  /** What was read of credentials and Device Connect's variables. */
  readonly messaging?: Messaging
}

/**
 * Works out the network. Rejects with what is wrong with the credentials. Loads no transport but the one that is
 * needed.
 *
 * `asHost`: the one that joins is the device of the settings, so it must be the one of the credentials; a client calls
 * others.
 */
export async function networkOf(settings: Settings, io: CliIo, asHost = false): Promise<Network> {
  const { preset, discoveryMode } = settings
  if (preset === 'edge') return zenoh(settings, io, asHost)
  if (preset === 'portal') return portal(settings, io)
  const { natsTransport } = await import('@backplane/transport-nats')
  const servers = serversOf(settings)
  return {
    kind: 'nats',
    address: servers.join(', '),
    transport: natsTransport({ servers }),
    discovery: discoveryMode ?? 'd2d',
    tenant: settings.tenant,
    deviceId: settings.deviceId,
  }
}

async function portal(settings: Settings, io: CliIo): Promise<Network> {
  const [{ natsTransport }, messaging] = await Promise.all([
    import('@backplane/transport-nats'),
    readFor(settings, io, { portal: portalOf(settings) }),
  ])
  const { urls, auth, tls, tenant } = messaging
  return {
    kind: 'nats',
    address: urls.join(', '),
    transport: natsTransport({ servers: urls, ...(auth ? { credentials: auth } : {}), ...(tls ? { tls } : {}) }),
    discovery: settings.discoveryMode ?? 'infra',
    tenant: tenant ?? settings.tenant,
    deviceId: deviceOf(settings, messaging),
    messaging,
  }
}

async function zenoh(settings: Settings, io: CliIo, asHost: boolean): Promise<Network> {
  const [{ zenohTransport }, messaging] = await Promise.all([
    import('@backplane/transport-zenoh'),
    settings.credentials === undefined ? undefined : readFor(settings, io, { backend: 'zenoh' }, asHost),
  ])
  return {
    kind: 'zenoh',
    address: settings.bridge,
    transport: zenohTransport({ endpoint: settings.bridge }),
    discovery: settings.discoveryMode ?? 'd2d',
    tenant: messaging?.tenant ?? settings.tenant,
    deviceId: deviceOf(settings, messaging),
    ...(messaging ? { messaging } : {}),
  }
}

/** The host that is meant: the one that was named, else the one of the credentials. */
function deviceOf({ deviceId, from }: Settings, messaging: Messaging | undefined): string {
  return from.deviceId === 'default' ? (messaging?.deviceId ?? deviceId) : deviceId
}

/** What the settings say goes before the environment; what they do not say is left to the credentials. */
export async function readFor(
  settings: Settings,
  { env, cwd, signal }: CliIo,
  more: MessagingInit,
  asHost = false,
): Promise<Messaging> {
  const { readMessaging } = await import('@backplane/mesh-device-connect/credentials')
  const { credentials, deviceId, tenant, allowInsecure, from } = settings
  return readMessaging(
    {
      ...(credentials === undefined ? {} : { credentialsFile: credentials }),
      ...(asHost && from.deviceId !== 'default' ? { deviceId } : {}),
      ...(from.tenant === 'default' ? {} : { tenant }),
      ...(more.backend === 'zenoh' ? {} : ownServers(settings, 'urls')),
      allowInsecure,
      env: asHost ? env : { ...env, DEVICE_ID: undefined },
      cwd,
      ...more,
    },
    { signal },
  )
}

/** Servers that were named to us; those of Device Connect's variables have their place in its own order. */
export function ownServers<K extends string>(settings: Settings, key: K): { readonly [name in K]?: readonly string[] } {
  const isTheirs = ['MESSAGING_URLS', 'NATS_URL'].includes(settings.from.nats ?? '')
  return (settings.nats === undefined || isTheirs ? {} : { [key]: serversOf(settings) }) as Record<K, string[]>
}

/** Where credentials of a portal are looked for. */
export function portalOf({ credentialsDir }: Settings): { readonly dir?: string } {
  return credentialsDir === undefined ? {} : { dir: credentialsDir }
}

/** Where commands look for a local host: the given servers, else the broker that it brings. */
export function serversOf(settings: Settings): string[] {
  const servers = settings.nats?.split(',').map((server) => server.trim())
  return servers?.filter((server) => server !== '') ?? [`nats://127.0.0.1:${settings.brokerPort}`]
}
