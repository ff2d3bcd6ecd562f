import { Metadata, type StatusObject, status } from '@grpc/grpc-js'
import type { Header } from '../hpack/static-table.ts'
import { http2Code } from '../http2/error.ts'
import { field, metadataOf } from './metadata.ts'

/** Makes a status that carries nothing from the peer. */
export function ownStatus(code: status, details: string): StatusObject {
  return { code, details, metadata: new Metadata() }
}

/** Reads the status of a call from its trailers, or from the HTTP status where there is none. */
export function trailersStatus(headers: readonly Header[], httpStatus: number): StatusObject {
  const metadata = metadataOf(headers)
  const text = field(headers, 'grpc-status')
  if (text === undefined) return { ...missingStatus(httpStatus), metadata }
  if (!/^\d{1,9}$/.test(text)) {
    return { code: status.UNKNOWN, details: `Received a grpc-status that is no number: ${text}`, metadata }
  }
  return { code: Number(text), details: percentDecoded(field(headers, 'grpc-message') ?? ''), metadata }
}

/** The status of a call that ended without one; the mapping is gRPC's `http-grpc-status-mapping`. */
export function missingStatus(httpStatus: number): StatusObject {
  if (httpStatus === 200) {
    return ownStatus(status.INTERNAL, 'Received RST_STREAM with code 0 (Call ended without gRPC status)')
  }
  return ownStatus(httpCodes[httpStatus] ?? status.UNKNOWN, `Received HTTP status code ${httpStatus}`)
}

const httpCodes: Readonly<Record<number, status>> = {
  400: status.INTERNAL,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.UNIMPLEMENTED,
  429: status.UNAVAILABLE,
  502: status.UNAVAILABLE,
  503: status.UNAVAILABLE,
  504: status.UNAVAILABLE,
}

/** The status of a call whose stream the peer reset; gRPC's mapping, with the words that grpc-js uses. */
export function resetStatus(code: number): StatusObject {
  switch (code) {
    case http2Code.refusedStream:
      return ownStatus(status.UNAVAILABLE, 'Stream refused by server')
    case http2Code.cancel:
      return ownStatus(status.CANCELLED, 'Call cancelled')
    case http2Code.enhanceYourCalm:
      return ownStatus(status.RESOURCE_EXHAUSTED, 'Bandwidth exhausted or memory limit exceeded')
    case http2Code.inadequateSecurity:
      return ownStatus(status.PERMISSION_DENIED, 'Protocol not secure enough')
    case http2Code.internal:
      return ownStatus(status.INTERNAL, `Received RST_STREAM with code ${code} (Internal server error)`)
    default:
      return ownStatus(status.INTERNAL, `Received RST_STREAM with code ${code}`)
  }
}

/** Reads gRPC's percent encoding; what is not encoded in the right way stays as it is. */
function percentDecoded(text: string): string {
  if (!text.includes('%')) return text
  const bytes = Buffer.from(text, 'latin1')
  const out = Buffer.allocUnsafe(bytes.length)
  let written = 0
  for (let at = 0; at < bytes.length; at++) {
    const hex = bytes[at] === 0x25 ? text.slice(at + 1, at + 3) : ''
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      out[written++] = Number.parseInt(hex, 16)
      at += 2
    } else out[written++] = bytes[at]!
  }
  return out.toString('utf8', 0, written)
}
