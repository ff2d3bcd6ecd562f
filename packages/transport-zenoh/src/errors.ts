import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from '@backplane/core'

/** The codes that this package adds to core's catalogue. */
export const zenohErrorCatalogue = {
  BP_ZENOH_CLIENT_MISSING: {
    message: 'The Zenoh client library cannot be loaded: {reason}',
    next: 'Install it beside this package (npm install @eclipse-zenoh/zenoh-ts@~1.10.1).',
  },
  BP_ZENOH_NODE_TOO_OLD: {
    message: 'The Zenoh client library does not run on Node {version}.',
    next: 'Run this on Node 22.19 or newer (24.5 or newer of Node 24), or use another transport.',
  },
} as const satisfies ErrorCatalogue

/** A code that this package adds. */
export type ZenohErrorCode = keyof typeof zenohErrorCatalogue

/** Makes an error of this package's catalogue. */
export const zenohError: (code: ZenohErrorCode, init?: ErrorInit) => BackplaneError = defineErrors(zenohErrorCatalogue)
