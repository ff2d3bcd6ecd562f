import type { TransportFactory } from '@backplane/core'
import { natsBroker } from '@backplane/nats-broker'
import { natsTransport } from '@backplane/transport-nats'
import { LateTransport } from './late-transport.ts'

/** Options of {@link embeddedNats}. */
export interface EmbeddedNatsInit {
  /** Port on 127.0.0.1; 0 takes a free one, which the transport's `address` tells once connected. @default 4222 */
  readonly port?: number
}

/**
 * A NATS transport that brings its own broker: connecting starts it, closing ends it. Other processes of this machine
 * connect to its address with any NATS client. For several machines run nats-server and use `natsTransport` instead.
 *
 * `connect` rejects with `BP_PORT_IN_USE` as well.
 */
export function embeddedNats(init: EmbeddedNatsInit = {}): TransportFactory {
  return (components) => {
    const broker = natsBroker({ port: init.port ?? 4222 })(components)
    return new LateTransport({
      kind: 'nats',
      address: () => broker.url,
      prepare: (options) => broker.listen(options?.signal ? { signal: options.signal } : {}),
      make: async () => natsTransport({ servers: broker.url })(components),
      end: () => broker.close(),
    })
  }
}
