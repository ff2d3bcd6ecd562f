import type { Category } from './category.ts'
import { type Item, type Items, own, withProperty } from './definition.ts'
import { decodeScript, withReadableScripts } from './script.ts'

/** Categories as the store has them. */
export type StoredCategories = ReadonlyMap<string, Category>

/** What readers see, and what a new value is compared with. */
export interface ReadView {
  /** All items of a category as they are read. */
  items(name: string): Items | undefined
  /** One item as it is read. */
  item(name: string, item: string): Item | undefined
  /** The item against which a single change is held; `cached` is false where only the store knows it. */
  held(name: string, item: string): { readonly item: Item | undefined; readonly cached: boolean }
  /** Follows a category that was created or replaced. */
  replaced(category: Category): void
  /** Follows a single new value; says what went wrong with a script, after it was written. */
  valueSet(category: Category, item: string): { readonly fault: string } | undefined
  /** Follows several new values or a new property: the stored item counts. */
  itemsSet(category: Category, items: readonly string[], property: string): void
  removed(name: string): void
  clear(): void
}

/** Reads the store's own state: nothing can be stale. */
export function directView(stored: StoredCategories): ReadView {
  return {
    items: (name) => {
      const category = stored.get(name)
      return category && withReadableScripts(category.items)
    },
    item: (name, item) => {
      const found = stored.get(name)?.items.get(item)
      return found && withReadableScripts(new Map([[item, found]])).get(item)
    },
    held: (name, item) => ({ item: stored.get(name)?.items.get(item), cached: true }),
    replaced: () => {},
    valueSet: () => undefined,
    itemsSet: () => {},
    removed: () => {},
    clear: () => {},
  }
}

/** Upstream keeps the last 30 categories that were used. */
const capacity = 30

/**
 * Reads through a cache as upstream does. That shows: scripts are readable in the cache and hexadecimal in the store, a
 * single change of a category that is not cached is never taken for unchanged, and decoding happens on what is cached
 * already.
 */
export function cachedView(stored: StoredCategories): ReadView {
  const cache = new Map<string, Map<string, Item>>()
  const touch = (name: string) => {
    const items = cache.get(name)
    if (items) {
      cache.delete(name)
      cache.set(name, items)
    }
    return items
  }
  const insert = (name: string, items: Items) => {
    if (!cache.has(name) && cache.size >= capacity) cache.delete(cache.keys().next().value as string)
    cache.set(name, new Map(items))
  }
  const load = (name: string): Map<string, Item> | undefined => {
    const category = stored.get(name)
    if (category) insert(name, withReadableScripts(category.items))
    return cache.get(name)
  }
  return {
    items(name) {
      const cached = touch(name)
      if (cached) insert(name, withReadableScripts(cached))
      else load(name)
      return cache.get(name) && new Map(cache.get(name))
    },
    item(name, item) {
      const cached = touch(name)
      if (cached) return cached.get(item)
      return stored.get(name)?.items.has(item) ? load(name)?.get(item) : undefined
    },
    held(name, item) {
      const cached = touch(name)
      return cached
        ? { item: cached.get(item), cached: true }
        : { item: stored.get(name)?.items.get(item), cached: false }
    },
    replaced: (category) => insert(category.name, category.items),
    valueSet(category, name) {
      const value = own(category.items.get(name) as Item, 'value')
      const cached = cache.get(category.name)
      if (own(category.items.get(name) as Item, 'type') !== 'script') {
        cached?.set(name, withProperty(cached.get(name) as Item, 'value', value))
        return undefined
      }
      const script: { readonly text: unknown } | { readonly fault: string } =
        value === null || value === ''
          ? { text: value }
          : typeof value === 'string'
            ? decodeScript(value)
            : { fault: 'AttributeError' }
      if ('fault' in script) return script
      cached?.set(name, withProperty(withProperty(cached.get(name) as Item, 'value', script.text), 'file', ''))
      return undefined
    },
    itemsSet(category, names, property) {
      const cached = cache.get(category.name)
      for (const name of names) {
        if (!cached?.has(name)) continue
        cached.set(
          name,
          withProperty(cached.get(name) as Item, property, own(category.items.get(name) as Item, property)),
        )
      }
    },
    removed: (name) => cache.delete(name),
    clear: () => cache.clear(),
  }
}
