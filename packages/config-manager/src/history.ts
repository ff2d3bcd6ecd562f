import { redactItems } from './audit.ts'
import { type Category, itemsObject } from './category.ts'
import { change } from './change.ts'
import type { CategoryFacts, CategoryPast } from './contract.ts'
import { own } from './definition.ts'
import type { Engine } from './engine.ts'
import { configError } from './errors.ts'
import type { ChangeOptions, ChangeResult } from './options.ts'

/** What is known of a category beside its items. */
export function factsOf(category: Category): CategoryFacts {
  const { description, displayName, revision, version, provenance } = category
  const origins = [...category.items.keys()].map((item) => [item, provenance.get(item) ?? 'default'] as const)
  return {
    description,
    displayName,
    revision,
    ...(version === undefined ? {} : { version }),
    provenance: Object.fromEntries(origins),
  }
}

/** A former state as readers see it. */
export function pastOf(category: Category): CategoryPast {
  return { ...factsOf(category), items: itemsObject(redactItems(category.items)) }
}

/** Sets the values that a former state had, for the items that are still there. */
export function restore(
  engine: Engine,
  category: string,
  revision: number,
  options: ChangeOptions,
): Promise<ChangeResult> {
  const past = engine.registry.history(category).find((state) => state.revision === revision)
  if (!past)
    throw configError('BP_CONFIG_UNKNOWN', {
      details: { what: `revision ${revision} of category ${category} in the history` },
    })
  const present = engine.stored(category)
  const values = [...past.items]
    .filter(([name, item]) => own(present?.items.get(name) ?? {}, 'type') === own(item, 'type'))
    .map(([name, item]) => [name, own(item, 'value')] as const)
  return change(engine, { category, values, single: false, asStored: true }, { ...options, privileged: true })
}
