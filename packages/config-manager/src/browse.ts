import type { Category } from './category.ts'
import type { Engine } from './engine.ts'

/** A category in a list. */
export interface CategorySummary {
  readonly key: string
  readonly description: string
  readonly displayName: string
  /** What is below it, if that was asked for. */
  readonly children?: readonly CategorySummary[]
}

/** Which categories to list. */
export interface ListOptions {
  /** `true`: those that are below nothing; `false`: those that are below something. @default all */
  readonly root?: boolean
  /** Lists what is below each as well; only together with `root`, as upstream has it. @default false */
  readonly children?: boolean
}

/** Lists categories. */
export function listCategories(engine: Engine, { root, children = false }: ListOptions): CategorySummary[] {
  const all = [...engine.registry.categories.values()]
  if (root === undefined) return all.map(summaryOf)
  const below = new Set(all.flatMap((category) => category.children))
  const chosen = all.filter((category) => below.has(category.name) !== root)
  return chosen.map((category) => (children ? withChildren(engine, category) : summaryOf(category)))
}

/** Lists what is directly below a category. */
export function childrenOf(engine: Engine, name: string): CategorySummary[] {
  const category = engine.check((findings) => {
    const found = engine.stored(name)
    if (!found) findings.add('parent-unknown', { category: name })
    return found
  }) as Category
  return known(engine, category).map(summaryOf)
}

function withChildren(engine: Engine, category: Category): CategorySummary {
  return { ...summaryOf(category), children: known(engine, category).map((child) => withChildren(engine, child)) }
}

function known(engine: Engine, category: Category): Category[] {
  return category.children.map((name) => engine.stored(name)).filter((child) => child !== undefined)
}

function summaryOf({ name, description, displayName }: Category): CategorySummary {
  return { key: name, description, displayName }
}
