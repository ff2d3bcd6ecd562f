import type { Logger } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import type { Abi, WasmExportEntry, WasmSection } from './manifest-section.ts'

const codecNames = ['bytes', 'text', 'json']
const entryKeys: Readonly<Record<Exclude<Abi, 'vyra'>, readonly string[]>> = {
  extism: ['name', 'description', 'parameters', 'result', 'stream', 'input', 'output'],
  component: ['name', 'description', 'stream'],
}

/**
 * Holds what a manifest names against what there is: a hook or a routine with a slip in its name would silently never
 * run. Throws `BP_MANIFEST_INVALID` with the path. Exports of VYRA's metadata that are not there are told to `logger`:
 * VYRA goes on without them.
 */
export function checkDeclared(
  {
    id,
    section,
    abi,
    functions,
  }: {
    readonly id: string
    readonly section: WasmSection
    readonly abi: Abi
    readonly functions: readonly string[]
  },
  logger: Logger,
): void {
  const refuse = (issues: string) => contractError('BP_MANIFEST_INVALID', { details: { of: ` of '${id}'`, issues } })
  const missing = (path: string, name: string) =>
    refuse(`${path}: there is no function '${name}'. Those that there are: ${functions.join(', ') || 'none'}`)
  for (const [hook, name] of Object.entries(section.hooks))
    if (!functions.includes(name)) throw missing(`wasm.hooks.${hook}`, name)
  for (const routine of section.routines)
    if (!functions.includes(routine.function)) throw missing('wasm.routines', routine.function)
  if (abi === 'vyra') {
    const gone = section.metadata.exports.filter(({ name }) => name !== 'ping' && !functions.includes(name))
    if (gone.length > 0)
      logger.warn({ exports: gone.map(({ name }) => name) }, 'it does not export all that it declares')
    return
  }
  for (const entry of section.exports ?? []) {
    const issue = issueOf(entry, entryKeys[abi])
    if (issue !== undefined) throw refuse(`wasm.exports '${entry.name}': ${issue}`)
    // What a component lacks is told by the one that describes its functions.
    if (abi === 'extism' && !functions.includes(entry.name)) throw missing('wasm.exports', entry.name)
  }
}

function issueOf(entry: WasmExportEntry, known: readonly string[]): string | undefined {
  const odd = Object.keys(entry).find((key) => !known.includes(key))
  if (odd !== undefined) return `'${odd}' is not known; it may have ${known.join(', ')}`
  for (const key of ['input', 'output'] as const)
    if (entry[key] !== undefined && !codecNames.includes(entry[key]))
      return `'${key}' must be one of ${codecNames.join(', ')}`
  return undefined
}
