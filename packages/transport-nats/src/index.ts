/**
 * A transport over NATS.
 *
 * @packageDocumentation
 */
export { type NatsErrorCode, natsErrorCatalogue } from './errors.ts'
