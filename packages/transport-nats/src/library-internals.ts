import type { NatsConnection } from '@nats-io/transport-node'

/**
 * The library's private parts that are used where its public ones leave a hole; each use does without when they change.
 */
export interface Internals {
  options?: { reconnect?: boolean }
  parser?: { parse?(bytes: Uint8Array): void }
  transport?: { discard?(): void; disconnect?(): void }
  /** Who waits for a PONG, in order. */
  pongs?: unknown[]
  processError?(message: Uint8Array): void
}

/** Gives them, where the library has them still. */
export function internals(connection: NatsConnection): Internals | undefined {
  return (connection as unknown as { protocol?: Internals }).protocol
}

/**
 * Ends a connection at once when the server sends what is not the protocol. By itself the library then stops reading,
 * writes to the console, and notices only when pings stay unanswered.
 */
export function guardParser(connection: NatsConnection, failed: (error: Error) => void): void {
  const protocol = internals(connection)
  if (!protocol?.parser?.parse) return
  const guarded = (parser: NonNullable<Internals['parser']>) => {
    const parse = parser.parse?.bind(parser)
    parser.parse = (bytes) => {
      try {
        parse?.(bytes)
      } catch (thrown) {
        failed(new Error('what is not the NATS protocol', { cause: thrown }))
        protocol.transport?.disconnect?.()
      }
    }
    return parser
  }
  let parser = guarded(protocol.parser)
  Object.defineProperty(protocol, 'parser', {
    configurable: true,
    get: () => parser,
    set: (next) => {
      parser = guarded(next)
    },
  })
}
