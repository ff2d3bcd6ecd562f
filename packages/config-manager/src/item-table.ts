import type { Item, Items } from './definition.ts'

/**
 * Items by name. Tables made from one another share the names and their places, so that a new value costs one short
 * array and the states in the history cost little more than what differs between them.
 */
class ItemTable implements Items {
  readonly #places: ReadonlyMap<string, number>
  readonly #items: readonly Item[]

  constructor(places: ReadonlyMap<string, number>, items: readonly Item[]) {
    this.#places = places
    this.#items = items
  }

  get size(): number {
    return this.#places.size
  }

  has(name: string): boolean {
    return this.#places.has(name)
  }

  get(name: string): Item | undefined {
    const place = this.#places.get(name)
    return place === undefined ? undefined : this.#items[place]
  }

  keys(): MapIterator<string> {
    return this.#places.keys()
  }

  values(): MapIterator<Item> {
    return this.#items.values()
  }

  *entries(): MapIterator<[string, Item]> {
    for (const [name, place] of this.#places) yield [name, this.#items[place] as Item]
  }

  [Symbol.iterator](): MapIterator<[string, Item]> {
    return this.entries()
  }

  forEach(callback: (item: Item, name: string, items: Items) => void): void {
    for (const [name, place] of this.#places) callback(this.#items[place] as Item, name, this)
  }

  /** Gives a table in which these items, all of them known by name, stand in for the present ones. */
  with(replacements: readonly (readonly [name: string, item: Item])[]): ItemTable {
    const items = this.#items.slice()
    for (const [name, item] of replacements) items[this.#places.get(name) as number] = item
    return new ItemTable(this.#places, items)
  }
}

/** Tells whether something is items by name, as they are kept, rather than an object that somebody gave. */
export function isByName(items: unknown): items is Items {
  return items instanceof Map || items instanceof ItemTable
}

/** Gives items in which some are replaced by others of the same names; not for names that are not there yet. */
export function replaceItems(items: Items, replacements: readonly (readonly [name: string, item: Item])[]): Items {
  return tableOf(items).with(replacements)
}

function tableOf(items: Items): ItemTable {
  if (items instanceof ItemTable) return items
  const places = new Map<string, number>()
  for (const name of items.keys()) places.set(name, places.size)
  return new ItemTable(places, [...items.values()])
}
