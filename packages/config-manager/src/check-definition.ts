import { saying } from './assignment.ts'
import { isSecretItem } from './audit.ts'
import { checkDefaultAgainstLimits } from './define-limits.ts'
import { checkPermissions } from './define-parts.ts'
import { checkProperty } from './define-properties.ts'
import { flagProperties, type Item, type Items, isPlainItem, itemTypes, optionalProperties, own } from './definition.ts'
import { frozenCopy } from './frozen.ts'
import type { DefineContext, ItemDraft } from './item-draft.ts'
import { isByName } from './item-table.ts'
import { kindOf } from './kinds/item-kinds.ts'
import { normalObjects, noun } from './lists.ts'

/**
 * Checks the items of a category and gives them as they will be kept. Items, and the properties of each, are walked in
 * the order given: upstream does so, and it decides which of several defects is told.
 */
export function defineItems(items: unknown, context: DefineContext): Items {
  const { category, findings } = context
  if (!isEntries(items)) {
    findings.add('category-items', { category, received: items })
    return new Map()
  }
  const defined = new Map<string, Item>()
  for (const [name, given] of entriesOf(items)) {
    if (isPlainItem(given)) defined.set(name, defineItem(name, given, context))
    else findings.add('item-object', { category, item: name, received: given })
  }
  return defined
}

function defineItem(name: string, given: Item, context: DefineContext): Item {
  const draft: ItemDraft = {
    name,
    given,
    kept: new Map(Object.entries(given)),
    known: new Set(['description', 'default', 'type', ...(context.stored ? ['value'] : [])]),
    context,
    where: { category: context.category, item: name },
  }
  for (const [property, value] of Object.entries(given)) defineProperty(draft, property, value)
  for (const property of draft.known) {
    if (!Object.hasOwn(given, property)) context.findings.add('property-missing', { ...draft.where, property })
  }
  checkDefault(draft)
  keepCanonical(draft)
  return frozenCopy(Object.fromEntries(draft.kept))
}

function defineProperty(draft: ItemDraft, property: string, value: unknown): void {
  const { context, where } = draft
  const at = { ...where, property, received: value }
  kindOf(own(draft.given, 'type')).define(draft, property, value)
  if (property === 'permissions') {
    if (checkPermissions(value, at, context.findings)) draft.known.add(property)
  } else if (optionalProperties.has(property)) {
    checkProperty(draft, property, value)
    draft.known.add(property)
  }
  if (property === 'value' && !context.stored) context.findings.add('value-given', where)
  if (!draft.known.has(property) || isForgotten(draft, property, value)) draft.kept.delete(property)
  if (property === 'type' && !itemTypes.some((type) => type === value)) {
    context.findings.add('type-unknown', { ...at, expected: itemTypes.join(', ') })
  }
}

/**
 * Upstream's bookkeeping takes a `null` for "not seen", so a known property that is `null` is discarded like an unknown
 * one.
 */
function isForgotten({ given }: ItemDraft, property: string, value: unknown): boolean {
  const isBasic = property === 'description' || property === 'default' || property === 'type' || property === 'value'
  return value === null && (!isBasic || (own(given, 'type') === 'JSON' && Object.hasOwn(given, 'schema')))
}

function checkDefault(draft: ItemDraft): void {
  const { context, where, given } = draft
  if (!Object.hasOwn(given, 'default')) return
  const type = own(given, 'type')
  const value = draft.kept.get('default')
  const at = {
    ...where,
    property: 'default',
    expected: String(type),
    received: value,
    secret: isSecretItem(draft.name, given),
  }
  const verdict = kindOf(type).accepts(value, context.policy)
  if (verdict !== 'accepted') {
    const fault = verdict === 'refused' ? {} : { fledgeClass: verdict.fault, accidental: true }
    context.findings.add('default-invalid', { ...at, ...fault })
  } else if (!context.stored && keepObjects(draft) && context.policy.defaultsKeepLimits)
    checkDefaultAgainstLimits(draft)
}

/** Brings a default that holds objects into its normal form, once everything else of the item has been looked at. */
function keepObjects(draft: ItemDraft): boolean {
  const { context, where, given, kept } = draft
  const type = own(given, 'type')
  const preset = kept.get('default')
  if ((type !== 'list' && type !== 'kvlist') || own(given, 'items') !== 'object') return true
  const normal = typeof preset === 'string' ? normalObjects(preset, type === 'kvlist', context.policy) : undefined
  if (normal && 'text' in normal) {
    kept.set('default', normal.text)
    return true
  }
  const at = { ...where, property: 'default', received: preset, noun: noun(given) }
  const fault = { fledgeClass: normal?.fault ?? 'TypeError', accidental: true }
  return context.findings.add('default-objects', { ...at, ...fault, ...saying(normal?.says) })
}

function keepCanonical(draft: ItemDraft): void {
  const { context, kept } = draft
  for (const property of flagProperties) {
    const value = kept.get(property)
    if (typeof value === 'string') kept.set(property, value.toLowerCase())
  }
  if (context.stored) return
  const kind = kindOf(kept.get('type'))
  const value = kept.get('default')
  if (kind.accepts(value, context.policy) === 'accepted') kept.set('default', kind.canonical(value, context.policy))
  kept.set('value', kept.get('default'))
}

function isEntries(items: unknown): items is Item | Items {
  return isByName(items) || isPlainItem(items)
}

function entriesOf(items: Item | Items): Iterable<[string, unknown]> {
  return isByName(items) ? items : Object.entries(items)
}
