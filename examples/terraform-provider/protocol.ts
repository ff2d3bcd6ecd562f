/** Plugin protocol 6: the service, its types (generated: `npm run generate`), and what starts a provider. */
import { join } from 'node:path'
import type { HandlerContext, HandshakeConfig } from '@backplane/handshake-grpc'
import type { handleUnaryCall } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { ProviderDefinition, ProviderHandlers } from './generated/tfplugin6/Provider.ts'

/** The same options as those of the `generate` script: they decide what the generated types look like. */
const options = { longs: Number, enums: String, defaults: true }
const definitions = loadSync(join(import.meta.dirname, 'tfplugin6.proto'), options)

export const Provider = definitions['tfplugin6.Provider'] as unknown as ProviderDefinition

/** What Terraform and OpenTofu send to any provider of protocol 6. */
export const handshake: HandshakeConfig = {
  protocolVersion: 6,
  cookieKey: 'TF_PLUGIN_MAGIC_COOKIE',
  cookieValue: 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2',
}

type Unary<H> =
  H extends handleUnaryCall<infer Request, infer Response>
    ? (request: Request, context: HandlerContext) => Response | Promise<Response>
    : never

/** One function for each call of the protocol. */
export type Handlers = {
  readonly [K in keyof ProviderHandlers as string extends K ? never : K]: Unary<ProviderHandlers[K]>
}
