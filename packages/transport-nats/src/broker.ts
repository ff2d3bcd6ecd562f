/**
 * An embedded broker for one machine: a server for the NATS client protocol inside this process, for any NATS client in
 * any language.
 *
 * @packageDocumentation
 */
export { type NatsBroker, natsBroker } from './broker/broker.ts'
export type { BrokerAuth, BrokerStats, BrokerTls, NatsBrokerComponents, NatsBrokerInit } from './broker/options.ts'
