import { assignment, siblingValues } from './assignment.ts'
import { isSecretItem, redacted } from './audit.ts'
import type { Category, Provenance } from './category.ts'
import { defineItems } from './check-definition.ts'
import { assign } from './check-value.ts'
import { type Item, own, withProperty } from './definition.ts'
import type { Engine } from './engine.ts'
import type { Findings } from './findings.ts'

/** One category in a snapshot. */
export interface CategorySnapshot {
  readonly description: string
  readonly displayName: string
  readonly version?: number
  /** Items in Fledge's form, `value` included; secrets are `****`. */
  readonly items: { readonly [item: string]: Item }
  readonly children: readonly string[]
  /** Where values come from that are not defaults. */
  readonly provenance: { readonly [item: string]: Provenance }
}

/** Makes a category from its snapshot, every definition and value checked; secrets stay as they are here. */
export function restoredCategory(
  engine: Engine,
  name: string,
  snapshot: CategorySnapshot,
  findings: Findings,
  missingSecrets: string[],
): Category {
  const { policy } = engine
  const present = engine.stored(name)
  const withoutValues = Object.entries(snapshot.items).map(([item, { value: _, ...definition }]): [string, Item] => [
    item,
    withoutRedactedDefault(item, definition, present?.items.get(item)),
  ])
  const defined = defineItems(new Map(withoutValues), { category: name, policy, findings, stored: false })
  const items = new Map<string, Item>(defined)
  const siblings = siblingValues(
    defined,
    new Map(Object.entries(snapshot.items).map(([item, { value }]) => [item, value])),
  )
  for (const [item, definition] of defined) {
    const value = own(snapshot.items[item] as Item, 'value')
    if (value === undefined) continue
    if (value === redacted && isSecretItem(item, definition)) {
      const secret = own(present?.items.get(item) ?? {}, 'value')
      if (typeof secret === 'string' && secret !== '') items.set(item, withProperty(definition, 'value', secret))
      else missingSecrets.push(`${name}/${item}`)
      continue
    }
    const restored = assignment({
      category: name,
      name: item,
      item: definition,
      siblings,
      policy,
      findings,
      privileged: true,
      value,
    })
    const isDefault = value === own(definition, 'default')
    if (
      isDefault ||
      assign(
        restored,
        policy.bulkChecks.filter((check) => check !== 'readonly'),
      )
    ) {
      items.set(item, withProperty(definition, 'value', isDefault ? value : restored.value))
    }
  }
  const { description, displayName, children, version, provenance } = snapshot
  return {
    name,
    description,
    displayName,
    items,
    children,
    revision: engine.registry.nextRevision(name),
    provenance: new Map(Object.entries(provenance ?? {}).filter(([item]) => items.has(item))),
    ...(version === undefined ? {} : { version }),
  }
}

/** A secret's default is hidden in a snapshot like its value. */
function withoutRedactedDefault(name: string, definition: Item, present: Item | undefined): Item {
  if (own(definition, 'default') !== redacted || !isSecretItem(name, definition)) return definition
  return withProperty(definition, 'default', present ? own(present, 'default') : '')
}
