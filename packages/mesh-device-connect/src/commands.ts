import { Buffer } from 'node:buffer'
import type { IncomingRequest, MeshHandler, RequestHandler } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { encodeJson } from './json.ts'
import { takeMeta } from './meta.ts'
import { readRequest, writeError, writeResult } from './rpc.ts'
import { toRpcError } from './rpc-errors.ts'

/** What answering calls needs. */
export interface CommandsInit {
  readonly handler: MeshHandler
  /** The registration's parameters as JSON text, as they are now. */
  readonly registration: () => string
  /** Largest answer in bytes. */
  readonly maxPayload: () => number
}

/** Answers what comes in on `cmd`, calls side by side. Every request gets an answer; a notification gets none. */
export function commands({ handler, registration, maxPayload }: CommandsInit): RequestHandler {
  return async (request: IncomingRequest) => {
    const incoming = readRequest(request.payload)
    if (incoming.kind === 'notification') return undefined
    if (incoming.kind === 'refused') return writeError(incoming.id, incoming.error)
    const { id, method } = incoming
    try {
      if (method === 'requestRegistration') {
        return within(Buffer.from(`{"jsonrpc":"2.0","id":${encodeJson(id)},"result":${registration()}}`), maxPayload())
      }
      const { params, ...about } = takeMeta(incoming.params)
      const result = await handler({ name: method, params, signal: request.signal, ...about })
      return within(writeResult(id, result), maxPayload())
    } catch (thrown) {
      return writeError(id, toRpcError(method, thrown))
    }
  }
}

function within(answer: Uint8Array, limit: number): Uint8Array {
  if (answer.length <= limit) return answer
  const message = `The answer has ${answer.length} bytes, and a message on this mesh carries ${limit}.`
  throw contractError('BP_PAYLOAD_TOO_LARGE', { details: { bytes: answer.length, limit }, message })
}
