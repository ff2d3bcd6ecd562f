/**
 * Parts for whoever writes a transport. Not needed to use one.
 *
 * A `Link` keeps the connection that the medium's `Connector` makes; `PendingRequests` holds what waits for an answer, `Inbound`
 * what waits for a subscription's handler, and `Answering` serves requests and answers them through the medium's `ReplyPort`.
 *
 * @packageDocumentation
 */
export { longestTimerMs } from '../clock.ts'
export { rationedLogger } from '../rationed-logger.ts'
export { untilAborted } from '../until-aborted.ts'
export { Answering, type AnsweringInit, type RefusalKind, type ReplyPort, refusalError } from './answering.ts'
export { checkOutgoing, checkSubscribing } from './checks.ts'
export { transportDefaults } from './defaults.ts'
export { DropCount } from './drop-count.ts'
export { invalidArgument, payloadTooLarge, refused } from './failures.ts'
export type { HandlerEvents } from './handler-events.ts'
export { Inbound } from './inbound.ts'
export { type Connector, Link, type LinkComponents } from './link.ts'
export { type PendingRequest, PendingRequests } from './pending-requests.ts'
export { type ReconnectDelays, reconnectDelay } from './reconnect-delay.ts'
