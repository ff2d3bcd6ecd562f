import { stringifyJson } from '@backplane/core/json'
import type { Category, Provenance } from './category.ts'
import { type Item, type Items, manualOption, own, withProperty } from './definition.ts'
import type { Findings } from './findings.ts'
import type { Policy } from './policy.ts'
import { parseJsonText } from './python/json.ts'
import { dumpText, isTextObject, type TextValue } from './python/value.ts'

/** What a registration makes of a stored category. */
export interface Merged {
  readonly items: Items
  readonly provenance: ReadonlyMap<string, Provenance>
  /** Deprecated items and the values that they had. */
  readonly deprecated: readonly (readonly [name: string, value: unknown])[]
}

/** What is merged. */
export interface MergeInput {
  /** The new definition, checked, each value at its default. */
  readonly defined: Items
  readonly stored: Pick<Category, 'items' | 'provenance'>
  /** Whether stored items that the new definition does not name stay. */
  readonly keepOriginalItems: boolean
  readonly policy: Policy
  readonly findings: Findings
  readonly category: string
}

/**
 * Merges a definition into what is stored: the new definition wins in everything but the value, which stays while the
 * item's type does. Items that are deprecated go.
 */
export function mergeItems(input: MergeInput): Merged {
  const { defined, stored, keepOriginalItems } = input
  const items = new Map<string, Item>()
  const provenance = new Map<string, Provenance>()
  const deprecated: [string, unknown][] = []
  for (const [name, item] of defined) {
    const merged = mergeItem(name, item, input)
    if (own(item, 'deprecated') === 'true') deprecated.push([name, own(merged.item, 'value')])
    else keep(items, provenance, name, merged)
  }
  if (keepOriginalItems) {
    for (const [name, item] of stored.items) {
      if (!defined.has(name)) keep(items, provenance, name, { item, from: stored.provenance.get(name) })
    }
  }
  return { items, provenance, deprecated }
}

interface MergedItem {
  readonly item: Item
  readonly from: Provenance | undefined
}

function keep(items: Map<string, Item>, provenance: Map<string, Provenance>, name: string, merged: MergedItem): void {
  items.set(name, merged.item)
  if (merged.from) provenance.set(name, merged.from)
}

function mergeItem(name: string, item: Item, input: MergeInput): MergedItem {
  const { policy } = input
  const stored = input.stored.items.get(name)
  const from = input.stored.provenance.get(name)
  if (!stored) return { item, from: undefined }
  if (own(stored, 'type') === own(item, 'type') || from === 'migration') {
    const offered = policy.keepsOfferedOptions ? withOfferedOptions(item, stored) : item
    const follows = policy.untouchedFollowDefault && from === undefined
    return { item: follows ? offered : withProperty(offered, 'value', own(stored, 'value')), from }
  }
  const value = listFromJson(name, item, stored, input)
  return value === undefined
    ? { item, from: undefined }
    : { item: withProperty(item, 'value', value), from: from ?? 'migration' }
}

/** A definition only knows `Manual`; what discovery found since is in the store. */
function withOfferedOptions(item: Item, stored: Item): Item {
  const options = own(item, 'options')
  const before = own(stored, 'options')
  const isOffered = own(item, 'type') === 'enumeration' && Array.isArray(options) && options.includes(manualOption)
  return isOffered && Array.isArray(before)
    ? withProperty(item, 'options', [...new Set([...before, ...options])])
    : item
}

/**
 * The one change of type that upstream carries a value across: a JSON object that holds the list under its `listName`.
 */
function listFromJson(
  item: string,
  definition: Item,
  stored: Item,
  { policy, findings, category }: MergeInput,
): string | undefined {
  const name = own(definition, 'listName')
  if (own(stored, 'type') !== 'JSON' || own(definition, 'type') !== 'list' || typeof name !== 'string') return undefined
  const value = own(stored, 'value')
  if (typeof value !== 'string' && !policy.enforcesAll)
    findings.add('value-text', { category, item, received: value, fledgeClass: 'TypeError', accidental: true })
  const read = parseJsonText(typeof value === 'string' ? value : stringifyJson(value))?.value
  const list = read !== undefined && isTextObject(read) ? read.get(name) : undefined
  return list === undefined || list === null ? undefined : dumpText(read as TextValue)
}
