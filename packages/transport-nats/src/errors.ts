import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/** The codes that this package adds to core's catalogue. */
export const natsErrorCatalogue = {
  BP_CREDENTIALS_INVALID: {
    message: 'The credentials{of} cannot be used: {reason}',
    next: 'Get a new credentials file, or correct the option that is named.',
  },
  BP_NATS_SERVER: {
    message: 'The NATS server at {address} says: {reason}',
    next: 'Look at the reason; where it names a limit, raise it on the server or ask for less.',
  },
} as const satisfies ErrorCatalogue

/** A code that this package adds. */
export type NatsErrorCode = keyof typeof natsErrorCatalogue

/** Makes an error of this package's catalogue. */
export const natsError: (code: NatsErrorCode, init?: ErrorInit) => BackplaneError = defineErrors(natsErrorCatalogue)
