import { coreError } from '@backplane/core'
import { parseJson, stringifyJson } from '@backplane/core/json'
import type { ConfigCondition, ConfigManager } from './contract.ts'
import type { ConfigEvent } from './event.ts'
import type { ChangeOptions, ConfigActor } from './options.ts'
import type { ConfigSnapshot } from './snapshot.ts'

/** What the configuration commands work with. */
export interface ConfigCommandComponents {
  /** Holds what the commands show and change. */
  readonly manager: ConfigManager
  /** Prints one line for the user. */
  readonly print: (line: string) => void
  /** Prints what is not well with the store, apart from the answer. @default as `print` does */
  readonly note?: (line: string) => void
  /** Reads a file that the user named. */
  readonly read: (path: string) => Promise<string>
  /** Writes a file that the user named. */
  readonly write: (path: string, text: string) => Promise<void>
  /** Who runs the command; noted in the audit trail. */
  readonly actor?: ConfigActor
}

/** How each command is called, for help. */
export const configUsage: readonly string[] = [
  'config list',
  'config get <category> [<item>]',
  'config set <category> <item>=<value>... [--dry-run] [--reason <text>]',
  'config diff <file>',
  'config export [<file>]',
  'config import <file> [--dry-run] [--reason <text>]',
  'config watch [<category>]',
]

/** A command line, taken apart. */
interface CommandLine {
  readonly words: readonly string[]
  readonly isDryRun: boolean
  readonly options: ChangeOptions
  readonly signal: AbortSignal | undefined
}

type Command = (components: ConfigCommandComponents, line: CommandLine) => Promise<void> | void

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['list', list],
  ['get', get],
  ['set', set],
  ['diff', diff],
  ['export', exportAll],
  ['import', importAll],
  ['watch', watch],
])

/**
 * Runs one `config` command: `runConfigCommand(['set', 'sine', 'rate=5'], components)`. Rejects with the manager's own
 * errors, and with `BP_INVALID_ARGUMENT` for a command line that is none.
 */
export async function runConfigCommand(
  words: readonly string[],
  components: ConfigCommandComponents,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const [name = '', ...rest] = words
  const command = commands.get(name)
  if (!command) throw badCommand(`there is no config command '${name}'; there are ${[...commands.keys()].join(', ')}`)
  await components.manager.start(options)
  for (const line of conditionLines(components.manager.condition)) (components.note ?? components.print)(line)
  await command(components, parsed(rest, components.actor, options.signal))
}

/** What is not well with the store, one line each; nothing where all is. */
function conditionLines({ repair, readOnly, damaged = [] }: ConfigCondition): string[] {
  const lines: string[] = []
  if (repair) {
    const kept = repair.keptAt === undefined ? '' : `; what was there is kept in ${repair.keptAt}`
    lines.push(`${repair.path} was damaged: ${repair.reason}; ${repair.documents} documents were saved${kept}`)
  }
  if (readOnly) lines.push(`${readOnly.path} cannot be written: ${readOnly.reason}`)
  for (const name of damaged) lines.push(`${name} cannot be read and is left as it is`)
  return lines
}

function parsed(
  words: readonly string[],
  actor: ConfigActor | undefined,
  signal: AbortSignal | undefined,
): CommandLine {
  const plain: string[] = []
  let reason: string | undefined
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--reason') reason = words[++at]
    else if (word !== '--dry-run') plain.push(word)
  }
  const options = {
    ...(actor ? { actor } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(signal ? { signal } : {}),
  }
  return { words: plain, isDryRun: words.includes('--dry-run'), options, signal }
}

function list({ manager, print }: ConfigCommandComponents): void {
  for (const { key, displayName, description } of manager.categories()) {
    print([key, displayName === key ? '' : displayName, description].filter((part) => part !== '').join('\t'))
  }
}

function get({ manager, print }: ConfigCommandComponents, { words: [category = '', item] }: CommandLine): void {
  const items = manager.items(category)
  if (!items) throw badCommand(`there is no category '${category}'`)
  if (item === undefined) for (const [name, { value }] of Object.entries(items)) print(`${name}=${textOf(value)}`)
  else if (Object.hasOwn(items, item)) print(textOf(items[item]?.value))
  else throw badCommand(`there is no item '${item}' in category '${category}'`)
}

async function set({ manager, print }: ConfigCommandComponents, line: CommandLine): Promise<void> {
  const [category = '', ...pairs] = line.words
  const values = Object.fromEntries(pairs.map(pairOf))
  if (pairs.length === 0) throw badCommand('set needs <item>=<value>')
  const { valid, issues, differences, refusals, unasked } = await manager.preview(category, values, line.options)
  if (!line.isDryRun) await manager.update(category, values, line.options)
  for (const { item, old, new: next } of differences) print(`${item}: ${textOf(old)} -> ${textOf(next)}`)
  if (!line.isDryRun) return
  for (const { path, message } of issues) print(`${path}: ${message}`)
  for (const { subscriber, reason } of refusals) print(`${subscriber} would refuse: ${reason}`)
  for (const subscriber of unasked) print(`${subscriber} may refuse: only the change itself tells`)
  if (valid && differences.length === 0) print('nothing would change')
}

function pairOf(pair: string): [string, string] {
  const at = pair.indexOf('=')
  if (at <= 0) throw badCommand(`'${pair}' is not <item>=<value>`)
  return [pair.slice(0, at), pair.slice(at + 1)]
}

async function diff(components: ConfigCommandComponents, { words: [file] }: CommandLine): Promise<void> {
  printDifferences(components, await snapshotIn(components, file))
}

async function exportAll(
  { manager, print, write }: ConfigCommandComponents,
  { words: [file] }: CommandLine,
): Promise<void> {
  const text = stringifyJson(manager.export(), { space: 2 })
  if (file === undefined) print(text)
  else await write(file, `${text}\n`)
}

async function importAll(
  components: ConfigCommandComponents,
  { words: [file], isDryRun, options }: CommandLine,
): Promise<void> {
  const snapshot = await snapshotIn(components, file)
  printDifferences(components, snapshot)
  if (isDryRun) return
  const { missingSecrets } = await components.manager.import(snapshot, options)
  for (const secret of missingSecrets) components.print(`${secret} is a secret and still has to be set`)
}

async function watch(
  { manager, print }: ConfigCommandComponents,
  { words: [category], signal }: CommandLine,
): Promise<void> {
  const scope = category === undefined ? {} : { category }
  for await (const event of manager.watch(scope, signal ? { signal } : {}))
    for (const line of linesOf(event, manager)) print(line)
}

function linesOf(event: ConfigEvent, manager: ConfigManager): string[] {
  const by = event.actor === undefined ? '' : ` by ${event.actor}`
  const head = `${event.category} ${event.kind}${by}`
  if (event.kind !== 'changed') return [head]
  const shown = (item: string) => textOf(manager.item(event.category, item)?.value)
  return event.changed.map((item) => `${head}: ${item} = ${shown(item)}`)
}

async function snapshotIn({ read }: ConfigCommandComponents, file: string | undefined): Promise<ConfigSnapshot> {
  if (file === undefined) throw badCommand('the file of a snapshot is missing')
  const text = await read(file)
  try {
    return parseJson(text) as unknown as ConfigSnapshot
  } catch {
    throw badCommand(`${file} is not JSON`)
  }
}

function printDifferences({ manager, print }: ConfigCommandComponents, snapshot: ConfigSnapshot): void {
  for (const { category, kind, values, definitions } of manager.diff(snapshot)) {
    print(`${category}: ${kind}`)
    for (const { item, old, new: next } of values) print(`  ${item}: ${textOf(old)} -> ${textOf(next)}`)
    for (const item of definitions) print(`  ${item}: definition differs`)
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : stringifyJson(value)
}

function badCommand(reason: string) {
  return coreError('BP_INVALID_ARGUMENT', {
    details: { what: 'The command', reason },
    next: `Call it as: ${configUsage.join('; ')}`,
  })
}
