import { type ProtoField, ProtoWriter, readProto } from './protobuf.ts'

/** `plugin.ConnInfo`: where a brokered listener is, or a knock on a multiplexed one. */
export interface ConnInfo {
  readonly serviceId: number
  readonly network: string
  readonly address: string
  readonly knock?: { readonly knock: boolean; readonly ack: boolean; readonly error: string }
}

/** `plugin.StdioData`: channel 1 is stdout, 2 stderr. */
export interface StdioData {
  readonly channel: number
  readonly data: Buffer
}

/** Serialises and reads one message type, in the shape that grpc-js service definitions take. */
export interface Codec<T> {
  readonly encode: (value: T) => Buffer
  readonly decode: (bytes: Buffer) => T
}

/** For `plugin.Empty` and `google.protobuf.Empty` alike. */
export const emptyCodec: Codec<Record<string, never>> = {
  encode: () => Buffer.alloc(0),
  decode: () => ({}),
}

export const connInfoCodec: Codec<ConnInfo> = {
  encode: (info) => {
    const writer = new ProtoWriter().uint(1, info.serviceId).string(2, info.network).string(3, info.address)
    if (info.knock) {
      const { knock, ack, error } = info.knock
      writer.message(4, new ProtoWriter().bool(1, knock).bool(2, ack).string(3, error))
    }
    return writer.finish()
  },
  decode: (bytes) => {
    const fields = readProto(bytes)
    const knock = last(fields, 4)
    const inner = knock instanceof Buffer ? readProto(knock) : undefined
    return {
      serviceId: uintOf(fields, 1),
      network: stringOf(fields, 2),
      address: stringOf(fields, 3),
      ...(inner && {
        knock: { knock: uintOf(inner, 1) !== 0, ack: uintOf(inner, 2) !== 0, error: stringOf(inner, 3) },
      }),
    }
  },
}

export const stdioDataCodec: Codec<StdioData> = {
  encode: (chunk) => new ProtoWriter().uint(1, chunk.channel).bytes(2, chunk.data).finish(),
  decode: (bytes) => {
    const fields = readProto(bytes)
    return { channel: uintOf(fields, 1), data: bytesOf(fields, 2) }
  },
}

/** `grpc.health.v1.HealthCheckRequest`. */
export const healthRequestCodec: Codec<{ readonly service: string }> = {
  encode: (request) => new ProtoWriter().string(1, request.service).finish(),
  decode: (bytes) => ({ service: stringOf(readProto(bytes), 1) }),
}

/** The states of `grpc.health.v1.HealthCheckResponse`, by number. */
const servingStates = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const

/** A state of the standard health service. */
export type ServingState = (typeof servingStates)[number]

export const healthResponseCodec: Codec<{ readonly status: ServingState }> = {
  encode: (response) => new ProtoWriter().uint(1, servingStates.indexOf(response.status)).finish(),
  decode: (bytes) => ({ status: servingStates[uintOf(readProto(bytes), 1)] ?? 'UNKNOWN' }),
}

/** `grpc.health.v1.HealthListResponse`: every service with its state. */
export const healthListCodec: Codec<{ readonly statuses: Readonly<Record<string, ServingState>> }> = {
  encode: ({ statuses }) => {
    const writer = new ProtoWriter()
    for (const [name, status] of Object.entries(statuses)) {
      const entry = new ProtoWriter().string(1, name).bytes(2, healthResponseCodec.encode({ status }))
      writer.message(1, entry)
    }
    return writer.finish()
  },
  decode: (bytes) => ({
    statuses: Object.fromEntries(
      allOf(readProto(bytes), 1).map((entry) => {
        const fields = readProto(entry)
        return [stringOf(fields, 1), healthResponseCodec.decode(bytesOf(fields, 2)).status]
      }),
    ),
  }),
}

/** The last value of a field: what proto3 keeps when a field stands there twice. */
export function last(fields: readonly ProtoField[], field: number): number | Buffer | undefined {
  return fields.findLast((entry) => entry.field === field)?.value
}

export function uintOf(fields: readonly ProtoField[], field: number): number {
  const value = last(fields, field)
  return typeof value === 'number' ? value : 0
}

export function stringOf(fields: readonly ProtoField[], field: number): string {
  return bytesOf(fields, field).toString('utf8')
}

function bytesOf(fields: readonly ProtoField[], field: number): Buffer {
  const value = last(fields, field)
  return value instanceof Buffer ? value : Buffer.alloc(0)
}

/** Every length-delimited value of a repeated field. */
export function allOf(fields: readonly ProtoField[], field: number): Buffer[] {
  return fields.flatMap((entry) => (entry.field === field && entry.value instanceof Buffer ? [entry.value] : []))
}
