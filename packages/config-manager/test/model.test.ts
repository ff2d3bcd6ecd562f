import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ConfigManager, configManager, type ItemDefinition } from '../src/index.ts'

const categories = ['A', 'B', 'C', 'D'] as const
const itemNames = ['x', 'y', 'z'] as const

type CategoryName = (typeof categories)[number]
type ItemName = (typeof itemNames)[number]

interface Definition {
  readonly type: 'string' | 'integer'
  readonly preset: number
  readonly limit: number
}

type Step =
  | {
      readonly op: 'register'
      readonly category: CategoryName
      readonly items: Partial<Record<ItemName, Definition>>
      readonly keep: boolean
    }
  | { readonly op: 'set'; readonly category: CategoryName; readonly values: Partial<Record<ItemName, number>> }
  | { readonly op: 'reset'; readonly category: CategoryName; readonly item: ItemName }
  | { readonly op: 'link' | 'unlink'; readonly category: CategoryName; readonly child: CategoryName }
  | { readonly op: 'remove'; readonly category: CategoryName }
  | {
      readonly op: 'subscribe' | 'unsubscribe' | 'veto'
      readonly category: CategoryName
      readonly item: ItemName | undefined
    }
  | { readonly op: 'restart' }

const categoryName = fc.constantFrom(...categories)
const itemName = fc.constantFrom(...itemNames)
const definition = fc.record({
  type: fc.constantFrom('string', 'integer'),
  preset: fc.nat(3),
  limit: fc.integer({ min: 3, max: 9 }),
}) as fc.Arbitrary<Definition>
const some = <T>(value: fc.Arbitrary<T>) =>
  fc.dictionary(itemName, value, { maxKeys: 3 }) as fc.Arbitrary<Partial<Record<ItemName, T>>>

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('register' as const),
      category: categoryName,
      items: some(definition),
      keep: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant('set' as const), category: categoryName, values: some(fc.nat(11)) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('reset' as const), category: categoryName, item: itemName }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom('link', 'unlink'),
      category: categoryName,
      child: categoryName,
    }) as fc.Arbitrary<Step>,
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('remove' as const), category: categoryName }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom('subscribe', 'unsubscribe', 'veto'),
      category: categoryName,
      item: fc.option(itemName, { nil: undefined }),
    }) as fc.Arbitrary<Step>,
  },
)

interface ModelItem extends Definition {
  value: number
  user: boolean
}

/** What the manager should be, in as few words as possible. */
class Model {
  readonly items = new Map<CategoryName, Map<ItemName, ModelItem>>()
  readonly children = new Map<CategoryName, CategoryName[]>()
  readonly subscribers = new Set<string>()
  readonly vetoes = new Set<string>()
  readonly told: string[] = []

  register({ category, items: defined, keep }: Step & { op: 'register' }): boolean {
    const before = this.items.get(category)
    const after = new Map<ItemName, ModelItem>()
    for (const [name, item] of Object.entries(defined) as [ItemName, Definition][]) {
      const old = before?.get(name)
      const isKept = old?.user === true && old.type === item.type && (item.type === 'string' || old.value <= item.limit)
      after.set(name, { ...item, value: isKept ? old.value : item.preset, user: isKept })
    }
    if (keep) for (const [name, old] of before ?? []) if (!after.has(name)) after.set(name, old)
    if (before && sameItems(before, after)) return true
    return this.#replace(category, before, after)
  }

  set({ category, values }: Step & { op: 'set' }): boolean {
    const before = this.items.get(category)
    if (!before) return false
    const after = new Map(before)
    for (const [name, value] of Object.entries(values) as [ItemName, number][]) {
      const item = before.get(name)
      if (!item || (item.type === 'integer' && value > item.limit)) return false
      if (item.value !== value) after.set(name, { ...item, value, user: true })
    }
    return sameValues(before, after) || this.#replace(category, before, after)
  }

  reset({ category, item: name }: Step & { op: 'reset' }): boolean {
    const before = this.items.get(category)
    const item = before?.get(name)
    if (!before || !item) return false
    if (item.value === item.preset) return true
    return this.#replace(category, before, new Map(before).set(name, { ...item, value: item.preset, user: false }))
  }

  link(parent: CategoryName, child: CategoryName): boolean {
    if (!this.items.has(parent) || !this.items.has(child) || this.#below(child).has(parent)) return false
    const children = this.children.get(parent) ?? []
    if (!children.includes(child)) this.children.set(parent, [...children, child])
    return true
  }

  unlink(parent: CategoryName, child: CategoryName): boolean {
    if (!this.items.has(parent) || !this.items.has(child)) return false
    this.children.set(
      parent,
      (this.children.get(parent) ?? []).filter((name) => name !== child),
    )
    return true
  }

  remove(category: CategoryName): boolean {
    if (!this.items.has(category)) return false
    const gone = this.#below(category)
    const isShared = [...this.children].some(
      ([parent, names]) => !gone.has(parent) && names.some((name) => name !== category && gone.has(name)),
    )
    if (isShared) return false
    const refused = [...gone].some((name) => this.#refuses(name, this.items.get(name), undefined))
    if (refused) return false
    for (const name of gone) {
      this.#tell(name, this.items.get(name), undefined)
      this.items.delete(name)
      this.children.delete(name)
    }
    for (const [parent, names] of this.children)
      this.children.set(
        parent,
        names.filter((name) => !gone.has(name)),
      )
    return true
  }

  #below(category: CategoryName): Set<CategoryName> {
    const found = new Set([category])
    for (const name of found) for (const child of this.children.get(name) ?? []) found.add(child)
    return found
  }

  #replace(
    category: CategoryName,
    before: Map<ItemName, ModelItem> | undefined,
    after: Map<ItemName, ModelItem>,
  ): boolean {
    if (this.#refuses(category, before, after)) return false
    this.items.set(category, after)
    this.#tell(category, before, after)
    return true
  }

  #refuses(
    category: CategoryName,
    before: Map<ItemName, ModelItem> | undefined,
    after: Map<ItemName, ModelItem> | undefined,
  ): boolean {
    return [...this.vetoes].some((key) => concerns(key, category, before, after))
  }

  #tell(
    category: CategoryName,
    before: Map<ItemName, ModelItem> | undefined,
    after: Map<ItemName, ModelItem> | undefined,
  ): void {
    for (const key of this.subscribers)
      if (concerns(key, category, before, after)) this.told.push(`${key} ${changed(before, after)}`)
  }
}

function concerns(
  key: string,
  category: CategoryName,
  before: Map<ItemName, ModelItem> | undefined,
  after: Map<ItemName, ModelItem> | undefined,
): boolean {
  const [wanted, item] = key.split('/')
  return wanted === category && (item === '' || changed(before, after).includes(item as ItemName))
}

function changed(
  before: Map<ItemName, ModelItem> | undefined,
  after: Map<ItemName, ModelItem> | undefined,
): ItemName[] {
  return itemNames.filter((name) => before?.get(name)?.value !== after?.get(name)?.value)
}

function sameValues(left: Map<ItemName, ModelItem>, right: Map<ItemName, ModelItem>): boolean {
  return [...right].every(([name, item]) => left.get(name)?.value === item.value)
}

/** Definitions, values and where values come from: what counts as a change of a category. */
function sameItems(left: Map<ItemName, ModelItem>, right: Map<ItemName, ModelItem>): boolean {
  const text = (items: Map<ItemName, ModelItem>) =>
    JSON.stringify(
      [...items]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { type, preset, limit, value, user }]) => [
          name,
          type,
          preset,
          type === 'integer' ? limit : 0,
          value,
          user,
        ]),
    )
  return text(left) === text(right)
}

function definitionOf({ type, preset, limit }: Definition): ItemDefinition {
  return { description: '', type, default: String(preset), ...(type === 'integer' ? { maximum: String(limit) } : {}) }
}

/** One program on the manager and the model, compared after every step. */
async function run(program: readonly Step[]): Promise<void> {
  const manager = configManager()()
  const model = new Model()
  const told: string[] = []
  const stops = new Map<string, () => void>()
  for (const one of program) {
    if (one.op === 'subscribe' || one.op === 'unsubscribe' || one.op === 'veto')
      subscribe(manager, model, one, told, stops)
    else {
      const succeeded = await perform(manager, one).then(
        () => true,
        (error) => {
          if (!String(error.code).startsWith('BP_CONFIG')) throw error
          return false
        },
      )
      expect(succeeded, JSON.stringify(one)).toBe(performOnModel(model, one))
    }
    expect(stateOf(manager)).toEqual(stateOfModel(model))
  }
  expect([...told].sort()).toEqual([...model.told].sort())
  await manager.close()
}

function subscribe(
  manager: ConfigManager,
  model: Model,
  { op, category, item }: Step & { op: 'subscribe' | 'unsubscribe' | 'veto' },
  told: string[],
  stops: Map<string, () => void>,
): void {
  const key = `${category}/${item ?? ''}`
  stops.get(key)?.()
  stops.delete(key)
  model.subscribers.delete(key)
  model.vetoes.delete(key)
  if (op === 'unsubscribe') return
  const scope = { category, ...(item ? { item } : {}) }
  const participant =
    op === 'veto'
      ? {
          prepare: () => {
            throw new Error('no')
          },
        }
      : { apply: (event: { changed: readonly string[] }) => void told.push(`${key} ${[...event.changed].sort()}`) }
  stops.set(key, manager.subscribe(scope, participant))
  if (op === 'veto') model.vetoes.add(key)
  else model.subscribers.add(key)
}

async function perform(manager: ConfigManager, one: Step): Promise<unknown> {
  switch (one.op) {
    case 'register': {
      const items = Object.entries(one.items).map(([name, item]) => [name, definitionOf(item as Definition)])
      return manager.register(one.category, Object.fromEntries(items), { keepOriginalItems: one.keep })
    }
    case 'set':
      return manager.update(one.category, one.values)
    case 'reset':
      return manager.reset(one.category, one.item)
    case 'link':
      return manager.link(one.category, [one.child])
    case 'unlink':
      return manager.unlink(one.category, one.child)
    case 'remove':
      return manager.remove(one.category)
    default:
      return undefined
  }
}

function performOnModel(model: Model, one: Step): boolean {
  switch (one.op) {
    case 'register':
      return model.register(one)
    case 'set':
      return model.set(one)
    case 'reset':
      return model.reset(one)
    case 'link':
      return model.link(one.category, one.child)
    case 'unlink':
      return model.unlink(one.category, one.child)
    case 'remove':
      return model.remove(one.category)
    default:
      return true
  }
}

function stateOf(manager: ConfigManager): unknown {
  return categories.map((name) => {
    const items = manager.items(name)
    if (!items) return null
    const values = Object.entries(items).map(
      ([item, { type, value }]) => `${item} ${type} ${value} ${manager.facts(name)?.provenance[item] === 'user'}`,
    )
    return [values.sort(), manager.children(name).map(({ key }) => key)]
  })
}

function stateOfModel(model: Model): unknown {
  return categories.map((name) => {
    const items = model.items.get(name)
    if (!items) return null
    const values = [...items].map(([item, { type, value, user }]) => `${item} ${type} ${value} ${user}`)
    return [values.sort(), model.children.get(name) ?? []]
  })
}

describe('merge, hierarchy and subscriptions', () => {
  it('behave as their model in 10,000 programs', { timeout: 120_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), run), { numRuns: 10_000 })
  })
})
