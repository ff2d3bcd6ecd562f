/**
 * Configuration in a NATS KV bucket, shared by several hosts.
 *
 * @packageDocumentation
 */
export { type NatsStoreInit, natsStore } from './nats-store.ts'
