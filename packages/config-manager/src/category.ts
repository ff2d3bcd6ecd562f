import type { Json } from '@backplane/core'
import { type Item, type Items, own } from './definition.ts'
import { isSameJson } from './equal.ts'
import { frozenCopy } from './frozen.ts'

/** Where the value of an item comes from. */
export type Provenance = 'default' | 'user' | 'migration' | 'environment'

/** A category as it is kept. Never changed in place: a change makes a new one. */
export interface Category {
  readonly name: string
  readonly description: string
  readonly displayName: string
  readonly items: Items
  /** Names of the categories below this one, in the order in which they were linked. */
  readonly children: readonly string[]
  /** Counts the changes of this category, from 1. */
  readonly revision: number
  /** Where values come from; what is missing here is a default. */
  readonly provenance: ReadonlyMap<string, Provenance>
  /** Version of the definition, as its author counts; for migrations. */
  readonly version?: number
}

/**
 * The document that stands for a category in a store. Names and items are lists, so that order and odd names survive.
 */
export function categoryDocument(category: Category): Json {
  return {
    description: category.description,
    displayName: category.displayName,
    names: [...category.items.keys()],
    items: [...category.items.values()] as unknown as Json,
    children: category.children,
    revision: category.revision,
    provenance: [...category.provenance],
    ...(category.version === undefined ? {} : { version: category.version }),
  }
}

/** Reads a category's document, or gives `undefined` if it is none. */
export function categoryOf(name: string, document: unknown): Category | undefined {
  if (typeof document !== 'object' || document === null) return undefined
  const { description, displayName, names, items, children, revision, provenance, version } = document as Item
  if (!Array.isArray(names) || !Array.isArray(items) || !names.every((_, index) => isItem(items[index])))
    return undefined
  return {
    name,
    description: typeof description === 'string' ? description : '',
    displayName: displayName as string,
    items: new Map(names.map((item, index): [string, Item] => [String(item), frozenCopy(items[index] as Item)])),
    children: Array.isArray(children) ? children.filter((child) => typeof child === 'string') : [],
    revision: typeof revision === 'number' ? revision : 1,
    provenance: new Map(Array.isArray(provenance) ? (provenance as [string, Provenance][]) : []),
    ...(typeof version === 'number' ? { version } : {}),
  }
}

function isItem(item: unknown): boolean {
  return typeof item === 'object' && item !== null
}

/** Compares items, in any order. */
export function sameItems(left: Items, right: Items): boolean {
  return (
    left.size === right.size && [...left].every(([name, item]) => right.has(name) && isSameJson(item, right.get(name)))
  )
}

/** Items as Fledge's JSON has them: an object, item by name. */
export function itemsObject(items: Items): { readonly [name: string]: Item } {
  return Object.fromEntries(items)
}

/** Names of the items whose values differ between two states of a category; new and gone ones included. */
export function changedValues(before: Items, after: Items): string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].filter((name) => !isSameJson(itemValue(before.get(name)), itemValue(after.get(name))))
}

function itemValue(item: Item | undefined): unknown {
  return item && own(item, 'value')
}
