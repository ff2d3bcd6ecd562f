import { BackplaneError, coreError, type Json, messageOf } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { isObject } from './json.ts'

/** A JSON-RPC error object. `data` is absent where `code` says it all: Python devices never send one. */
export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: { readonly code: string; readonly next: string; readonly retryable: boolean }
}

/** The JSON-RPC codes that are used here. Everything else that fails is `failed`, as in Python. */
export const rpcCodes = {
  parse: -32700,
  invalidRequest: -32600,
  unknownMethod: -32601,
  invalidParams: -32602,
  failed: -32000,
} as const

/** Codes of ours that a JSON-RPC code alone stands for; all others travel in `data`. */
const bare: Readonly<Record<string, number>> = {
  BP_FUNCTION_UNKNOWN: rpcCodes.unknownMethod,
  BP_PARAMS_INVALID: rpcCodes.invalidParams,
  BP_PLUGIN_FAILED: rpcCodes.failed,
  BP_REMOTE_FAILED: rpcCodes.failed,
}

/** Gives what a handler of `method` threw as a JSON-RPC error. */
export function toRpcError(method: string, thrown: unknown): RpcError {
  if (!(thrown instanceof BackplaneError)) return { code: rpcCodes.failed, message: messageOf(thrown) }
  const { code, message, next, retryable, details } = thrown
  const ofAnother = code === 'BP_FUNCTION_UNKNOWN' && details.name !== undefined && details.name !== method
  const number = ofAnother ? undefined : bare[code]
  if (number === rpcCodes.unknownMethod) return { code: number, message: `Unknown method: ${method}` }
  return number === undefined
    ? { code: rpcCodes.failed, message, data: { code, next, retryable } }
    : { code: number, message }
}

/**
 * Gives another device's JSON-RPC error as ours: `BP_FUNCTION_UNKNOWN`, `BP_PARAMS_INVALID`, `BP_TIMEOUT` where the
 * device itself ran out of time, else `BP_REMOTE_FAILED`. The finer code of a Backplane host is `details.remoteCode`.
 */
export function fromRpcError(device: string, name: string, error: Json | undefined): BackplaneError {
  const fields = isObject(error) ? error : {}
  const reason = typeof fields.message === 'string' && fields.message !== '' ? fields.message : 'it gave no reason'
  const rpcCode = typeof fields.code === 'number' ? fields.code : undefined
  const data = isObject(fields.data) ? fields.data : {}
  const details = { device, name, reason, rpcCode, remoteCode: data.code, issues: reason }

  if (rpcCode === rpcCodes.unknownMethod) return coreError('BP_FUNCTION_UNKNOWN', { details, message: reason })
  if (rpcCode === rpcCodes.invalidParams) return contractError('BP_PARAMS_INVALID', { details, message: reason })
  const init = {
    details,
    message: reason,
    ...(typeof data.next === 'string' ? { next: data.next } : {}),
    ...(typeof data.retryable === 'boolean' ? { retryable: data.retryable } : {}),
  }
  return data.code === 'BP_TIMEOUT' ? coreError('BP_TIMEOUT', init) : contractError('BP_REMOTE_FAILED', init)
}

/** Gives a failed request in the words of a call. Only `BP_REFUSED` is no code of a call: the other side failed. */
export function asCallError(device: string, name: string, thrown: unknown): BackplaneError {
  const error = BackplaneError.from(thrown)
  const reason = messageOf(error.details.reason ?? error.message)
  if (error.code === 'BP_REFUSED') {
    // NATS's own words: the device has never heard of the call, so its log would tell nothing.
    const isForbidden = /permissions violation/i.test(reason)
    const next = isForbidden
      ? { next: 'The broker forbids it: check the tenant, and what the credentials permit.' }
      : {}
    return contractError('BP_REMOTE_FAILED', { details: { device, name, reason }, ...next, cause: error })
  }
  if (error.code !== 'BP_NO_RESPONDER') return error
  return contractError('BP_NO_RESPONDER', {
    details: { ...error.details, device, name },
    message: `Device '${device}' does not answer: nobody serves its calls.`,
    next: 'Check the device id and the tenant; discover devices to see who is there.',
    cause: error,
  })
}
