import type { Transport } from '@backplane/core'
import { LinkedTransport } from '@backplane/core/transport'
import type { NatsClient } from './client.ts'
import { serversOf } from './connecting.ts'
import { NatsMedium } from './medium.ts'
import { type NatsTransportComponents, type NatsTransportInit, settingsOf } from './options.ts'

/**
 * Makes a transport over NATS: a broker on this machine, a server, or a cluster.
 *
 * Not for JetStream, and it needs none: it uses core subjects and `_INBOX` alone, so the narrowest permissions suffice.
 * Throws `BP_INVALID_ARGUMENT` or `BP_SUBJECT_INVALID` for an option that cannot be meant.
 *
 * @example
 * const transport = natsTransport({ servers: 'nats://127.0.0.1:4222' })({ logger: silentLogger, clock: systemClock })
 * await transport.connect()
 */
export function natsTransport(init: NatsTransportInit = {}): (components: NatsTransportComponents) => Transport {
  const settings = settingsOf(init)
  const servers = serversOf(settings.servers)
  return (components) =>
    new LinkedTransport<NatsClient, string>(components, (medium) => new NatsMedium(settings, servers, medium))
}
