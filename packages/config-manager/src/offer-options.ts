import type { Category } from './category.ts'
import { type Item, own, withProperty } from './definition.ts'
import type { Engine } from './engine.ts'
import { isSameJson } from './equal.ts'
import type { CategoryStep } from './event.ts'
import { type ChangeOptions, type ChangeResult, originOf } from './options.ts'

/**
 * Replaces the options of an enumeration by what was found just now. The value in force and the default stay among
 * them, so that a device that is switched off does not take the configuration with it.
 */
export function offerOptions(
  engine: Engine,
  category: string,
  name: string,
  options: readonly string[],
  by: ChangeOptions,
): Promise<ChangeResult> {
  return engine.locks.run(
    [category],
    async () => {
      const item = engine.check((findings) => {
        const found = engine.stored(category)?.items.get(name)
        if (!found) findings.add('item-unknown', { category, item: name })
        else if (own(found, 'type') !== 'enumeration')
          findings.add('options-missing', { category, item: name, property: 'options' })
        return found
      }) as Item
      const before = engine.stored(category) as Category
      const kept = [own(item, 'value'), own(item, 'default')].filter((option) => typeof option === 'string')
      const offered = [...new Set([...options, ...kept])]
      const same: ChangeResult = { applied: [], pending: [], quarantined: [], revision: before.revision, changed: [] }
      if (isSameJson(offered, own(item, 'options'))) return same
      const items = new Map(before.items).set(name, withProperty(item, 'options', offered))
      const after: Category = { ...before, items, revision: before.revision + 1 }
      const step: CategoryStep = { kind: 'defined', before, after }
      const delivery = await engine.transact({ steps: [step], audit: [], origin: originOf(by), signal: by.signal })
      engine.view.itemsSet(after, [name], 'options')
      return { ...delivery, revision: after.revision, changed: [] }
    },
    by.signal,
  )
}
