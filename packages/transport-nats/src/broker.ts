/**
 * The embedded broker, under the name that it has here; it is a package of its own, `@backplane/nats-broker`.
 *
 * @packageDocumentation
 */
export * from '@backplane/nats-broker'
