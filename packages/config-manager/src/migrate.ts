import { messageOf } from '@backplane/core'
import type { Category, Provenance } from './category.ts'
import { type Item, own, withProperty } from './definition.ts'
import { configError } from './errors.ts'

/** Values of a category in Fledge's form (text; JSON items may be objects), item by name. */
export type MigrationValues = { readonly [item: string]: unknown }

/**
 * Carries values from one version of a definition to a later one: renames, splits, changes of type. It gets every
 * stored value and gives those of the new version; what it leaves out falls back to the new default.
 */
export interface Migration {
  readonly from: number
  readonly to: number
  readonly migrate: (values: MigrationValues) => MigrationValues
}

/** Declares the renaming of an item as a migration step. */
export function renamed(from: string, to: string): Migration['migrate'] {
  return (values) => {
    const { [from]: value, ...rest } = values
    return value === undefined ? values : { ...rest, [to]: value }
  }
}

/** What decides over migration. */
export interface MigrateOptions {
  readonly version?: number
  readonly migrations?: readonly Migration[]
}

/**
 * Brings a stored category's values to the version that is registered. Values that changed or moved are marked as
 * migrated; they are checked by the new definition afterwards like every kept value. Throws `BP_CONFIG_DOWNGRADE` when
 * what is stored is newer, `BP_CONFIG_MIGRATION_FAILED` when a step throws.
 */
export function migrate(stored: Category, { version, migrations = [] }: MigrateOptions): Category {
  const from = stored.version ?? 0
  if (version === undefined || version === from) return stored
  if (version < from)
    throw configError('BP_CONFIG_DOWNGRADE', { details: { category: stored.name, stored: from, offered: version } })
  const path = pathOf(from, version, migrations)
  if (path.length === 0) return stored
  const before = valuesOf(stored)
  const after = path.reduce((values, step) => run(stored.name, step, values), before)
  return withValues(stored, before, after)
}

/** The steps from one version to another; a version that no step starts from is passed over unchanged. */
function pathOf(from: number, to: number, migrations: readonly Migration[]): Migration[] {
  const path: Migration[] = []
  for (let at = from; at < to; ) {
    const step = migrations.find((migration) => migration.from === at && migration.to > at && migration.to <= to)
    if (step) path.push(step)
    at = step ? step.to : at + 1
  }
  return path
}

function run(category: string, step: Migration, values: MigrationValues): MigrationValues {
  try {
    return step.migrate(values)
  } catch (error) {
    const details = { category, from: step.from, to: step.to, reason: messageOf(error) }
    throw configError('BP_CONFIG_MIGRATION_FAILED', { details, cause: error })
  }
}

function valuesOf(category: Category): MigrationValues {
  return Object.fromEntries([...category.items].map(([name, item]) => [name, own(item, 'value')]))
}

/** What moved is marked as migrated: the merge then keeps the value, whatever type it had, and the checks judge it. */
function withValues(stored: Category, before: MigrationValues, after: MigrationValues): Category {
  const items = new Map<string, Item>()
  const provenance = new Map<string, Provenance>()
  for (const [name, value] of Object.entries(after)) {
    const item = stored.items.get(name)
    const isSame = item !== undefined && Object.hasOwn(before, name) && before[name] === value
    items.set(name, isSame ? item : withProperty(item ?? {}, 'value', value))
    const from = stored.provenance.get(name)
    if (!isSame) provenance.set(name, 'migration')
    else if (from) provenance.set(name, from)
  }
  return { ...stored, items, provenance }
}
