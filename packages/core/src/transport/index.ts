/**
 * For authors of transports. Not needed to use one.
 *
 * A transport is a `LinkedTransport` over a `Medium`, which sends, declares and asks on one connection, and its
 * `Connector`, which makes connections and brings them back. The guide is `docs/authoring-transport.md`. The rest are
 * the parts that a `LinkedTransport` is made of, and helpers.
 *
 * @packageDocumentation
 */
export { longestTimerMs } from '../clock.ts'
export { rationedLogger } from '../rationed-logger.ts'
export { untilAborted } from '../until-aborted.ts'
export { Answering, type AnsweringInit, type RefusalKind, type ReplyPort, refusalError } from './answering.ts'
export { checkOutgoing, checkSubscribing, checkWaiting } from './checks.ts'
export { type ComeBackInit, comeBack } from './come-back.ts'
export { transportDefaults } from './defaults.ts'
export { DropCount } from './drop-count.ts'
export { invalidArgument, payloadTooLarge, refused } from './failures.ts'
export type { HandlerEvents } from './handler-events.ts'
export { Inbound } from './inbound.ts'
export { type Connector, Link, type LinkComponents } from './link.ts'
export { LinkedTransport } from './linked-transport.ts'
export type { EndDeclaration, Interest, Medium, MediumComponents } from './medium.ts'
export { type PendingRequest, PendingRequests } from './pending-requests.ts'
export { type ReconnectDelays, reconnectDelay } from './reconnect-delay.ts'
