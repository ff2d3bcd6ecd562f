/**
 * A transport over NATS: the embedded broker, a nats-server or a cluster. Requests are answered, refused, too late or
 * met by nobody, and each of these is a different error; what was subscribed and served survives a reconnect. A server
 * for one machine, inside your process, is a package of its own: `@backplane/nats-broker`.
 *
 * @packageDocumentation
 */
export { type CredentialsFile, type NatsCredentials, type NatsTls, readCredentials } from './credentials.ts'
export { type NatsErrorCode, natsErrorCatalogue } from './errors.ts'
export type { NatsTransportComponents, NatsTransportInit } from './options.ts'
export { natsTransport } from './transport.ts'
