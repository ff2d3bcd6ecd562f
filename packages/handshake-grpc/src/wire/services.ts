import type { MethodDefinition } from '@grpc/grpc-js'
import {
  type Codec,
  connInfoCodec,
  emptyCodec,
  healthListCodec,
  healthRequestCodec,
  healthResponseCodec,
  stdioDataCodec,
} from './messages.ts'

/** The health service name under which every go-plugin plugin reports. */
export const healthServiceName = 'plugin'

/** `plugin.GRPCBroker`: announces brokered listeners in both directions. */
export const brokerService = {
  startStream: method('/plugin.GRPCBroker/StartStream', connInfoCodec, connInfoCodec, true, true),
}

/** `plugin.GRPCController`: asks the plugin to end. */
export const controllerService = {
  shutdown: method('/plugin.GRPCController/Shutdown', emptyCodec, emptyCodec, false, false),
}

/** `plugin.GRPCStdio`: what the plugin's code prints after the handshake. */
export const stdioService = {
  streamStdio: method('/plugin.GRPCStdio/StreamStdio', emptyCodec, stdioDataCodec, false, true),
}

/** `grpc.health.v1.Health`. */
export const healthService = {
  check: method('/grpc.health.v1.Health/Check', healthRequestCodec, healthResponseCodec, false, false),
  watch: method('/grpc.health.v1.Health/Watch', healthRequestCodec, healthResponseCodec, false, true),
  list: method('/grpc.health.v1.Health/List', emptyCodec, healthListCodec, false, false),
}

/** `grpc.reflection.v1.ServerReflection` and its older twin; bytes in and out, read where they are used. */
export const reflectionServices = {
  v1: { info: method('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', rawCodec(), rawCodec(), true, true) },
  v1alpha: {
    info: method('/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo', rawCodec(), rawCodec(), true, true),
  },
}

/** Makes a grpc-js method definition from two codecs. */
export function method<Q, S>(
  path: string,
  request: Codec<Q>,
  response: Codec<S>,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<Q, S> {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: request.encode,
    requestDeserialize: request.decode,
    responseSerialize: response.encode,
    responseDeserialize: response.decode,
  }
}

/** Bytes as they are. */
export function rawCodec(): Codec<Buffer> {
  return { encode: (value) => value, decode: (bytes) => bytes }
}
