import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/** The codes that this package adds to core's catalogue. */
export const natsErrorCatalogue = {
  BP_CREDENTIALS_INVALID: {
    message: 'The credentials{of} cannot be used: {reason}',
    next: 'Get a new credentials file, or correct the option that is named.',
  },
  BP_PORT_IN_USE: {
    message: 'Port {port} on {host} is already in use.',
    next: 'Stop what listens there, choose another port, or use port 0 for a free one.',
  },
  BP_NATS_SERVER: {
    message: 'The NATS server at {address} says: {reason}',
    next: 'Look at the reason; where it names a limit, raise it on the server or ask for less.',
  },
  BP_LISTEN_FAILED: {
    message: 'The broker cannot listen on {host}:{port}: {reason}',
    next: 'Check that the address belongs to this machine, that the port is allowed, and that the TLS files are right.',
  },
} as const satisfies ErrorCatalogue

/** A code that this package adds. */
export type NatsErrorCode = keyof typeof natsErrorCatalogue

/** Makes an error of this package's catalogue. */
export const natsError: (code: NatsErrorCode, init?: ErrorInit) => BackplaneError = defineErrors(natsErrorCatalogue)
