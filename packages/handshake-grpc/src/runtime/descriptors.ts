import { dirname } from 'node:path'
import { messageOf } from '@backplane/core'
import type { GrpcChannel } from '@backplane/grpc-fast'
import { createFileRegistry, type DescService, type FileRegistry, fromBinary } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { handshakeError } from '../errors.ts'
import { allOf, last, stringOf, uintOf } from '../wire/messages.ts'
import { ProtoWriter, readProto } from '../wire/protobuf.ts'
import { reflectionServices } from '../wire/services.ts'
import { completeFiles } from './complete-files.ts'

/** Services that a plugin offers, with all that is needed to read and write their messages. */
export interface ServiceCatalog {
  readonly services: readonly DescService[]
  readonly registry: FileRegistry
}

/** Whether a service belongs to go-plugin or gRPC itself rather than to the application. */
export function isOwnService(name: string): boolean {
  return name.startsWith('grpc.') || /^plugin\.GRPC(Broker|Controller|Stdio)$/.test(name)
}

/**
 * Reads `.proto` files. Imports are looked for beside each file; google/protobuf's are built in.
 *
 * @throws BP_HANDSHAKE_SCHEMA
 */
export async function catalogFromProto(paths: readonly string[]): Promise<ServiceCatalog> {
  const { load } = await import('@grpc/proto-loader')
  const files = new Map<string, FileDescriptorProto>()
  try {
    const loaded = await load([...paths], {
      keepCase: true,
      includeDirs: [...new Set(paths.map((path) => dirname(path)))],
    })
    for (const definition of Object.values(loaded)) {
      if (!('fileDescriptorProtos' in definition)) continue
      for (const bytes of definition.fileDescriptorProtos as Uint8Array[]) addFile(files, bytes)
    }
    return catalogOf(files, undefined)
  } catch (cause) {
    throw failed(messageOf(cause), cause)
  }
}

/**
 * Asks a plugin for its services by gRPC reflection, v1 and then v1alpha.
 *
 * @throws BP_HANDSHAKE_SCHEMA when it has neither
 */
export async function catalogByReflection(
  channel: GrpcChannel,
  wanted: readonly string[] | undefined,
  signal?: AbortSignal,
): Promise<ServiceCatalog> {
  let failure: unknown
  for (const version of ['v1', 'v1alpha'] as const) {
    const session = new ReflectionSession(channel, version, signal)
    try {
      return await session.catalog(wanted)
    } catch (error) {
      failure = error
      if ((error as Partial<ServiceError>).code !== status.UNIMPLEMENTED) break
    } finally {
      session.close()
    }
  }
  throw failed(messageOf(failure), failure)
}

/** Names of everything that a plugin's reflection lists, its own services included; empty without reflection. */
export async function listServices(channel: GrpcChannel): Promise<readonly string[]> {
  for (const version of ['v1', 'v1alpha'] as const) {
    const session = new ReflectionSession(channel, version)
    try {
      return await session.list()
    } catch (error) {
      if ((error as Partial<ServiceError>).code !== status.UNIMPLEMENTED) throw failed(messageOf(error), error)
    } finally {
      session.close()
    }
  }
  return []
}

/** One reflection stream: questions and answers in turn. */
class ReflectionSession {
  readonly #call: ClientDuplexStream<Buffer, Buffer>
  readonly #waiting: { resolve(answer: Buffer): void; reject(error: unknown): void }[] = []
  #failure: unknown

  constructor(channel: GrpcChannel, version: 'v1' | 'v1alpha', signal?: AbortSignal) {
    const { path, requestSerialize, responseDeserialize } = reflectionServices[version].info
    const client = new Client('plugin', credentials.createInsecure(), { channelOverride: channel })
    // A plugin that stops answering must not hold its load up for ever.
    const options = { deadline: Date.now() + 10_000 }
    this.#call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), options)
    this.#call.on('data', (answer: Buffer) => this.#waiting.shift()?.resolve(answer))
    this.#call.on('error', (error) => this.#fail(error))
    this.#call.on('end', () => this.#fail(failed('the plugin ended the reflection stream')))
    signal?.addEventListener('abort', () => this.#call.cancel(), { once: true })
  }

  async list(): Promise<readonly string[]> {
    const answer = await this.#ask(7, '')
    return allOf(readProto(nested(answer, 6)), 1).map((entry) => stringOf(readProto(entry), 1))
  }

  async catalog(wanted: readonly string[] | undefined): Promise<ServiceCatalog> {
    const names = wanted ?? (await this.list()).filter((name) => !isOwnService(name))
    const files = new Map<string, FileDescriptorProto>()
    for (const name of names) {
      const answer = await this.#ask(4, name)
      for (const bytes of allOf(readProto(nested(answer, 4)), 1)) addFile(files, bytes)
    }
    for (;;) {
      const missing = [...files.values()].flatMap((file) => file.dependency).find((name) => !files.has(name))
      if (missing === undefined) break
      for (const bytes of allOf(readProto(nested(await this.#ask(3, missing), 4)), 1)) addFile(files, bytes)
      if (!files.has(missing)) throw failed(`the plugin does not give the file ${missing}`)
    }
    return catalogOf(files, names)
  }

  close(): void {
    this.#call.on('error', () => {})
    this.#call.cancel()
  }

  async #ask(field: number, value: string): Promise<Buffer> {
    if (this.#failure !== undefined) throw this.#failure
    const answer = await new Promise<Buffer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      // Written even when empty: in a oneof an empty text is a choice.
      this.#call.write(new ProtoWriter().bytes(field, Buffer.from(value)).finish())
    })
    const error = last(readProto(answer), 7)
    if (error instanceof Buffer) {
      const fields = readProto(error)
      throw failed(`reflection of ${value}: ${stringOf(fields, 2)} (code ${uintOf(fields, 1)})`)
    }
    return answer
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
  }
}

function nested(message: Buffer, field: number): Buffer {
  const value = last(readProto(message), field)
  return value instanceof Buffer ? value : Buffer.alloc(0)
}

function addFile(files: Map<string, FileDescriptorProto>, bytes: Uint8Array): void {
  const file = fromBinary(FileDescriptorProtoSchema, bytes)
  if (files.has(file.name)) return
  files.set(file.name, file)
}

function catalogOf(files: Map<string, FileDescriptorProto>, wanted: readonly string[] | undefined): ServiceCatalog {
  completeFiles(files.values())
  // The registry wants each file after those that it imports.
  const sorted: FileDescriptorProto[] = []
  const visit = (file: FileDescriptorProto | undefined) => {
    if (!file || sorted.includes(file)) return
    for (const name of file.dependency) visit(files.get(name))
    sorted.push(file)
  }
  for (const file of files.values()) visit(file)
  const registry = createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file: sorted })
  const services = [...registry].filter((entry) => entry.kind === 'service')
  return {
    registry,
    services: wanted ? services.filter(({ typeName }) => wanted.includes(typeName)) : services,
  }
}

function failed(reason: string, cause?: unknown) {
  return handshakeError('BP_HANDSHAKE_SCHEMA', { details: { reason }, cause })
}
