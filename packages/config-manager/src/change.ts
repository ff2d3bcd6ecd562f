import { contractError } from '@backplane/core/errors'
import { stringifyJson } from '@backplane/core/json'
import { assignment, siblingValues } from './assignment.ts'
import { isSecretItem, redacted, redactValue } from './audit.ts'
import type { Category, Provenance } from './category.ts'
import { assign } from './check-value.ts'
import { type Item, own, withProperty } from './definition.ts'
import type { AuditDraft, Engine } from './engine.ts'
import { isSameJson, isSameOrdered, isSamePython } from './equal.ts'
import type { CategoryStep } from './event.ts'
import type { FindingFacts } from './finding-form.ts'
import { Findings, FirstFinding } from './findings.ts'
import { replaceItems } from './item-table.ts'
import {
  type ChangeOptions,
  type ChangePreview,
  type ChangeResult,
  type ConfigActor,
  type ItemDifference,
  originOf,
} from './options.ts'
import { textOfTyped } from './typed.ts'

/** New values for a category. A single value and several take different ways upstream; `single` says which. */
export interface ChangeRequest {
  readonly category: string
  readonly values: readonly (readonly [item: string, value: unknown])[]
  readonly single: boolean
  /** The values are as the store has them (scripts in hexadecimal), not as plugins see them. @default false */
  readonly asStored?: boolean
  /** Where the values come from. @default 'user' */
  readonly from?: Provenance
}

/** One item's way from its old value to its new one. */
interface Planned {
  readonly name: string
  readonly item: Item
  readonly old: unknown
  readonly value: unknown
}

/** Changes values: all of them or none. */
export function change(engine: Engine, request: ChangeRequest, options: ChangeOptions): Promise<ChangeResult> {
  return engine.locks.run(
    [request.category],
    async () => {
      const planned = engine.check((findings) => plan(engine, request, options, findings))
      const before = engine.stored(request.category) as Category
      if (planned.length === 0)
        return { applied: [], pending: [], quarantined: [], revision: before.revision, changed: [] }
      const step: CategoryStep = { kind: 'changed', before, after: withValues(before, planned, request.from ?? 'user') }
      const origin = originOf(options)
      const delivery = await engine.transact({
        steps: [step],
        audit: [auditOf(engine, request, before, planned)],
        origin,
        signal: options.signal,
      })
      follow(engine, request, step.after as Category)
      await engine.tell(step, origin)
      return { ...delivery, revision: (step.after as Category).revision, changed: planned.map(({ name }) => name) }
    },
    options.signal,
  )
}

/** Puts an item back to its default. */
export function reset(engine: Engine, category: string, item: string, options: ChangeOptions): Promise<ChangeResult> {
  const preset = engine.stored(category)?.items.get(item)
  const value = preset ? own(preset, 'default') : undefined
  return change(engine, { category, values: [[item, value]], single: true, asStored: true, from: 'default' }, options)
}

/** Says what a change would do, without doing it. */
export async function preview(engine: Engine, request: ChangeRequest, options: ChangeOptions): Promise<ChangePreview> {
  const findings = new Findings(engine.policy.firstFindingOnly)
  let planned: readonly Planned[] = []
  try {
    planned = plan(engine, request, options, findings)
  } catch (error) {
    if (!(error instanceof FirstFinding)) throw error
    return { valid: false, issues: [issueOf(error.finding)], differences: [], refusals: [], unasked: [] }
  }
  const before = engine.stored(request.category)
  const valid = findings.all.length === 0
  const steps: CategoryStep[] =
    before && valid && planned.length > 0
      ? [{ kind: 'changed', before, after: withValues(before, planned, 'user') }]
      : []
  const foretold = await engine.components.subscriptions.test(steps, originOf(options))
  return {
    valid: valid && foretold.refusals.length === 0,
    issues: findings.all.map(issueOf),
    differences: planned.map(differenceOf),
    ...foretold,
  }
}

function issueOf<F extends { readonly fledge: unknown }>({ fledge: _, ...issue }: F): Omit<F, 'fledge'> {
  return issue
}

function differenceOf({ name, item, old, value }: Planned): ItemDifference {
  return { item: name, old: redactValue(name, item, old), new: redactValue(name, item, value) }
}

function plan(engine: Engine, request: ChangeRequest, options: ChangeOptions, findings: Findings): readonly Planned[] {
  const { category, single, values } = request
  const items = single ? undefined : engine.view.items(category)
  if (!single && !items) {
    findings.add('category-unknown', { category })
    return []
  }
  if (!isKnownActor(options, category, findings)) return []
  checkRevision(engine, category, options.revision)
  const stored = engine.stored(category)
  const siblings = siblingValues(stored?.items ?? new Map(), new Map(values))
  const planned: Planned[] = []
  for (const [name, given] of values) {
    const held = items ? { item: items.get(name), cached: true } : engine.view.held(category, name)
    if (!held.item) {
      findings.add(single ? 'item-unknown' : 'values-unknown-item', { category, item: name })
      continue
    }
    const change = planItem(engine, {
      category,
      name,
      given,
      item: held.item,
      siblings,
      options,
      findings,
      single,
      asStored: request.asStored,
      cached: held.cached,
    })
    if (change) planned.push(change)
  }
  return planned
}

interface ItemRequest {
  readonly category: string
  readonly name: string
  readonly given: unknown
  readonly item: Item
  readonly siblings: (name: string) => string | undefined
  readonly options: ChangeOptions
  readonly findings: Findings
  readonly single: boolean
  readonly asStored: boolean | undefined
  readonly cached: boolean
}

function planItem(engine: Engine, request: ItemRequest): Planned | undefined {
  const { policy } = engine
  const { category, name, item, options, findings, single, siblings } = request
  const old = own(item, 'value')
  if (!mayChange(item, options.actor, { category, item: name }, findings)) return undefined
  if (single && policy.comparesRawText && request.cached && isSamePython(old, request.given)) return undefined
  if (policy.hidesSecrets && request.given === redacted && isSecretItem(name, item)) return undefined
  const value = policy.takesTypedValues && !request.asStored ? textOfTyped(item, request.given) : request.given
  const started = assignment({
    category,
    name,
    item,
    siblings,
    policy,
    findings,
    privileged: options.privileged ?? false,
    value,
  })
  if (!assign(started, single ? policy.singleChecks : policy.bulkChecks)) return undefined
  const comparesAfter = !(single && policy.comparesRawText)
  if (comparesAfter && isUnchanged(engine, old, started.value)) return undefined
  return { name, item, old, value: started.value }
}

function isUnchanged(engine: Engine, old: unknown, value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null
  if (!engine.policy.comparesRawText)
    return isObject && typeof old === 'string' ? old === stringifyJson(value) : isSameJson(old, value)
  return isObject && typeof old === 'string' ? isSameOrdered(old, stringifyJson(value)) : isSamePython(old, value)
}

/** Anyone who comes with an actor that is no administrator must have a role that is known. */
function isKnownActor({ actor }: ChangeOptions, category: string, findings: Findings): boolean {
  if (actor === undefined || actor.admin === true || typeof actor.role === 'string') return true
  findings.add('role-unknown', { category })
  return false
}

/** An item's permissions bind every actor that is no administrator. */
function mayChange(item: Item, actor: ConfigActor | undefined, where: FindingFacts, findings: Findings): boolean {
  const permissions = own(item, 'permissions')
  if (actor === undefined || actor.admin === true || permissions === undefined) return true
  const roles = Array.isArray(permissions) || typeof permissions === 'string' ? permissions : []
  if (roles.includes(actor.role as string)) return true
  findings.add('forbidden', { ...where, detail: String(actor.role) })
  return false
}

function checkRevision(engine: Engine, category: string, expected: number | undefined): void {
  const actual = engine.stored(category)?.revision
  if (expected === undefined || actual === undefined || actual === expected) return
  throw contractError('BP_CONFIG_CONFLICT', { details: { category, actual, expected } })
}

/** Gives a category with new values, under the next revision. */
function withValues(before: Category, planned: readonly Pick<Planned, 'name' | 'value'>[], from: Provenance): Category {
  const replacements = planned.map(({ name, value }): [string, Item] => [
    name,
    withProperty(before.items.get(name) as Item, 'value', keptForm(value, before.items.get(name))),
  ])
  const items = replaceItems(before.items, replacements)
  return { ...before, items, provenance: marked(before.provenance, planned, from), revision: before.revision + 1 }
}

function marked(
  before: Category['provenance'],
  planned: readonly Pick<Planned, 'name'>[],
  from: Provenance,
): Category['provenance'] {
  const mark = from === 'default' ? undefined : from
  if (planned.every(({ name }) => before.get(name) === mark)) return before
  const provenance = new Map(before)
  for (const { name } of planned) {
    if (mark) provenance.set(name, mark)
    else provenance.delete(name)
  }
  return provenance
}

/** Types whose items keep a list that is set as it is. */
const listKeepers: ReadonlySet<unknown> = new Set(['list', 'kvlist', 'script'])

/** The store keeps an object that is set as compact JSON text, and so most lists. */
export function keptForm(value: unknown, item?: Item): unknown {
  const isKept = Array.isArray(value) && (!item || listKeepers.has(own(item, 'type')))
  return typeof value === 'object' && value !== null && !isKept ? stringifyJson(value) : value
}

function auditOf(
  engine: Engine,
  { category, single }: ChangeRequest,
  before: Category,
  planned: readonly Planned[],
): AuditDraft {
  const [first] = planned as readonly [Planned, ...Planned[]]
  const show = (name: string, value: unknown) =>
    engine.auditsSecrets ? value : redactValue(name, before.items.get(name), value)
  if (single) {
    const oldValue = show(first.name, own(before.items.get(first.name) as Item, 'value'))
    return { code: 'CONCH', details: { category, item: first.name, oldValue, newValue: show(first.name, first.value) } }
  }
  const items = planned.map(({ name, old, value }) => [
    name,
    { oldValue: show(name, old), newValue: show(name, value) },
  ])
  return { code: 'CONCH', details: { category, items: Object.fromEntries(items) } }
}

/** Lets readers see the change; upstream notices only now that a script cannot be decoded. */
function follow(engine: Engine, { single, values }: ChangeRequest, after: Category): void {
  const names = values.map(([name]) => name)
  if (!single) {
    engine.view.itemsSet(after, names, 'value')
    return
  }
  const problem = engine.view.valueSet(after, names[0] as string)
  if (!problem) return
  engine.check((findings) =>
    findings.add('script-unreadable', {
      category: after.name,
      item: names[0] as string,
      fledgeClass: problem.fault,
      accidental: true,
    }),
  )
}
