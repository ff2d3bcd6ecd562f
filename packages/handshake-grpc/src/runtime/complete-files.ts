import type { DescriptorProto, FileDescriptorProto } from '@bufbuild/protobuf/wkt'

/**
 * Completes descriptions that protobufjs made (proto-loader's are of that kind) to what protoc writes: full type names,
 * imports, JSON names. Changes them in place; what protoc made stays as it is.
 */
export function completeFiles(files: Iterable<FileDescriptorProto>): void {
  const homes = new Map<string, string>()
  const all = [...files]
  for (const file of all) {
    for (const message of file.messageType) nameTypes(file.package, message, file.name, homes)
    for (const { name } of file.enumType) homes.set(join(file.package, name), file.name)
  }
  for (const file of all) {
    const use = (typeName: string, scope: string): string => {
      const full = typeName.startsWith('.') ? typeName.slice(1) : resolve(typeName, scope, homes)
      const home = homes.get(full)
      if (home !== undefined && home !== file.name && !file.dependency.includes(home)) file.dependency.push(home)
      return `.${full}`
    }
    for (const message of file.messageType) completeMessage(message, join(file.package, message.name), use)
    for (const method of file.service.flatMap((service) => service.method)) {
      method.inputType = use(method.inputType, file.package)
      method.outputType = use(method.outputType, file.package)
    }
  }
}

function nameTypes(scope: string, message: DescriptorProto, file: string, homes: Map<string, string>): void {
  const name = join(scope, message.name)
  homes.set(name, file)
  for (const nested of message.nestedType) nameTypes(name, nested, file, homes)
  for (const nested of message.enumType) homes.set(join(name, nested.name), file)
}

function completeMessage(
  message: DescriptorProto,
  scope: string,
  use: (typeName: string, scope: string) => string,
): void {
  for (const field of message.field) {
    if (field.typeName !== '') field.typeName = use(field.typeName, scope)
    if (field.jsonName === '')
      field.jsonName = field.name.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase())
  }
  for (const nested of message.nestedType) completeMessage(nested, join(scope, nested.name), use)
}

/** Looks a relative name up from the innermost scope outwards, as the language does. */
function resolve(typeName: string, scope: string, homes: ReadonlyMap<string, string>): string {
  for (let at = scope; ; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const candidate = join(at, typeName)
    if (homes.has(candidate)) return candidate
    if (at === '') return typeName
  }
}

function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}
