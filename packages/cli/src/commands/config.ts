import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { messageOf, type Params, type Value } from '@backplane/core'
import { parseJson, stringifyJson } from '@backplane/core/json'
import { type ConfigPlace, type PlaceFlags, withPlace } from '../config-place.ts'
import type { CommandContext } from '../context.ts'
import { cliError } from '../errors.ts'
import { Shown, shown } from '../shown.ts'
import { table } from '../table.ts'

/** Flags of the `config` commands. */
export interface ConfigFlags extends PlaceFlags {
  readonly dryRun?: boolean
  readonly reason?: string
}

/** One item, before and after. */
interface Difference {
  readonly item: string
  readonly old: Value
  readonly new: Value
}

interface SnapshotDifference {
  readonly category: string
  readonly kind: string
  readonly values: readonly Difference[]
  readonly definitions: readonly string[]
}

/** What one action does with its words; the result is printed as it is with `--json`. */
type Action = (
  words: readonly string[],
  place: ConfigPlace,
  flags: ConfigFlags,
  context: CommandContext,
) => Promise<void>

/** Reads and changes the configuration of a running host, or of a folder or bucket at rest. */
export function config(
  action: keyof typeof actions,
  words: readonly string[],
  flags: ConfigFlags,
  context: CommandContext,
): Promise<void> {
  return withPlace(flags, context, (place) => actions[action](words, place, flags, context))
}

const actions = {
  list,
  get,
  set,
  diff,
  history,
  rollback,
  watch,
  export: exportAll,
  import: importAll,
} as const satisfies Record<string, Action>

async function list(_: readonly string[], place: ConfigPlace, __: ConfigFlags, { reporter }: CommandContext) {
  const result = await place.call('list_config')
  const categories = result.categories as unknown as { category: string; description: string; revision: number }[]
  const rows = categories.map(({ category, revision, description }) => [category, String(revision), description])
  if (rows.length > 0) reporter.result(categories, table(['CATEGORY', 'REVISION', 'DESCRIPTION'], rows))
  else reporter.result(categories, shown`No configuration there: plugins bring it when they are loaded.`)
}

async function get(
  [category = '', item]: readonly string[],
  place: ConfigPlace,
  _: ConfigFlags,
  { reporter }: CommandContext,
) {
  const result = await place.call('get_config', { category, ...(item === undefined ? {} : { item }) })
  const values = result.values as Record<string, Value>
  if (item !== undefined) {
    const value = values[item] as Value
    reporter.result(value, Shown.whole(textOf(value)))
    return
  }
  const lines = Object.entries(values).map(([name, value]) => shown`${name}=${textOf(value)}`)
  reporter.result(values, Shown.join(lines, '\n'))
}

async function set(
  [category = '', ...pairs]: readonly string[],
  place: ConfigPlace,
  flags: ConfigFlags,
  { reporter }: CommandContext,
) {
  const values = Object.fromEntries(pairs.map(pairOf))
  const result = await place.call('set_config', { category, values, ...changeOf(flags) })
  const lines = (result.differences as unknown as Difference[]).map(change)
  const {
    issues = [],
    refusals = [],
    unasked = [],
  } = result as unknown as {
    issues?: { path: string; message: string }[]
    refusals?: { subscriber: string; reason: string }[]
    unasked?: string[]
  }
  lines.push(
    ...issues.map(({ path, message }) => shown`${path}: ${message}`),
    ...refusals.map(({ subscriber, reason }) => shown`${subscriber} would refuse: ${reason}`),
    ...unasked.map((subscriber) => shown`${subscriber} may refuse: only the change itself tells`),
  )
  reporter.result(result, lines.length > 0 ? Shown.join(lines, '\n') : shown`Nothing changes: it is so already.`)
  if (result.valid === false) {
    throw cliError('BP_CLI_REFUSED', {
      details: { reason: `The change of '${category}' would be refused.`, issues },
      next: 'Correct what stands above, then set it without --dry-run.',
    })
  }
}

async function history(
  [category = '']: readonly string[],
  place: ConfigPlace,
  _: ConfigFlags,
  { reporter }: CommandContext,
) {
  const {
    revision,
    values,
    history: past,
  } = (await place.call('config_history', { category })) as unknown as {
    revision: number
    values: Record<string, Value>
    history: { revision: number; values: Record<string, Value> }[]
  }
  const states = [{ revision, values }, ...past]
  const rows = states.map((state, at) => [
    String(state.revision) + (at === 0 ? ' (now)' : ''),
    Object.entries(state.values)
      .map(([item, value]) => `${item}=${textOf(value)}`)
      .join(' '),
  ])
  reporter.result(states, table(['REVISION', 'VALUES'], rows))
}

async function rollback(
  [category = '', revision = '']: readonly string[],
  place: ConfigPlace,
  flags: ConfigFlags,
  { reporter }: CommandContext,
) {
  if (!/^\d+$/.test(revision))
    throw usage(`'${revision}' is no revision; \`backplane config history ${category}\` lists them.`)
  const reason = flags.reason === undefined ? {} : { reason: flags.reason }
  const result = await place.call('rollback_config', { category, revision: Number(revision), ...reason })
  const changed = (result.changed as string[]).join(', ') || 'nothing: it was so already'
  reporter.result(
    result,
    shown`Brought back revision ${revision} of ${category} as revision ${Number(result.revision)}: ${changed}`,
  )
}

async function diff(
  [file = '']: readonly string[],
  place: ConfigPlace,
  _: ConfigFlags,
  { io, reporter }: CommandContext,
) {
  const snapshot = await snapshotIn(resolve(io.cwd, file))
  const { differences } = await place.call('import_config', { snapshot, dry_run: true })
  reporter.result(differences, differencesOf(differences as unknown as SnapshotDifference[]))
}

async function exportAll(
  [file]: readonly string[],
  place: ConfigPlace,
  _: ConfigFlags,
  { io, reporter }: CommandContext,
) {
  const { snapshot } = await place.call('export_config')
  const text = stringifyJson(snapshot, { space: 2 })
  if (file === undefined) {
    reporter.result(snapshot, Shown.whole(text))
    return
  }
  const path = resolve(io.cwd, file)
  await writeFile(path, `${text}\n`).catch((cause) => {
    throw cliError('BP_CLI_UNWRITABLE', {
      details: { path, reason: messageOf(cause) },
      next: 'Name a file that this user may write.',
      cause,
    })
  })
  reporter.result({ file: path }, shown`Wrote ${path}`)
}

async function importAll(
  [file = '']: readonly string[],
  place: ConfigPlace,
  flags: ConfigFlags,
  { io, reporter }: CommandContext,
) {
  const snapshot = await snapshotIn(resolve(io.cwd, file))
  const result = await place.call('import_config', { snapshot, ...changeOf(flags) })
  const missing = (result.missing_secrets ?? []) as string[]
  const secrets = missing.map((secret) => shown`${secret} is a secret and still has to be set`)
  const differences = differencesOf(result.differences as unknown as SnapshotDifference[])
  reporter.result(result, Shown.join([differences, ...secrets], '\n'))
}

async function watch(
  [category]: readonly string[],
  place: ConfigPlace,
  { dir }: ConfigFlags,
  { reporter }: CommandContext,
) {
  if (dir !== undefined)
    reporter.note(shown`Nobody else can write to this folder meanwhile; without --dir, watch the running host.`)
  await place.watch((given) => {
    if (category !== undefined && given.category !== category) return
    const { kind, values = {}, actor } = given as { kind: string; values?: Record<string, Value>; actor?: string }
    const by = actor === undefined ? '' : ` by ${actor}`
    const what = Object.entries(values).map(([item, value]) => `${item}=${textOf(value)}`)
    const line = shown`${new Date().toISOString()} ${String(given.category)} ${kind}${by}: ${what.join(' ')}`
    reporter.result({ time: new Date().toISOString(), ...given }, line)
  })
}

function changeOf({ dryRun, reason }: ConfigFlags): Params {
  return { ...(dryRun ? { dry_run: true } : {}), ...(reason === undefined ? {} : { reason }) }
}

function pairOf(pair: string): [string, string] {
  const at = pair.indexOf('=')
  if (at <= 0) throw usage(`'${pair}' is not ITEM=VALUE.`)
  return [pair.slice(0, at), pair.slice(at + 1)]
}

async function snapshotIn(path: string): Promise<Params> {
  try {
    return parseJson(await readFile(path, 'utf8')) as Params
  } catch (cause) {
    throw cliError('BP_CLI_USAGE', {
      details: { reason: `${path} is no snapshot: ${messageOf(cause)}` },
      next: 'Name a file that `backplane config export FILE` wrote.',
      cause,
    })
  }
}

function differencesOf(differences: readonly SnapshotDifference[]): Shown {
  const lines = differences.flatMap(({ category, kind, values, definitions }) => [
    shown`${category}: ${kind}`,
    ...values.map((one) => shown`  ${change(one)}`),
    ...definitions.map((item) => shown`  ${item}: definition differs`),
  ])
  return lines.length > 0 ? Shown.join(lines, '\n') : shown`No difference.`
}

function change({ item, old, new: next }: Difference): Shown {
  return shown`${item}: ${textOf(old)} -> ${textOf(next)}`
}

function textOf(value: Value | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? '' : stringifyJson(value)
}

function usage(reason: string) {
  return cliError('BP_CLI_USAGE', { details: { reason } })
}
