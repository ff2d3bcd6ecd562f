import { redactItem } from './audit.ts'
import type { Category } from './category.ts'
import { defineItems } from './check-definition.ts'
import type { Item, ItemDefinition } from './definition.ts'
import type { Engine } from './engine.ts'
import type { CategoryStep } from './event.ts'
import { type ChangeOptions, type ChangeResult, originOf } from './options.ts'

/** Adds an item to a category. */
export function addItem(
  engine: Engine,
  category: string,
  name: string,
  definition: ItemDefinition,
  options: ChangeOptions,
): Promise<ChangeResult> {
  return engine.locks.run(
    [category],
    async () => {
      const item = engine.check((findings) => {
        const { policy } = engine
        const given = definition as unknown as Item
        // Upstream takes a definition that has a value as it is, once its form is checked, and looks at it before the
        // category.
        const stored = !policy.enforcesAll && Object.hasOwn(given, 'value')
        const defined = defineItems(new Map([[name, given]]), { category, policy, findings, stored }).get(name)
        const present = engine.stored(category)
        if (!present) findings.add('category-unknown', { category })
        else if (present.items.has(name)) findings.add('item-taken', { category, item: name })
        return defined
      }) as Item
      const before = engine.stored(category) as Category
      const after: Category = {
        ...before,
        items: new Map([...before.items, [name, item]]),
        revision: before.revision + 1,
      }
      const step: CategoryStep = { kind: 'defined', before, after }
      const shown = engine.auditsSecrets ? item : redactItem(name, item)
      const audit = { code: 'CONAD' as const, details: { category, item: name, value: { [name]: shown } } }
      const delivery = await engine.transact({
        steps: [step],
        audit: [audit],
        origin: originOf(options),
        signal: options.signal,
      })
      engine.view.replaced(after)
      return { ...delivery, revision: after.revision, changed: [name] }
    },
    options.signal,
  )
}
