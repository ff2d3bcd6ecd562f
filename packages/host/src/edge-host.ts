import type { TransportFactory } from '@backplane/core'
import { type DiscoveryMode, deviceConnect } from '@backplane/mesh-device-connect'
import type { ZenohTransportInit } from '@backplane/transport-zenoh'
import { heartbeatFields } from './heartbeat-fields.ts'
import { LateTransport } from './late-transport.ts'
import { type PresetHost, type PresetInit, presetHost } from './preset-host.ts'

/** Options of {@link edgeHost}. */
export interface EdgeHostInit extends PresetInit {
  /** Where a remote-api bridge listens (`backplane zenoh-bridge` runs one). @default 'ws://127.0.0.1:10000' */
  readonly bridge?: string
  /** More about the way to the bridge: TLS, headers, limits. */
  readonly zenoh?: Omit<ZenohTransportInit, 'endpoint'>
  /** `infra` where the network has a registry. @default 'd2d' */
  readonly discovery?: DiscoveryMode
}

/**
 * A host on a Zenoh network, device to device: others find it by its presence alone, with no broker and no registry.
 * The bridge makes it a peer of multicast networks, or a client of routers with their certificates.
 *
 * Needs `@eclipse-zenoh/zenoh-ts`, an optional peer. `start` rejects with what `Mesh.connect` rejects with, and with
 * `BP_ZENOH_CLIENT_MISSING` without that package.
 */
export function edgeHost(init: EdgeHostInit = {}): PresetHost {
  const { bridge = 'ws://127.0.0.1:10000', zenoh, discovery = 'd2d' } = init
  const heartbeat = heartbeatFields()
  const transport = zenohWhenConnected({ ...zenoh, endpoint: bridge })
  return presetHost(init, deviceConnect({ transport, discovery, status: heartbeat.status }), heartbeat)
}

/** Loads the transport when it is needed, so that hosts on other networks do not pay for it. */
function zenohWhenConnected(init: ZenohTransportInit & { readonly endpoint: string }): TransportFactory {
  return (components) =>
    new LateTransport({
      kind: 'zenoh',
      address: () => init.endpoint,
      make: async () => (await import('@backplane/transport-zenoh')).zenohTransport(init)(components),
    })
}
