import { ProtoWriter } from './protobuf.ts'

// Numbers of google/protobuf/descriptor.proto.
const types = { uint32: 13, bool: 8, string: 9, bytes: 12, message: 11, enum: 14 } as const

type Field = readonly [number: number, name: string, type: keyof typeof types, typeName?: string, repeated?: boolean]

interface Message {
  readonly name: string
  readonly fields?: readonly Field[]
  readonly nested?: readonly Message[]
  readonly enums?: readonly (readonly [name: string, values: readonly string[]])[]
  readonly mapEntry?: boolean
}

type Method = readonly [name: string, input: string, output: string, streams?: 'client' | 'server' | 'both']

interface File {
  readonly name: string
  readonly package: string
  readonly dependencies?: readonly string[]
  readonly messages?: readonly Message[]
  readonly services?: readonly (readonly [name: string, methods: readonly Method[]])[]
}

const reflection = (version: string): File => {
  const scope = `.grpc.reflection.${version}`
  return {
    name: `grpc/reflection/${version}/reflection.proto`,
    package: `grpc.reflection.${version}`,
    messages: [
      {
        name: 'ServerReflectionRequest',
        fields: [
          [1, 'host', 'string'],
          [3, 'file_by_filename', 'string'],
          [4, 'file_containing_symbol', 'string'],
          [5, 'file_containing_extension', 'message', `${scope}.ExtensionRequest`],
          [6, 'all_extension_numbers_of_type', 'string'],
          [7, 'list_services', 'string'],
        ],
      },
      {
        name: 'ExtensionRequest',
        fields: [
          [1, 'containing_type', 'string'],
          [2, 'extension_number', 'uint32'],
        ],
      },
      {
        name: 'ServerReflectionResponse',
        fields: [
          [1, 'valid_host', 'string'],
          [2, 'original_request', 'message', `${scope}.ServerReflectionRequest`],
          [4, 'file_descriptor_response', 'message', `${scope}.FileDescriptorResponse`],
          [6, 'list_services_response', 'message', `${scope}.ListServiceResponse`],
          [7, 'error_response', 'message', `${scope}.ErrorResponse`],
        ],
      },
      { name: 'FileDescriptorResponse', fields: [[1, 'file_descriptor_proto', 'bytes', undefined, true]] },
      { name: 'ListServiceResponse', fields: [[1, 'service', 'message', `${scope}.ServiceResponse`, true]] },
      { name: 'ServiceResponse', fields: [[1, 'name', 'string']] },
      {
        name: 'ErrorResponse',
        fields: [
          [1, 'error_code', 'uint32'],
          [2, 'error_message', 'string'],
        ],
      },
    ],
    services: [
      [
        'ServerReflection',
        [['ServerReflectionInfo', `${scope}.ServerReflectionRequest`, `${scope}.ServerReflectionResponse`, 'both']],
      ],
    ],
  }
}

const files: readonly File[] = [
  { name: 'google/protobuf/empty.proto', package: 'google.protobuf', messages: [{ name: 'Empty' }] },
  {
    name: 'internal/plugin/grpc_broker.proto',
    package: 'plugin',
    messages: [
      {
        name: 'ConnInfo',
        fields: [
          [1, 'service_id', 'uint32'],
          [2, 'network', 'string'],
          [3, 'address', 'string'],
          [4, 'knock', 'message', '.plugin.ConnInfo.Knock'],
        ],
        nested: [
          {
            name: 'Knock',
            fields: [
              [1, 'knock', 'bool'],
              [2, 'ack', 'bool'],
              [3, 'error', 'string'],
            ],
          },
        ],
      },
    ],
    services: [['GRPCBroker', [['StartStream', '.plugin.ConnInfo', '.plugin.ConnInfo', 'both']]]],
  },
  {
    name: 'internal/plugin/grpc_controller.proto',
    package: 'plugin',
    messages: [{ name: 'Empty' }],
    services: [['GRPCController', [['Shutdown', '.plugin.Empty', '.plugin.Empty']]]],
  },
  {
    name: 'internal/plugin/grpc_stdio.proto',
    package: 'plugin',
    dependencies: ['google/protobuf/empty.proto'],
    messages: [
      {
        name: 'StdioData',
        fields: [
          [1, 'channel', 'enum', '.plugin.StdioData.Channel'],
          [2, 'data', 'bytes'],
        ],
        enums: [['Channel', ['INVALID', 'STDOUT', 'STDERR']]],
      },
    ],
    services: [['GRPCStdio', [['StreamStdio', '.google.protobuf.Empty', '.plugin.StdioData', 'server']]]],
  },
  {
    name: 'grpc/health/v1/health.proto',
    package: 'grpc.health.v1',
    messages: [
      { name: 'HealthCheckRequest', fields: [[1, 'service', 'string']] },
      {
        name: 'HealthCheckResponse',
        fields: [[1, 'status', 'enum', '.grpc.health.v1.HealthCheckResponse.ServingStatus']],
        enums: [['ServingStatus', ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']]],
      },
      { name: 'HealthListRequest' },
      {
        name: 'HealthListResponse',
        fields: [[1, 'statuses', 'message', '.grpc.health.v1.HealthListResponse.StatusesEntry', true]],
        nested: [
          {
            name: 'StatusesEntry',
            fields: [
              [1, 'key', 'string'],
              [2, 'value', 'message', '.grpc.health.v1.HealthCheckResponse'],
            ],
            mapEntry: true,
          },
        ],
      },
    ],
    services: [
      [
        'Health',
        [
          ['Check', '.grpc.health.v1.HealthCheckRequest', '.grpc.health.v1.HealthCheckResponse'],
          ['Watch', '.grpc.health.v1.HealthCheckRequest', '.grpc.health.v1.HealthCheckResponse', 'server'],
          ['List', '.grpc.health.v1.HealthListRequest', '.grpc.health.v1.HealthListResponse'],
        ],
      ],
    ],
  },
  reflection('v1'),
  reflection('v1alpha'),
]

/** Serialised `FileDescriptorProto`s of the services that every plugin has. */
export function builtInDescriptors(): Buffer[] {
  return files.map((file) => {
    const writer = new ProtoWriter().string(1, file.name).string(2, file.package)
    for (const dependency of file.dependencies ?? []) writer.string(3, dependency)
    for (const message of file.messages ?? []) writer.message(4, messageDescriptor(message))
    for (const [name, methods] of file.services ?? []) {
      const service = new ProtoWriter().string(1, name)
      for (const method of methods) service.message(2, methodDescriptor(method))
      writer.message(6, service)
    }
    return writer.string(12, 'proto3').finish()
  })
}

function messageDescriptor(message: Message): ProtoWriter {
  const writer = new ProtoWriter().string(1, message.name)
  for (const [number, name, type, typeName = '', repeated] of message.fields ?? []) {
    const json = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
    writer.message(
      2,
      new ProtoWriter()
        .string(1, name)
        .uint(3, number)
        .uint(4, repeated ? 3 : 1)
        .uint(5, types[type])
        .string(6, typeName)
        .string(10, json),
    )
  }
  for (const nested of message.nested ?? []) writer.message(3, messageDescriptor(nested))
  for (const [name, values] of message.enums ?? []) {
    const writerOfEnum = new ProtoWriter().string(1, name)
    // The first value's number, 0, is written like the others would be: absent, which reads as 0.
    values.forEach((value, number) => {
      writerOfEnum.message(2, new ProtoWriter().string(1, value).uint(2, number))
    })
    writer.message(4, writerOfEnum)
  }
  if (message.mapEntry) writer.message(7, new ProtoWriter().bool(7, true))
  return writer
}

function methodDescriptor([name, input, output, streams]: Method): ProtoWriter {
  return new ProtoWriter()
    .string(1, name)
    .string(2, input)
    .string(3, output)
    .bool(5, streams === 'client' || streams === 'both')
    .bool(6, streams === 'server' || streams === 'both')
}
