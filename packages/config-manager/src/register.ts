import { redactItems, redactValue } from './audit.ts'
import { type Category, itemsObject, sameItems } from './category.ts'
import { defineItems } from './check-definition.ts'
import { type Items, own } from './definition.ts'
import type { AuditDraft, Engine } from './engine.ts'
import type { CategoryStep } from './event.ts'
import { Findings, FirstFinding } from './findings.ts'
import { mergeItems } from './merge.ts'
import { type Migration, migrate } from './migrate.ts'
import { type ChangeOptions, originOf } from './options.ts'
import { pythonStr } from './python/names.ts'
import { type NeedsAttention, overlayEnvironment, recheckKept } from './recheck.ts'
import { checkRule } from './rule-check.ts'
import type { Delivery } from './subscriptions.ts'

/** What goes with a registration. */
export interface RegisterOptions extends Pick<ChangeOptions, 'actor' | 'reason' | 'signal'> {
  /** What the category is for. @default the stored one, or `''` */
  readonly description?: string
  /** The category's name for people. @default the stored one, or the category's name */
  readonly displayName?: string
  /** Keeps stored items that the new definition does not name. @default false */
  readonly keepOriginalItems?: boolean
  /** Version of the definition; with it, {@link RegisterOptions.migrations} apply and a downgrade is refused. */
  readonly version?: number
  /** Steps from stored versions to this one. A version that none starts from is passed over unchanged. @default none */
  readonly migrations?: readonly Migration[]
  /** Values that the environment of this process sets, item by name, over whatever is stored. */
  readonly environment?: { readonly [item: string]: string }
  /** Counts also where the store cannot be written; it is written with the next change that can. @default false */
  readonly mayBeUnsaved?: boolean
}

/** What a registration did. */
export interface RegisterResult extends Delivery {
  readonly outcome: 'created' | 'changed' | 'unchanged'
  readonly revision: number
  /** Kept values that the new definition no longer allows: the default is in force, and somebody should look. */
  readonly needsAttention: readonly NeedsAttention[]
  /** The stored category could not be trusted and was rebuilt; its former state is in the history. */
  readonly repaired: boolean
}

const untold: Delivery = { applied: [], pending: [], quarantined: [] }

/** Creates a category, or merges a new definition into the stored one. */
export async function register(
  engine: Engine,
  name: string,
  items: unknown,
  options: RegisterOptions,
): Promise<RegisterResult> {
  const defined = engine.check((findings) => checkDefinition(engine, name, items, options, findings))
  return engine.locks.run(
    [name],
    async () => {
      engine.registry.assertReadable(name)
      const stored = engine.stored(name)
      return stored ? mergeInto(engine, stored, defined, options) : create(engine, name, defined, options)
    },
    options.signal,
  )
}

function checkDefinition(
  engine: Engine,
  name: unknown,
  items: unknown,
  options: RegisterOptions,
  findings: Findings,
): Items {
  const category = pythonStr(name)
  if (typeof name !== 'string') findings.add('category-name', { category, received: name })
  const { description } = options
  if (description !== undefined && typeof description !== 'string')
    findings.add('category-description', { category, received: description })
  const { policy } = engine
  const defined = defineItems(items, { category, policy, findings, stored: false })
  if (findings.all.length > 0) return defined
  for (const [item, definition] of defined) {
    const where = { category, item, property: 'default', received: own(definition, 'value') }
    checkRule({ item: definition, value: own(definition, 'value'), policy, findings, where }, 'default-refused')
  }
  return defined
}

async function create(engine: Engine, name: string, defined: Items, options: RegisterOptions): Promise<RegisterResult> {
  const alive = new Map([...defined].filter(([, item]) => own(item, 'deprecated') !== 'true'))
  const overlaid = overlayEnvironment(engine, name, { items: alive, provenance: new Map() }, options.environment)
  const revision = engine.registry.nextRevision(name)
  const after: Category = {
    name,
    description: options.description ?? '',
    displayName: options.displayName ?? name,
    ...overlaid,
    children: [],
    revision,
    ...(options.version === undefined ? {} : { version: options.version }),
  }
  const step: CategoryStep = { kind: 'created', after }
  const origin = originOf(options)
  const audit: AuditDraft = { code: 'CONAD', details: { name, category: itemsObject(shown(engine, after.items)) } }
  const delivery = await engine.transact({
    steps: [step],
    audit: [audit],
    origin,
    signal: options.signal,
    mayBeUnsaved: options.mayBeUnsaved,
  })
  engine.view.replaced(after)
  await engine.tell(step, origin)
  return { ...delivery, outcome: 'created', revision, needsAttention: [], repaired: false }
}

async function mergeInto(
  engine: Engine,
  before: Category,
  defined: Items,
  options: RegisterOptions,
): Promise<RegisterResult> {
  const origin = originOf(options)
  const trusted = validated(engine, before)
  if (!trusted && engine.policy.corrupt === 'kept') {
    await engine.tell({ kind: 'defined', before, after: before }, origin)
    return { ...untold, outcome: 'unchanged', revision: before.revision, needsAttention: [], repaired: false }
  }
  const stored = migrate({ ...before, items: trusted ?? before.items }, options)
  const { policy } = engine
  const keepOriginalItems = options.keepOriginalItems ?? false
  const merged = engine.check((findings) =>
    mergeItems({ category: before.name, defined, stored, keepOriginalItems, policy, findings }),
  )
  const { needsAttention, ...rechecked } = recheckKept(engine, before.name, merged, defined)
  const overlaid = overlayEnvironment(engine, before.name, rechecked, options.environment)
  const after = nextCategory(before, overlaid, options)
  const audit = deprecations(engine, before, merged.deprecated)
  const sameValues = sameItems(trusted ?? before.items, after.items)
  if (sameValues && !attributesCount(engine, before, after)) {
    if (audit.length > 0) await engine.commit({ steps: [], audit, origin, mayBeUnsaved: options.mayBeUnsaved })
    return { ...untold, outcome: 'unchanged', revision: before.revision, needsAttention, repaired: false }
  }
  if (!sameValues) audit.push(changeAudit(engine, before.name, trusted ?? before.items, after.items))
  const step: CategoryStep = { kind: 'defined', before, after }
  const { signal, mayBeUnsaved } = options
  const delivery = await engine.transact({ steps: [step], audit, origin, signal, mayBeUnsaved })
  engine.view.replaced(after)
  await engine.tell(step, origin)
  return { ...delivery, outcome: 'changed', revision: after.revision, needsAttention, repaired: !trusted }
}

/** The stored items after their own checks, or `undefined` if they do not pass them. */
function validated(engine: Engine, before: Category): Items | undefined {
  const findings = new Findings(engine.policy.firstFindingOnly)
  try {
    const items = defineItems(before.items, { category: before.name, policy: engine.policy, findings, stored: true })
    return findings.all.length === 0 ? items : undefined
  } catch (error) {
    if (error instanceof FirstFinding) return undefined
    throw error
  }
}

function nextCategory(
  before: Category,
  merged: Pick<Category, 'items' | 'provenance'>,
  options: RegisterOptions,
): Category {
  const version = options.version ?? before.version
  return {
    ...before,
    description: options.description ?? before.description,
    displayName: options.displayName ?? before.displayName,
    items: merged.items,
    provenance: merged.provenance,
    revision: before.revision + 1,
    ...(version === undefined ? {} : { version }),
  }
}

function attributesCount(engine: Engine, before: Category, after: Category): boolean {
  if (before.displayName !== after.displayName) return true
  if (!engine.policy.descriptionAloneCounts) return false
  return (
    before.description !== after.description ||
    before.version !== after.version ||
    !sameEntries(before.provenance, after.provenance)
  )
}

function sameEntries(left: ReadonlyMap<string, unknown>, right: ReadonlyMap<string, unknown>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value)
}

function deprecations(
  engine: Engine,
  before: Category,
  deprecated: readonly (readonly [string, unknown])[],
): AuditDraft[] {
  return deprecated
    .filter(([item]) => engine.policy.deprecatedAlwaysAudited || before.items.has(item))
    .map(([item, value]) => {
      const oldValue = engine.auditsSecrets ? value : redactValue(item, before.items.get(item), value)
      return { code: 'CONCH', details: { category: before.name, item, oldValue, newValue: 'deprecated' } }
    })
}

function changeAudit(engine: Engine, category: string, before: Items, after: Items): AuditDraft {
  const oldValue = itemsObject(shown(engine, before))
  return {
    code: 'CONCH',
    details: { category, item: 'configurationChange', oldValue, newValue: itemsObject(shown(engine, after)) },
  }
}

function shown(engine: Engine, items: Items): Items {
  return engine.auditsSecrets ? items : redactItems(items)
}
