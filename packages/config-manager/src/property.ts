import { assignment, siblingValues } from './assignment.ts'
import type { Category } from './category.ts'
import { keptForm } from './change.ts'
import { defineItems } from './check-definition.ts'
import { assign } from './check-value.ts'
import { accidentOf, propertyDefect } from './define-properties.ts'
import { type Item, optionalProperties, own, withProperty } from './definition.ts'
import type { Engine } from './engine.ts'
import { isSamePython } from './equal.ts'
import type { CategoryStep } from './event.ts'
import type { Findings } from './findings.ts'
import { readNumber, UnreadableNumber } from './limits.ts'
import { type ChangeOptions, type ChangeResult, originOf } from './options.ts'

/** A new value for one property of an item's definition. */
export interface PropertyRequest {
  readonly category: string
  readonly item: string
  readonly property: string
  readonly value: unknown
}

const updateCodes = {
  boolean: 'update-boolean',
  number: 'update-number',
  string: 'update-string',
  integer: 'update-integer',
} as const

/** Changes one property of an item's definition. An empty text resets it. */
export function changeProperty(
  engine: Engine,
  request: PropertyRequest,
  options: ChangeOptions,
): Promise<ChangeResult> {
  return engine.locks.run(
    [request.category],
    async () => {
      const isChange = engine.check((findings) => checkProperty(engine, request, findings))
      const before = engine.stored(request.category) as Category
      if (!isChange) return { applied: [], pending: [], quarantined: [], revision: before.revision, changed: [] }
      const items = new Map(before.items)
      items.set(request.item, withProperty(items.get(request.item) as Item, request.property, keptForm(request.value)))
      const after: Category = { ...before, items, revision: before.revision + 1 }
      const step: CategoryStep = { kind: 'defined', before, after }
      const origin = originOf(options)
      const audit = engine.policy.tellsEveryChange ? [auditOf(request, before)] : []
      const delivery = await engine.transact({ steps: [step], audit, origin, signal: options.signal })
      engine.view.itemsSet(after, [request.item], request.property)
      return { ...delivery, revision: after.revision, changed: [] }
    },
    options.signal,
  )
}

function auditOf({ category, item, property, value }: PropertyRequest, before: Category) {
  const oldValue = own(before.items.get(item) as Item, property)
  return { code: 'CONCH' as const, details: { category, item, property, oldValue, newValue: value } }
}

/** Checks a new property; gives whether it differs from the present one. */
function checkProperty(engine: Engine, request: PropertyRequest, findings: Findings): boolean {
  const { category, item: name, property, value } = request
  const where = { category, item: name, property, received: value }
  const { item, cached } = engine.view.held(category, name)
  if (!item) {
    findings.add('item-unknown', { category, item: name })
    return false
  }
  if (!Object.hasOwn(item, property)) {
    findings.add('property-absent', cached ? where : { ...where, accidental: true })
    return false
  }
  if (isSamePython(own(item, property), value)) return false
  if (engine.policy.enforcesAll) checkWhole(engine, request, item, findings)
  else if (isTrue(value)) checkNewValue(engine, request, item, findings)
  return true
}

/** Upstream checks what Python takes for true; `""`, `0`, `None` and empty lists reset the property. */
function isTrue(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

function checkNewValue(engine: Engine, request: PropertyRequest, item: Item, findings: Findings): boolean {
  const { category, item: name, property, value } = request
  const where = { category, item: name, property, received: value }
  if (property === 'properties') return findings.add('property-fixed', where)
  const defect = propertyDefect(property === 'listName' ? 'order' : property, value, engine.policy)
  if (defect) return findings.add(updateCodes[defect.wanted], { ...where, ...accidentOf(defect) })
  return (property !== 'minimum' && property !== 'maximum') || checkOrder(request, item, findings)
}

/** Upstream compares the two limits as the item's type has them: numbers as numbers, anything else as text. */
function checkOrder(
  { category, item: name, property, value }: PropertyRequest,
  item: Item,
  findings: Findings,
): boolean {
  const where = { category, item: name, property, received: value }
  const other = property === 'minimum' ? 'maximum' : 'minimum'
  if (!Object.hasOwn(item, other))
    return findings.add('property-absent', { ...where, property: other, accidental: true, fledgeText: other })
  try {
    const limit = limitOf(own(item, 'type'), own(item, other))
    const wanted = limitOf(own(item, 'type'), value)
    if (typeof limit !== typeof wanted && (typeof limit === 'string' || typeof wanted === 'string'))
      throw new UnreadableNumber('TypeError')
    if (property === 'minimum' ? wanted > limit : wanted < limit)
      return findings.add(property === 'minimum' ? 'minimum-above' : 'maximum-below', where)
    return true
  } catch (error) {
    if (!(error instanceof UnreadableNumber)) throw error
    return findings.add('limit-unusable', { ...where, fledgeClass: error.fault, accidental: true })
  }
}

function limitOf(type: unknown, limit: unknown): bigint | number | string {
  return type === 'integer' || type === 'float' ? readNumber(limit, type) : (limit as string)
}

/**
 * The changed definition must pass the checks of a registration as a whole, and the value in force those of the changed
 * definition.
 */
function checkWhole(
  engine: Engine,
  { category, item: name, property, value }: PropertyRequest,
  item: Item,
  findings: Findings,
): boolean {
  const { policy } = engine
  if (!optionalProperties.has(property)) return findings.add('property-fixed', { category, item: name, property })
  const { value: present, ...definition } = withProperty(item, property, value)
  const changed = defineItems(new Map([[name, definition]]), { category, policy, findings, stored: false }).get(name)
  if (!changed || findings.all.length > 0) return false
  const siblings = siblingValues(engine.stored(category)?.items ?? new Map(), new Map())
  const kept = assignment({
    category,
    name,
    item: changed,
    siblings,
    policy,
    findings,
    privileged: true,
    value: present,
  })
  return assign(
    kept,
    policy.bulkChecks.filter((check) => check !== 'readonly'),
  )
}
