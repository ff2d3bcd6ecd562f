/**
 * The codes that implementations of the contracts share: runtimes, codecs, stores, transports and meshes. Not needed to
 * compose a host.
 *
 * @packageDocumentation
 */
import { type BackplaneError, defineErrors, type ErrorCatalogue, type ErrorInit } from './errors.ts'

/** Codes of failures that the contracts name and no host makes itself. */
export const contractCatalogue = {
  BP_MANIFEST_INVALID: {
    message: 'The manifest{of} is not valid: {issues}',
    next: 'Correct these paths; `backplane validate` checks it.',
  },
  BP_PARAMS_INVALID: {
    message: "Parameters of '{name}' are not valid: {issues}",
    next: "Correct them by the function's schema.",
  },
  BP_CONFIG_CONFLICT: {
    message: "'{category}' is at revision {actual}, not {expected}.",
    next: 'Read it and try again.',
    retryable: true,
  },
  BP_CONFIG_LOCKED: {
    message: 'Process {pid} writes the configuration in {dir}.',
    next: 'Stop it, or use another place.',
    retryable: true,
  },
  BP_VALUE_INVALID: {
    message: 'The value at {path} cannot be carried: {reason}',
    next: 'Give JSON, bigint and Uint8Array only.',
  },
  BP_SUBJECT_INVALID: {
    message: "'{subject}' is not a valid {kind}: {reason}",
    next: 'Use dot-separated tokens; `*` and `>` to subscribe only.',
  },
  BP_CONNECT_FAILED: {
    message: 'Could not connect to {address}: {reason}',
    next: 'Check that it runs, and the address.',
    retryable: true,
  },
  BP_AUTH_FAILED: {
    message: '{address} did not accept the credentials: {reason}',
    next: 'Check the credentials.',
  },
  BP_DISCONNECTED: {
    message: 'There is no connection to {address}.',
    next: 'Try again when its status is `connected`.',
    retryable: true,
  },
  BP_NO_RESPONDER: {
    message: "Nobody answers on '{subject}'.",
    next: 'Check the name.',
    retryable: true,
  },
  BP_REFUSED: {
    message: "The request on '{subject}' was refused: {reason}",
    next: 'Look at the reason.',
  },
  BP_PAYLOAD_TOO_LARGE: {
    message: '{bytes} bytes are over the limit of {limit}.',
    next: 'Send less at a time, or raise the limit.',
  },
  BP_IDENTITY_TAKEN: {
    message: "Another host already uses the id '{device}'.",
    next: 'Use another device id.',
  },
  BP_REMOTE_FAILED: {
    message: '{reason}',
    next: 'Look at the log of the other device.',
  },
} as const satisfies ErrorCatalogue

/** A code of {@link contractCatalogue}. */
export type ContractErrorCode = keyof typeof contractCatalogue

/** Makes an error of {@link contractCatalogue}. */
export const contractError: (code: ContractErrorCode, init?: ErrorInit) => BackplaneError =
  defineErrors(contractCatalogue)
