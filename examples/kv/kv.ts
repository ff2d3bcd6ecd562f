/** What plugin and host share: the service, and the cookie of go-plugin's own KV example. */
import { join } from 'node:path'
import type { ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

export const KV = loadSync(join(import.meta.dirname, 'kv.proto'))['proto.KV'] as ServiceDefinition

export const handshake = { cookieKey: 'BASIC_PLUGIN', cookieValue: 'hello', protocolVersion: 1 }
