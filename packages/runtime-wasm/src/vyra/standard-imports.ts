import type { VyraFunction, VyraType } from './metadata.ts'

/** An import of the namespace `vyra`. */
export interface StandardImport extends VyraFunction {
  /** The host method behind it. */
  readonly host: string
}

/** Imports of the namespace `vyra` by their names; their signatures are fixed. */
export const standardImports: ReadonlyMap<string, StandardImport> = new Map(
  [
    standardImport('log', { message: 'string', level: 'i32' }),
    standardImport('notify_ui', { event: 'string', data: 'json' }),
    standardImport('publish', { topic: 'string', payload: 'json' }),
    standardImport('request', { topic: 'string', payload: 'json' }, 'json'),
    // Messages of a topic, and requests under a name, are handed to one of the guest's own functions, which its
    // metadata declares.
    standardImport('create_subscriber', { topic: 'string', handler: 'string' }),
    standardImport('create_server', { name: 'string', handler: 'string' }),
  ].map((entry) => [entry.name, entry]),
)

/** `args` in the order in which the guest gives them. */
function standardImport(name: string, args: Readonly<Record<string, VyraType>>, returns?: VyraType): StandardImport {
  return {
    name,
    host: `vyra_${name}`,
    args: Object.entries(args).map(([arg, type]) => ({ name: arg, type })),
    ...(returns && { returns }),
  }
}
