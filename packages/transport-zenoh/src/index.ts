/**
 * A transport over Zenoh, through the official client and a remote-api bridge, made dependable: every request has a
 * deadline, a lost link is seen within a second and comes back by itself, what was subscribed and served is declared
 * again, and nothing is said into a dead session without an error.
 *
 * @packageDocumentation
 */
export { type ZenohErrorCode, zenohErrorCatalogue } from './errors.ts'
export type { ZenohTls, ZenohTransportComponents, ZenohTransportInit } from './options.ts'
export { zenohTransport } from './transport.ts'
