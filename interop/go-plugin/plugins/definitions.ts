/** The services of go-plugin's examples, written down again as protobuf descriptions. */
import { join } from 'node:path'
import type { ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const folder = join(import.meta.dirname, '../../../packages/handshake-grpc/test/fixtures/proto')

/** A service of one of the .proto files, with fields named and present as in the file. */
export function service(file: string, name: string): ServiceDefinition {
  const options = { keepCase: true, defaults: true, oneofs: true, longs: Number }
  return loadSync(join(folder, `${file}.proto`), options)[name] as ServiceDefinition
}

export const KV = service('kv', 'proto.KV')
export const Counter = service('counter', 'proto.Counter')
export const AddHelper = service('counter', 'proto.AddHelper')
export const Streamer = service('streamer', 'proto.StreamerService')
export const Test = service('grpctest', 'grpctest.Test')
export const PingPong = service('grpctest', 'grpctest.PingPong')

export const basicHandshake = { cookieKey: 'BASIC_PLUGIN', cookieValue: 'hello' }
export const testHandshake = { cookieKey: 'TEST_MAGIC_COOKIE', cookieValue: 'test' }
