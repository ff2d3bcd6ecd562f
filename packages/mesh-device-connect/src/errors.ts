import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/** The codes that this package adds to core's catalogue. */
export const deviceConnectErrorCatalogue = {
  BP_DEVICE_CONNECT_EVENTS_FULL: {
    message: '{limit} events wait to be sent; no more are taken.',
    next: 'Await each emit, or emit less often: the transport takes them more slowly than they come.',
    retryable: true,
  },
} as const satisfies ErrorCatalogue

/** A code that this package adds. */
export type DeviceConnectErrorCode = keyof typeof deviceConnectErrorCatalogue

/** Makes an error of this package's catalogue. */
export const deviceConnectError: (code: DeviceConnectErrorCode, init?: ErrorInit) => BackplaneError =
  defineErrors(deviceConnectErrorCatalogue)
