import { silentLogger, systemClock, type Transport } from '@backplane/core'
import { type ZenohTransportInit, zenohTransport } from '@backplane/transport-zenoh'

/** A connected transport. */
export async function connected(init: ZenohTransportInit): Promise<Transport> {
  const transport = zenohTransport(init)({ logger: silentLogger, clock: systemClock })
  await transport.connect()
  return transport
}

export const failsWith = (code: string) => (thrown: unknown) => (thrown as { code?: string }).code === code
