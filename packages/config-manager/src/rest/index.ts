/**
 * Fledge's configuration routes as a handler for any Node HTTP server.
 *
 * @packageDocumentation
 */
export { type FledgeRestHandler, type FledgeRestInit, fledgeRest } from './handler.ts'
