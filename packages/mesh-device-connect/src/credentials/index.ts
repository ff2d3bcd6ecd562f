/**
 * Credentials of Device Connect networks: `.creds.json` and `.creds` files, environment variables, and what counts
 * first.
 *
 * It works out which broker to use, as whom, and with which certificates, as Device Connect's own runtime does, and
 * gives it as plain data for a transport. Not needed for a network without credentials.
 *
 * @packageDocumentation
 */
export {
  type Credentials,
  type CredentialsSection,
  type NatsAuth,
  readCredentialsFile,
  type TlsMaterial,
} from './file.ts'
export { type Backend, type Messaging, type MessagingInit, readMessaging } from './messaging.ts'
export type { PortalLookup } from './portal.ts'
export { type ZenohConfig, zenohConfig } from './zenoh-config.ts'
