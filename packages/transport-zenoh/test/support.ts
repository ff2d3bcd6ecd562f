/** What the tests of this package stand on. */
import { silentLogger, systemClock, type Transport, type TransportEvent } from '@backplane/core'
import { type ZenohTransportInit, zenohTransport } from '../src/index.ts'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (payload: Uint8Array): string => new TextDecoder().decode(payload)

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

/** Resolves at the first event of that type, from now on. */
export function eventOf<T extends TransportEvent['type']>(
  transport: Transport,
  type: T,
): Promise<Extract<TransportEvent, { type: T }>> {
  return new Promise((resolve) => {
    const stop = transport.onStatus((event) => {
      if (event.type !== type) return
      stop()
      resolve(event as Extract<TransportEvent, { type: T }>)
    })
  })
}

/** Waits until something is true; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}
