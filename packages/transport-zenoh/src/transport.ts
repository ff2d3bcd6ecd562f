import type { Transport } from '@backplane/core'
import { LinkedTransport } from '@backplane/core/transport'
import { ZenohMedium } from './medium.ts'
import { settingsOf, type ZenohTransportComponents, type ZenohTransportInit } from './options.ts'
import type { IncomingQuery, ZenohSession } from './session.ts'
import { openZenohTs } from './zenoh-ts/session.ts'

/**
 * Makes a transport over Zenoh, through a remote-api bridge (`backplane zenoh-bridge` runs one).
 *
 * Not for storage, liveliness or attachments of your own: it carries publishes and requests, and nothing else of Zenoh.
 * The client library `@eclipse-zenoh/zenoh-ts` is an optional peer: `connect` loads it, and rejects with
 * `BP_ZENOH_CLIENT_MISSING` or `BP_ZENOH_NODE_TOO_OLD` where it cannot. Throws `BP_INVALID_ARGUMENT` for an option that
 * cannot be meant.
 *
 * @example
 * const transport = zenohTransport({ endpoint: 'ws://127.0.0.1:10000' })({ logger: silentLogger, clock: systemClock })
 * await transport.connect()
 */
export function zenohTransport(init: ZenohTransportInit = {}): (components: ZenohTransportComponents) => Transport {
  const settings = settingsOf(init)
  const { endpoint, tls, headers, congestion } = settings
  return (components) =>
    new LinkedTransport<ZenohSession, IncomingQuery>(
      components,
      (medium) =>
        new ZenohMedium(settings, medium, (opening) =>
          openZenohTs({ ...opening, endpoint, tls, headers, congestion, clock: components.clock }),
        ),
    )
}
