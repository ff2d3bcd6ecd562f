import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/** The codes that this package adds to core's catalogue. */
export const deviceConnectErrorCatalogue = {
  BP_DEVICE_CONNECT_EVENTS_FULL: {
    message: '{limit} events wait to be sent; no more are taken.',
    next: 'Await each emit, or emit less often: the transport takes them more slowly than they come.',
    retryable: true,
  },
  BP_DEVICE_CONNECT_REGISTRY_UNAVAILABLE: {
    message: "The registry of tenant '{tenant}' does not answer: {reason}.",
    next: "Start the registry, or use discovery 'd2d', which needs none.",
    retryable: true,
  },
  BP_DEVICE_CONNECT_REGISTRY_REFUSED: {
    message: 'The registry refused {method}: {reason}.',
    next: 'Change what it complains of; a registration is sent again with each change of what the host offers.',
    retryable: false,
  },
  BP_DEVICE_CONNECT_DEPENDENCY_MISSING: {
    message: "No device of type '{type}', which this one depends on, came within {timeoutMs} ms.",
    next: "Start such a device, or take its type off 'dependsOn'.",
    retryable: true,
  },
  BP_DEVICE_CONNECT_CREDENTIALS_MISSING: {
    message: 'Credentials are missing: {reason}.',
    next: 'Name a credentials file: MESSAGING_CREDENTIALS_FILE.',
  },
  BP_DEVICE_CONNECT_CREDENTIALS_INVALID: {
    message: 'The credentials of {source} cannot be used: {reason}.',
    next: 'Correct what is named, or get new credentials from the portal or whoever issued them.',
  },
  BP_DEVICE_CONNECT_CREDENTIALS_EXPIRED: {
    message: 'The {what} of {source} has expired, on {expired}.',
    next: "Get new credentials from the portal or whoever issued them; if the date is not past, set this machine's clock.",
  },
  BP_DEVICE_CONNECT_CREDENTIALS_MISMATCH: {
    message: "The credentials of {source} were issued to '{deviceId}', not to '{asked}'.",
    next: 'Leave the device id out (DEVICE_ID, --device-id), or name the credentials of that device.',
  },
} as const satisfies ErrorCatalogue

/** A code that this package adds. */
export type DeviceConnectErrorCode = keyof typeof deviceConnectErrorCatalogue

/** Makes an error of this package's catalogue. */
export const deviceConnectError: (code: DeviceConnectErrorCode, init?: ErrorInit) => BackplaneError =
  defineErrors(deviceConnectErrorCatalogue)
