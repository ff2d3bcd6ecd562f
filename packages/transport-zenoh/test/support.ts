/** What the tests of this package stand on. */
import { silentLogger, systemClock, type Transport } from '@backplane/core'
import { type ZenohTransportInit, zenohTransport } from '../src/index.ts'
import type { ZenohSession } from '../src/session.ts'
import { openZenohTs } from '../src/zenoh-ts/session.ts'

/** A transport that comes back fast, and is not connected yet. */
export function newTransport(endpoint: string, init: ZenohTransportInit = {}): Transport {
  const fast = { endpoint, reconnectMinMs: 5, reconnectMaxMs: 20 }
  return zenohTransport({ ...fast, ...init })({ logger: silentLogger, clock: systemClock })
}

export async function connected(endpoint: string, init: ZenohTransportInit = {}): Promise<Transport> {
  const transport = newTransport(endpoint, init)
  await transport.connect()
  return transport
}

/** A session of somebody who knows nothing of our transport. */
export function plainSession(endpoint: string): Promise<ZenohSession> {
  const { signal } = new AbortController()
  const told = { lost: () => {}, heard: () => {} }
  return openZenohTs({
    endpoint,
    tls: undefined,
    headers: undefined,
    congestion: 'drop',
    clock: systemClock,
    signal,
    timeoutMs: 5_000,
    ...told,
  })
}
