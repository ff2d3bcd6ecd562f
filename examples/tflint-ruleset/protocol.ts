/** tflint's plugin protocol: both services, their types (generated: `npm run generate`), and what starts a ruleset. */
import { join } from 'node:path'
import type { HandshakeConfig, ServiceCallInit } from '@backplane/handshake-grpc'
import { loadSync, type MethodDefinition } from '@grpc/proto-loader'
import type { RuleSetDefinition } from './generated/proto/RuleSet.ts'
import type { RunnerDefinition } from './generated/proto/Runner.ts'

/** The same options as those of the `generate` script: they decide what the generated types look like. */
const options = { longs: Number, enums: String, defaults: true }
const definitions = loadSync(join(import.meta.dirname, 'tflint.proto'), options)

/** What tflint calls. */
export const RuleSet = definitions['proto.RuleSet'] as unknown as RuleSetDefinition
/** What tflint answers while it has a module checked. */
export const Runner = definitions['proto.Runner'] as unknown as RunnerDefinition

/** What tflint sends to any ruleset. */
export const handshake: HandshakeConfig = {
  protocolVersion: 11,
  cookieKey: 'TFLINT_RULESET_PLUGIN',
  cookieValue: '5adSn1bX8nrDfgBqiAqqEkC6OE1h3iD8SqbMc5UUONx8x3xCF0KlPDsBRNDjoYDP',
}

// biome-ignore lint/suspicious/noExplicitAny: each pattern takes two of the four types.
type Any = any

/** One function for each call of a service, to answer it. */
export type Handlers<D> = {
  readonly [K in keyof D as string extends K ? never : K]: D[K] extends MethodDefinition<Any, infer S, infer Q, Any>
    ? (request: Q) => S | Promise<S>
    : never
}

/** One function for each call of a service, to make it. */
export type Calls<D> = {
  readonly [K in keyof D as string extends K ? never : K]: D[K] extends MethodDefinition<infer Q, Any, Any, infer S>
    ? (request: Q, init?: ServiceCallInit) => Promise<S>
    : never
}
