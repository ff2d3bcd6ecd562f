import type { CallCredentials, Metadata } from '@grpc/grpc-js'
import type { Header } from '../hpack/static-table.ts'
import { acceptedEncodings } from './compression.ts'

/** What all calls of a method have in common. */
export interface RequestInit {
  readonly method: string
  readonly authority: string
  readonly userAgent: string
  readonly secure: boolean
}

/** The header fields that are the same for every call of a method. */
export function requestHeaders({ method, authority, userAgent, secure }: RequestInit): Header[] {
  return [
    [':method', 'POST'],
    [':scheme', secure ? 'https' : 'http'],
    [':path', method],
    [':authority', authority],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ['user-agent', userAgent],
    ['grpc-accept-encoding', acceptedEncodings],
  ]
}

/** Asks for the metadata that call credentials add; the service's address has the form that gRPC gives it. */
export function credentialMetadata(
  credentials: CallCredentials,
  { method, authority }: Pick<RequestInit, 'method' | 'authority'>,
): Promise<Metadata> {
  const service = method.split('/')[1] ?? ''
  const host = authority.replace(/:\d+$/, '')
  return credentials.generateMetadata({ method_name: method, service_url: `https://${host}/${service}` })
}
