import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { type ServiceDefinition, status } from '@grpc/grpc-js'
import { completeFiles } from '../runtime/complete-files.ts'
import { builtInDescriptors } from '../wire/descriptors.ts'
import { allOf, last, stringOf } from '../wire/messages.ts'
import { ProtoWriter, readProto } from '../wire/protobuf.ts'

interface DescriptorFile {
  readonly bytes: Uint8Array
  readonly name: string
  readonly dependencies: readonly string[]
}

/**
 * Answers `ServerReflectionInfo` for a set of services. Definitions made by proto-loader carry their descriptors; for
 * others they are given apart, or only the names are listed.
 */
export class ReflectionIndex {
  readonly #services: readonly string[]
  readonly #files = new Map<string, DescriptorFile>()
  readonly #symbols = new Map<string, DescriptorFile>()

  constructor(definitions: readonly ServiceDefinition[], descriptors: readonly Uint8Array[]) {
    const names = definitions.flatMap((definition) =>
      Object.values(definition).map((method) => method.path.split('/')[1] ?? ''),
    )
    this.#services = [
      ...new Set([...names, 'grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection']),
    ].sort()
    for (const bytes of builtInDescriptors()) this.#add(bytes)
    const files = [...carried(definitions), ...descriptors].map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
    completeFiles(files)
    for (const file of files) this.#add(toBinary(FileDescriptorProtoSchema, file))
  }

  /** Answers one serialised request with a serialised response. */
  answer(question: Buffer): Buffer {
    const fields = readProto(question)
    const writer = new ProtoWriter().string(1, stringOf(fields, 1)).bytes(2, question)
    if (last(fields, 7) !== undefined) {
      const list = new ProtoWriter()
      for (const name of this.#services) list.message(1, new ProtoWriter().string(1, name))
      return writer.message(6, list).finish()
    }
    const name = last(fields, 3) === undefined ? undefined : stringOf(fields, 3)
    const symbol = last(fields, 4) === undefined ? undefined : stringOf(fields, 4)
    const file = name !== undefined ? this.#files.get(name) : this.#bySymbol(symbol ?? '')
    if (!file) {
      const what = name ?? symbol ?? 'extensions'
      const error = new ProtoWriter().uint(1, status.NOT_FOUND).string(2, `${what} is not known here`)
      return writer.message(7, error).finish()
    }
    const found = new ProtoWriter()
    for (const bytes of this.#withDependencies(file)) found.bytes(1, bytes)
    return writer.message(4, found).finish()
  }

  /** A method's or field's name is found through what holds it. */
  #bySymbol(symbol: string): DescriptorFile | undefined {
    const file = this.#symbols.get(symbol)
    const end = symbol.lastIndexOf('.')
    return file ?? (end === -1 ? undefined : this.#bySymbol(symbol.slice(0, end)))
  }

  #withDependencies(file: DescriptorFile): Uint8Array[] {
    const seen = new Map<string, Uint8Array>()
    const add = (each: DescriptorFile) => {
      if (seen.has(each.name)) return
      seen.set(each.name, each.bytes)
      for (const name of each.dependencies) {
        const dependency = this.#files.get(name)
        if (dependency) add(dependency)
      }
    }
    add(file)
    return [...seen.values()]
  }

  #add(bytes: Uint8Array): void {
    const fields = readProto(bytes)
    const file = {
      bytes,
      name: stringOf(fields, 1),
      dependencies: allOf(fields, 3).map((name) => name.toString('utf8')),
    }
    if (this.#files.has(file.name)) return
    this.#files.set(file.name, file)
    const scope = stringOf(fields, 2)
    // Messages, enums and services are fields 4, 5 and 6; each has its name in field 1.
    for (const field of [4, 5, 6]) for (const entry of allOf(fields, field)) this.#name(scope, entry, file)
  }

  #name(scope: string, entry: Buffer, file: DescriptorFile): void {
    const fields = readProto(entry)
    const name = scope === '' ? stringOf(fields, 1) : `${scope}.${stringOf(fields, 1)}`
    if (!this.#symbols.has(name)) this.#symbols.set(name, file)
  }
}

/** Descriptors that proto-loader hangs on each message type. */
function carried(definitions: readonly ServiceDefinition[]): Uint8Array[] {
  const found: Uint8Array[] = []
  for (const definition of definitions) {
    for (const method of Object.values(definition)) {
      const { requestType, responseType } = method as { requestType?: unknown; responseType?: unknown }
      for (const type of [requestType, responseType]) {
        const { fileDescriptorProtos } = (type ?? {}) as { fileDescriptorProtos?: Uint8Array[] }
        found.push(...(fileDescriptorProtos ?? []))
      }
    }
  }
  return [...new Set(found)]
}
