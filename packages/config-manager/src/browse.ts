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
  const made = new Map<string, CategorySummary>()
  return chosen.map((category) => (children ? withChildren(engine, category, made) : summaryOf(category)))
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

/** Makes each category once, children first: a hierarchy may be deep, and a child may have many parents. */
function withChildren(engine: Engine, top: Category, made: Map<string, CategorySummary>): CategorySummary {
  const open = [top]
  for (let category = open.at(-1); category; category = open.at(-1)) {
    const below = known(engine, category)
    const missing = below.filter((child) => !made.has(child.name))
    open.push(...missing)
    if (missing.length > 0) continue
    const children = below.map((child) => made.get(child.name) as CategorySummary)
    made.set(category.name, { ...summaryOf(category), children })
    open.pop()
  }
  return made.get(top.name) as CategorySummary
}

function known(engine: Engine, category: Category): Category[] {
  return category.children.map((name) => engine.stored(name)).filter((child) => child !== undefined)
}

function summaryOf({ name, description, displayName }: Category): CategorySummary {
  return { key: name, description, displayName }
}
