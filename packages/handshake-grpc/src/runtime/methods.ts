import { type FunctionDescriptor, messageOf, type Params, type Value } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import {
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  fromJson,
  type Registry,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import type { MethodDefinition } from '@grpc/grpc-js'
import { method, rawCodec } from '../wire/services.ts'
import type { ServiceCatalog } from './descriptors.ts'
import { schemaOf } from './json-schema.ts'
import { messageJson, messageValue } from './values.ts'

/** One gRPC method as a function of the plugin. */
export interface MethodFunction {
  readonly descriptor: FunctionDescriptor
  readonly definition: MethodDefinition<Buffer, Buffer>
  readonly streams: boolean
  /** Its request message. */
  readonly input: DescMessage
  /** Makes the request message of a function's parameters. @throws BP_PARAMS_INVALID */
  encode(params: Params): Buffer
  /** Makes a value of a response message. */
  decode(bytes: Buffer): Value
}

/**
 * Gives the functions of a plugin's services: unary methods as calls, server streams as streams of items, each by
 * `Service.Method`, or by `Method` alone. Where two would have one name both get the service's full name. Methods that
 * take a stream are left out: a function has one set of parameters.
 */
export function methodFunctions(catalog: ServiceCatalog, names: 'service' | 'method'): Map<string, MethodFunction> {
  const functions = new Map<string, MethodFunction>()
  const short = (service: DescService, rpc: DescMethod) =>
    names === 'method' ? rpc.name : `${service.name}.${rpc.name}`
  const taken = catalog.services.flatMap((service) => service.methods.map((rpc) => short(service, rpc)))
  for (const service of catalog.services) {
    for (const rpc of service.methods) {
      if (rpc.methodKind !== 'unary' && rpc.methodKind !== 'server_streaming') continue
      const own = short(service, rpc)
      const name = taken.indexOf(own) === taken.lastIndexOf(own) ? own : `${service.typeName}.${rpc.name}`
      functions.set(name, methodFunction(name, service, rpc, catalog.registry))
    }
  }
  return functions
}

/** JSON in `google.protobuf.Value` takes three levels of messages for each of its own. */
const maxDepth = 1000

function methodFunction(name: string, service: DescService, rpc: DescMethod, registry: Registry): MethodFunction {
  const streams = rpc.methodKind === 'server_streaming'
  return {
    streams,
    input: rpc.input,
    descriptor: {
      name,
      description: `gRPC ${streams ? 'server stream' : 'call'} ${service.typeName}/${rpc.name}.`,
      parameters: schemaOf(rpc.input, 'parameters'),
      result: streams ? { type: 'null' } : schemaOf(rpc.output, 'result'),
      ...(streams && { stream: 'items' as const }),
    },
    definition: method(`/${service.typeName}/${rpc.name}`, rawCodec(), rawCodec(), false, streams),
    encode(params) {
      try {
        return Buffer.from(
          toBinary(rpc.input, fromJson(rpc.input, messageJson(rpc.input, params, registry), { registry })),
        )
      } catch (cause) {
        // The library's texts name the message and the field.
        throw contractError('BP_PARAMS_INVALID', { details: { name, issues: messageOf(cause) }, cause })
      }
    },
    decode(bytes) {
      const message = fromBinary(rpc.output, bytes, { recursionLimit: maxDepth })
      const json = toJson(rpc.output, message, { registry, alwaysEmitImplicit: true })
      return messageValue(rpc.output, json, registry)
    },
  }
}
