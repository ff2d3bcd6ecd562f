import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/** The codes of this package's own. */
export const deviceConnectErrors = {
  BP_DEVICE_CONNECT_EVENTS_FULL: {
    message: '{limit} events wait to be sent; no more are taken.',
    next: 'Await each emit, or emit less often: the transport takes them more slowly than they come.',
    retryable: true,
  },
} as const satisfies ErrorCatalogue

/** Makes an error of this package's catalogue. */
export const deviceConnectError: (code: keyof typeof deviceConnectErrors, init?: ErrorInit) => BackplaneError =
  defineErrors(deviceConnectErrors)
