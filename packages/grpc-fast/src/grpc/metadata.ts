import { Metadata } from '@grpc/grpc-js'
import type { Header } from '../hpack/static-table.ts'

/** Names that the channel itself writes, and names that HTTP/2 rules out (RFC 9113, section 8.2.2). */
const reserved: ReadonlySet<string> = new Set([
  'te',
  'content-type',
  'user-agent',
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  // Servers end the whole connection where it does not fit the body.
  'content-length',
])

/** Names that speak of the connection and not of the call. */
const hidden: ReadonlySet<string> = new Set(['grpc-status', 'grpc-message', 'grpc-encoding', 'grpc-accept-encoding'])

/** The header fields of a call's metadata. */
export function headersOf(metadata: Metadata): Header[] {
  const headers: Header[] = []
  for (const [name, values] of Object.entries(metadata.toHttp2Headers())) {
    if (name.startsWith(':') || reserved.has(name) || values === undefined) continue
    for (const value of Array.isArray(values) ? values : [String(values)]) headers.push([name, value])
  }
  return headers
}

/** The metadata of header fields; what no metadata can hold is left out. */
export function metadataOf(headers: readonly Header[]): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of headers) {
    if (name.startsWith(':') || hidden.has(name)) continue
    try {
      if (!name.endsWith('-bin')) metadata.add(name, value)
      // Several values may stand in one field, separated by commas, which base64 does not have.
      else for (const one of value.split(',')) metadata.add(name, Buffer.from(one.trim(), 'base64'))
    } catch {
      // A name or value outside what gRPC allows.
    }
  }
  return metadata
}

/** The last value of a field: a peer that sends it twice means the last. */
export function field(headers: readonly Header[], name: string): string | undefined {
  return headers.findLast((header) => header[0] === name)?.[1]
}
