import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/** The codes that this package adds to core's catalogue. */
export const brokerErrorCatalogue = {
  BP_PORT_IN_USE: {
    message: 'Port {port} on {host} is already in use.',
    next: 'Stop what listens there, choose another port, or use port 0 for a free one.',
  },
  BP_LISTEN_FAILED: {
    message: 'The broker cannot listen on {host}:{port}: {reason}',
    next: 'Check that the address belongs to this machine, that the port is allowed, and that the TLS files are right.',
  },
} as const satisfies ErrorCatalogue

/** A code that this package adds. */
export type BrokerErrorCode = keyof typeof brokerErrorCatalogue

/** Makes an error of this package's catalogue. */
export const brokerError: (code: BrokerErrorCode, init?: ErrorInit) => BackplaneError =
  defineErrors(brokerErrorCatalogue)
