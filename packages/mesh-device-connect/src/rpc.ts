import { BackplaneError, type Json, type Params, type Value } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { decodeJson, encodeBytes, isObject } from './json.ts'
import { fromRpcError, type RpcError, rpcCodes } from './rpc-errors.ts'

/** What came in on `cmd`: a request, something that is answered with an error, or something that is not answered. */
export type Incoming =
  | { readonly kind: 'request'; readonly id: Json; readonly method: string; readonly params: Params }
  | { readonly kind: 'refused'; readonly id: Json; readonly error: RpcError }
  | { readonly kind: 'notification' }

/**
 * Reads a body of `cmd`. `jsonrpc` may be absent or anything, as Python takes it; an absent `params` is `{}`. A
 * notification (no `id` key) is neither executed nor answered, as in Python; what is malformed is answered, where
 * Python leaves the caller waiting.
 */
export function readRequest(body: Uint8Array): Incoming {
  let message: Json
  try {
    message = decodeJson(body)
  } catch (error) {
    if (error instanceof BackplaneError)
      return refused(null, rpcCodes.invalidRequest, `Invalid request: ${error.message}`)
    return refused(null, rpcCodes.parse, 'Parse error: the body is not JSON in UTF-8')
  }
  if (!isObject(message)) {
    const what = Array.isArray(message) ? 'batches are not taken, send one request per message' : 'it is not an object'
    return refused(null, rpcCodes.invalidRequest, `Invalid request: ${what}`)
  }
  const { id = null, method, params = {} } = message
  if (typeof method !== 'string') {
    return refused(id, rpcCodes.invalidRequest, 'Invalid request: `method` must name a function, as a string')
  }
  if (!('id' in message)) return { kind: 'notification' }
  if (!isObject(params)) {
    return refused(id, rpcCodes.invalidParams, 'Invalid params: they must be an object, or absent')
  }
  return { kind: 'request', id, method, params }
}

/** Writes a request. */
export function writeRequest(id: string, method: string, params: Params): Uint8Array {
  return encodeBytes({ jsonrpc: '2.0', id, method, params })
}

/** Writes the answer to a request that went well. Throws `BP_VALUE_INVALID` for a result that JSON cannot carry. */
export function writeResult(id: Json, result: Value | undefined): Uint8Array {
  return encodeBytes({ jsonrpc: '2.0', id, result: result ?? null })
}

/** Writes the answer to a request that did not. */
export function writeError(id: Json, error: RpcError): Uint8Array {
  return encodeBytes({ jsonrpc: '2.0', id, error })
}

/** Reads the answer of `device`: gives its result, throws its error as one of ours. */
export function readResponse(device: string, name: string, body: Uint8Array): Value {
  let message: Json
  try {
    message = decodeJson(body)
  } catch (cause) {
    const isJson = cause instanceof BackplaneError
    const what = isJson ? `JSON that cannot be taken: ${cause.message}` : 'something that is not JSON'
    throw notAnAnswer(device, name, what, cause)
  }
  if (!isObject(message)) throw notAnAnswer(device, name, 'JSON that is not a JSON-RPC response')
  if (message.error !== undefined && message.error !== null) throw fromRpcError(device, name, message.error)
  if (message.result === undefined) throw notAnAnswer(device, name, 'a response with neither result nor error')
  return message.result
}

/** Writes an event. */
export function writeEvent(event: string, params: Params): Uint8Array {
  return encodeBytes({ jsonrpc: '2.0', method: event, params })
}

/** Reads an event's parameters; `undefined` for what is none. */
export function readEvent(body: Uint8Array): Params | undefined {
  try {
    const message = decodeJson(body)
    if (!isObject(message)) return undefined
    return isObject(message.params) ? message.params : {}
  } catch {
    return undefined
  }
}

function refused(id: Json, code: number, message: string): Incoming {
  return { kind: 'refused', id, error: { code, message } }
}

function notAnAnswer(device: string, name: string, what: string, cause?: unknown): BackplaneError {
  const reason = `Device '${device}' answered '${name}' with ${what}.`
  return contractError('BP_REMOTE_FAILED', { details: { device, name, reason }, cause })
}
