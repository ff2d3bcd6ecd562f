/**
 * A transport over NATS: the broker in this package for one machine, a nats-server, or a cluster. Requests are
 * answered, refused, too late or met by nobody, and each of these is a different error; what was subscribed and served
 * survives a reconnect. With `@backplane/transport-nats/broker` comes an **embedded broker**: a server for the NATS
 * client protocol inside your process, which any NATS client in any language can use.
 *
 * @packageDocumentation
 */
export { type CredentialsFile, type NatsCredentials, type NatsTls, readCredentials } from './credentials.ts'
export { type NatsErrorCode, natsErrorCatalogue } from './errors.ts'
export type { NatsTransportComponents, NatsTransportInit } from './options.ts'
export { natsTransport } from './transport.ts'
