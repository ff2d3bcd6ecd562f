import { redacted, redactItem, redactItems } from './audit.ts'
import { type Category, itemsObject, sameItems } from './category.ts'
import type { Item } from './definition.ts'
import { isPlainItem, own } from './definition.ts'
import type { Engine } from './engine.ts'
import { isSameJson } from './equal.ts'
import { configError } from './errors.ts'
import type { CategoryStep } from './event.ts'
import { type ChangeOptions, type ItemDifference, originOf } from './options.ts'
import { type CategorySnapshot, restoredCategory } from './snapshot-category.ts'
import type { Delivery } from './subscriptions.ts'

/** Configuration as data: to keep under version control, to compare, to bring elsewhere. JSON as it is. */
export interface ConfigSnapshot {
  readonly format: 'backplane-config-1'
  readonly categories: { readonly [name: string]: CategorySnapshot }
}

/** How a category differs from a snapshot; `old` is what is there, `new` what the snapshot says. */
export interface SnapshotDifference {
  readonly category: string
  readonly kind: 'missing' | 'added' | 'changed'
  /** Items whose values differ. */
  readonly values: readonly ItemDifference[]
  /** Items whose definitions differ, or that only one side has. */
  readonly definitions: readonly string[]
}

/** What an import did. */
export interface ImportResult extends Delivery {
  readonly created: readonly string[]
  readonly changed: readonly string[]
  /** Secrets that the snapshot cannot hold and that are not set here: `category/item`. */
  readonly missingSecrets: readonly string[]
}

/** Gives categories as data, without secrets. */
export function exportSnapshot(
  engine: Engine,
  { categories: names }: { readonly categories?: readonly string[] },
): ConfigSnapshot {
  const chosen = names ? names.map((name) => known(engine, name)) : [...engine.registry.categories.values()]
  return {
    format: 'backplane-config-1',
    categories: Object.fromEntries(chosen.map((category) => [category.name, snapshotOf(category)])),
  }
}

function known(engine: Engine, name: string): Category {
  const category = engine.stored(name)
  if (!category) throw configError('BP_CONFIG_UNKNOWN', { details: { what: `category ${name}` } })
  return category
}

function snapshotOf({ description, displayName, version, items, children, provenance }: Category): CategorySnapshot {
  return {
    description,
    displayName,
    ...(version === undefined ? {} : { version }),
    items: itemsObject(redactItems(items)),
    children: [...children],
    provenance: Object.fromEntries(provenance),
  }
}

/** Compares what is there with a snapshot; secrets that the snapshot does not hold count as equal. */
export function diffSnapshot(engine: Engine, snapshot: ConfigSnapshot): SnapshotDifference[] {
  const wanted = categoriesOf(snapshot)
  const names = new Set([...engine.registry.categories.keys(), ...wanted.keys()])
  return [...names].flatMap((name) => difference(name, engine.stored(name), wanted.get(name)))
}

function difference(
  category: string,
  present: Category | undefined,
  wanted: CategorySnapshot | undefined,
): SnapshotDifference[] {
  const before = present ? itemsObject(present.items) : {}
  const after = wanted?.items ?? {}
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const values: ItemDifference[] = []
  const definitions: string[] = []
  for (const item of names) {
    const was = own(before, item) ? (before[item] as Item) : {}
    const will = own(after, item) ? (after[item] as Item) : {}
    const { value: old, ...oldDefinition } = redactItem(item, was)
    const { value: next, ...newDefinition } = redactItem(item, will)
    const isHidden = own(will, 'value') === redacted
    if (!isHidden && !isSameJson(own(was, 'value'), own(will, 'value'))) values.push({ item, old, new: next })
    if (!isSameJson(oldDefinition, newDefinition)) definitions.push(item)
  }
  if (!present) return [{ category, kind: 'missing', values, definitions }]
  if (!wanted) return [{ category, kind: 'added', values, definitions }]
  return values.length + definitions.length > 0 ? [{ category, kind: 'changed', values, definitions }] : []
}

/** Makes categories as a snapshot says: all of them or none. Categories that it does not name stay. */
export function importSnapshot(
  engine: Engine,
  snapshot: ConfigSnapshot,
  options: ChangeOptions,
): Promise<ImportResult> {
  const wanted = categoriesOf(snapshot)
  return engine.locks.runAlone(async () => {
    const missingSecrets: string[] = []
    const restored = engine.check((findings) =>
      [...wanted].map(([name, category]) => restoredCategory(engine, name, category, findings, missingSecrets)),
    )
    checkLinks(engine, restored)
    const steps = restored.map((after) => stepTo(engine.stored(after.name), after)).filter((step) => step !== undefined)
    const audit = steps.map(({ before, after }) => ({
      code: before ? ('CONCH' as const) : ('CONAD' as const),
      details: {
        category: (after as Category).name,
        item: 'configurationImport',
        newValue: itemsObject(redactItems((after as Category).items)),
      },
    }))
    const delivery = await engine.transact({ steps, audit, origin: originOf(options), signal: options.signal })
    for (const { after } of steps) engine.view.replaced(after as Category)
    const names = (created: boolean) =>
      steps.filter(({ before }) => !before === created).map(({ after }) => (after as Category).name)
    return { ...delivery, created: names(true), changed: names(false), missingSecrets }
  }, options.signal)
}

function stepTo(before: Category | undefined, after: Category): CategoryStep | undefined {
  if (!before) return { kind: 'created', after }
  const same =
    sameItems(before.items, after.items) &&
    before.description === after.description &&
    before.displayName === after.displayName &&
    isSameJson(before.children, after.children)
  return same ? undefined : { kind: 'defined', before, after: { ...after, revision: before.revision + 1 } }
}

function categoriesOf(snapshot: ConfigSnapshot): Map<string, CategorySnapshot> {
  const { format, categories } = (snapshot ?? {}) as Partial<ConfigSnapshot>
  if (format !== 'backplane-config-1' || typeof categories !== 'object' || categories === null) {
    throw configError('BP_CONFIG_IMPORT_INVALID', {
      details: { reason: 'it is no snapshot of format backplane-config-1' },
    })
  }
  for (const [name, category] of Object.entries(categories)) {
    if (!isSound(category))
      throw configError('BP_CONFIG_IMPORT_INVALID', {
        details: {
          reason: `category ${name} lacks items, children, a description or a display name, or one of them is of another kind`,
        },
      })
  }
  return new Map(Object.entries(categories))
}

function isSound(category: unknown): boolean {
  if (!isPlainItem(category)) return false
  const { items, children, description, displayName } = category
  return (
    isPlainItem(items) &&
    Object.values(items).every(isPlainItem) &&
    Array.isArray(children) &&
    [...children, description, displayName].every((text) => typeof text === 'string')
  )
}

/** Children must be there, and nothing may be below itself. */
function checkLinks(engine: Engine, restored: readonly Category[]): void {
  const all = new Map([
    ...engine.registry.categories,
    ...restored.map((category): [string, Category] => [category.name, category]),
  ])
  for (const { name, children } of restored) {
    const missing = children.find((child) => !all.has(child))
    if (missing !== undefined)
      throw configError('BP_CONFIG_IMPORT_INVALID', {
        details: { reason: `${name} has a child ${missing} that is nowhere` },
      })
    if (isBelowItself(all, name))
      throw configError('BP_CONFIG_IMPORT_INVALID', { details: { reason: `${name} would be below itself` } })
  }
}

function isBelowItself(all: ReadonlyMap<string, Category>, name: string): boolean {
  const seen = new Set<string>()
  const open = [...(all.get(name)?.children ?? [])]
  for (let child = open.pop(); child !== undefined; child = open.pop()) {
    if (child === name) return true
    if (seen.has(child)) continue
    seen.add(child)
    open.push(...(all.get(child)?.children ?? []))
  }
  return false
}
