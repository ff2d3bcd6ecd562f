/**
 * A transport over NATS: a broker on this machine, a server, or a cluster.
 *
 * @packageDocumentation
 */
export { type CredentialsFile, type NatsCredentials, type NatsTls, readCredentials } from './credentials.ts'
export { type NatsErrorCode, natsErrorCatalogue } from './errors.ts'
export type { NatsTransportComponents, NatsTransportInit } from './options.ts'
export { natsTransport } from './transport.ts'
