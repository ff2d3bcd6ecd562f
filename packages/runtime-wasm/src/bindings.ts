import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { contractError } from '@backplane/core/errors'
import { hostAllowed } from './extism/http.ts'
import { parseMetadata, type VyraFunction, type VyraType, width } from './vyra/metadata.ts'

/** Source and build both lie one folder below the package; a build of the CommonJS form has no `import.meta`. */
export const templates = new URL(
  '../templates/',
  typeof __filename === 'string' ? pathToFileURL(__filename).href : import.meta.url,
)

/** Backplane's own functions for guests of the Extism convention, as their authors see them. */
const services: readonly VyraFunction[] = [
  ['emit', 'event payload', 'json', 'Emits an event; null, or why the host did not take it.'],
  [
    'invoke',
    'name params',
    'json',
    'Calls a function of the host: `{ "result" }` or `{ "error": { "code", "message" } }`.',
  ],
  ['send', 'item', 'json', 'Sends an item of a streamed result; null, or why there is nobody to take it.'],
  ['serve', 'name handler', 'json', 'Offers one of its functions under another name as well; null, or why not.'],
  ['context', '', 'json', '`plugin_id`, `state_dir`, `simulated` and `config`.'],
  ['exit', 'reason', undefined, 'Ends the plugin; its slot starts it again.'],
].map(([name, args, returns, description]) => ({
  name: `backplane_${name}`,
  args: (args as string).split(' ').flatMap((each) => (each === '' ? [] : [{ name: each, type: 'string' as const }])),
  ...(returns === undefined ? {} : { returns: returns as VyraType }),
  description: description as string,
}))
const sleep: VyraFunction = {
  name: 'backplane_sleep',
  args: [{ name: 'ms', type: 'i64' }],
  description: 'Waits.',
}

/** What is read of a manifest, or of a `metadata.json`. */
export interface BindingsSource {
  readonly wasm?: { readonly abi?: unknown; readonly [key: string]: unknown }
  readonly permissions?: { readonly host?: readonly string[] }
  readonly [key: string]: unknown
}

/**
 * Gives the host bindings of a plugin in AssemblyScript, typed by its manifest: what its convention offers, what
 * `permissions.host` grants of Backplane's own, and each function of `wasm.imports` (`name`, `args`, `returns`). Not
 * for components: their bindings are made from WIT by their own tools. Throws `BP_MANIFEST_INVALID`.
 */
export async function assemblyBindings(manifest: BindingsSource): Promise<string> {
  const section = manifest.wasm ?? manifest
  const { imports } = parseMetadata({ imports: section.imports })
  const abi = section.abi === 'extism' || (section.abi === undefined && manifest.wasm !== undefined) ? 'extism' : 'vyra'
  if (section.abi === 'component')
    throw invalid("bindings of components are made from WIT, by the tools of the plugin's language")
  for (const { name, args } of imports)
    for (const word of [name, ...args.map((arg) => arg.name)])
      if (!/^[A-Za-z_]\w*$/.test(word)) throw invalid(`imports: '${word}' is no name in AssemblyScript`)
  const base = await readFile(new URL(`bindings/${abi}.ts.txt`, templates), 'utf8')
  const granted = [...services, sleep].filter(({ name }) => hostAllowed(name, manifest.permissions?.host ?? []))
  const own = abi === 'extism' ? [...granted, ...imports].map(extismBinding) : imports.map(vyraBinding)
  const head = '// Made from the manifest by `backplane wasm bindings`; changes are lost when it is made again.\n'
  return [head, base, ...own].join('\n')
}

const nameOf = ({ name }: VyraFunction) => name.replace(/^backplane_/, '')

/** Types as the plugin's author sees them. */
const typeOf = (type: VyraType) =>
  type === 'string' || type === 'json' ? 'string' : type === 'bytes' ? 'ArrayBuffer' : type

function signature({ name, args, returns, description }: VyraFunction, result: string): string {
  const params = args.map((arg) => `${arg.name}: ${typeOf(arg.type)}`).join(', ')
  const comment = description === undefined ? '' : `/** ${description.replaceAll('*/', '* /')} */\n`
  return `${comment}export function ${nameOf({ name, args: [] })}(${params}): ${returns ? result : 'void'} {`
}

/** Text, bytes and JSON travel as handles of blocks. */
function extismBinding(entry: VyraFunction): string {
  const { name, args, returns } = entry
  const wire = (type: VyraType) => (width({ name, type }) === 2 ? 'u64' : type)
  const declared = args.map((arg) => `${arg.name}: ${wire(arg.type)}`).join(', ')
  const given = args.map(({ name: arg, type }) =>
    width({ name, type }) === 1 ? arg : type === 'bytes' ? `place(${arg})` : `placeText(${arg})`,
  )
  const call = `host_${name}(${given.join(', ')})`
  // The host answers 0 for what went well.
  const optional = name.startsWith('backplane_') && ['emit', 'send', 'serve'].includes(nameOf(entry))
  const result = returns ? typeOf(returns) + (optional ? ' | null' : '') : 'void'
  const lines = !returns
    ? [`  ${call}`]
    : optional
      ? [`  const at = ${call}`, '  return at == 0 ? null : takeText(at)']
      : [
          `  return ${returns === 'bytes' ? `take(${call})` : typeOf(returns) === 'string' ? `takeText(${call})` : call}`,
        ]
  return [
    `@external('extism:host/user', '${name}') declare function host_${name}(${declared}): ${returns ? wire(returns) : 'void'}`,
    signature(entry, result),
    ...lines,
    '}',
    '',
  ].join('\n')
}

/** Text, bytes and JSON travel as pointer and length; results of that kind as both in one i64. */
function vyraBinding(entry: VyraFunction): string {
  const { name, args, returns } = entry
  const wide = (type: VyraType) => width({ name, type }) === 2
  const declared = args.map((arg) =>
    wide(arg.type) ? `${arg.name}: usize, ${arg.name}_bytes: i32` : `${arg.name}: ${arg.type}`,
  )
  const lines = args.flatMap(({ name: arg, type }) =>
    wide(type) ? [`  const ${arg}_data = ${type === 'bytes' ? arg : `String.UTF8.encode(${arg})`}`] : [],
  )
  const given = args.map(({ name: arg, type }) =>
    wide(type) ? `changetype<usize>(${arg}_data), ${arg}_data.byteLength` : arg,
  )
  const call = `import_${name}(${given.join(', ')})`
  const last = !returns
    ? call
    : `return ${returns === 'bytes' ? `taken(${call})` : wide(returns) ? `takenText(${call})` : call}`
  const wire = !returns ? 'void' : wide(returns) ? 'i64' : returns
  return [
    `@external('env', '${name}') declare function import_${name}(${declared.join(', ')}): ${wire}`,
    signature(entry, returns ? typeOf(returns) : 'void'),
    ...lines,
    `  ${last}`,
    '}',
    '',
  ].join('\n')
}

function invalid(issues: string) {
  return contractError('BP_MANIFEST_INVALID', { details: { of: ' of the plugin', issues } })
}
