/**
 * Parts for whoever writes a transport: what a message waits in, and what a request waits in. Not needed to use one.
 *
 * @packageDocumentation
 */
export { type Call, CallTable } from './calls.ts'
export { DropCount } from './drop-count.ts'
export { Inbound, type InboundEvents } from './inbound.ts'
