/**
 * An embedded broker for one machine: a server for the NATS client protocol inside your process, which any NATS client
 * in any language can use. Where you need clustering, accounts or JetStream, start a nats-server: the clients stay as
 * they are.
 *
 * @packageDocumentation
 */
export { type NatsBroker, natsBroker } from './broker.ts'
export { type BrokerErrorCode, brokerErrorCatalogue } from './errors.ts'
export type { BrokerAuth, BrokerStats, BrokerTls, NatsBrokerComponents, NatsBrokerInit } from './options.ts'
