import { type DiscoveryMode, deviceConnect } from '@backplane/mesh-device-connect'
import { natsTransport } from '@backplane/transport-nats'
import { embeddedNats } from './embedded-nats.ts'
import { heartbeatFields } from './heartbeat-fields.ts'
import { type PresetHost, type PresetInit, presetHost } from './preset-host.ts'

/** Options of {@link localHost}. */
export interface LocalHostInit extends PresetInit {
  /** NATS servers to join, in place of the embedded broker. */
  readonly nats?: string | readonly string[]
  /** Port of the embedded broker on 127.0.0.1; 0 takes a free one. @default 4222 */
  readonly brokerPort?: number
  /** `infra` where the network has a registry. @default 'd2d' */
  readonly discovery?: DiscoveryMode
}

/**
 * A host for one machine: every kind of plugin from a folder, on a Device Connect mesh without a registry, over a NATS
 * broker of its own or one that runs already. Not for a broker that asks who one is: {@link portalHost}.
 *
 * `start` rejects with `BP_PORT_IN_USE` when something else listens on the broker's port, and with what `Mesh.connect`
 * rejects with.
 */
export function localHost(init: LocalHostInit = {}): PresetHost {
  const { nats, brokerPort = 4222, discovery = 'd2d' } = init
  const transport = nats ? natsTransport({ servers: nats }) : embeddedNats({ port: brokerPort })
  const heartbeat = heartbeatFields()
  return presetHost(init, deviceConnect({ transport, discovery, status: heartbeat.status }), heartbeat)
}
