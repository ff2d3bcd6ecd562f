import { frozenCopy } from './frozen.ts'
/** The 18 item types of Fledge 3, in the order in which Python sorts them. */
export const itemTypes = [
  'ACL',
  'IPv4',
  'IPv6',
  'JSON',
  'URL',
  'X509 certificate',
  'boolean',
  'bucket',
  'code',
  'enumeration',
  'float',
  'integer',
  'kvlist',
  'list',
  'northTask',
  'password',
  'script',
  'string',
] as const

/** The type of an item. */
export type ItemType = (typeof itemTypes)[number]

/** What the members of a `list` or `kvlist` may be. */
export const elementTypes = ['string', 'float', 'integer', 'object', 'enumeration'] as const

/** The element type of a `list` or `kvlist`. */
export type ElementType = (typeof elementTypes)[number]

/**
 * One item as a plugin declares it: Fledge's form, in which every scalar is text. `value` has no place here; it is set
 * through the manager.
 */
export interface ItemDefinition {
  readonly description: string
  readonly type: ItemType
  /** The value until somebody sets another; text, except that a `JSON` item may give an object. */
  readonly default: string | { readonly [key: string]: unknown }
  readonly displayName?: string
  /** Where a form shows it; an integer as text. */
  readonly order?: string
  /** The tab on which a form shows it. */
  readonly group?: string
  readonly readonly?: string
  readonly deprecated?: string
  readonly mandatory?: string
  /** Longest text, in code points. */
  readonly length?: string
  readonly minimum?: string
  readonly maximum?: string
  /** An expression over `value` that must not be false. */
  readonly rule?: string
  /** An expression over the other items; while it is false this item does not apply. */
  readonly validity?: string
  /** Names of the roles that may change it. */
  readonly permissions?: readonly string[]
  readonly options?: readonly string[]
  readonly properties?: { readonly [key: string]: unknown }
  readonly items?: ElementType
  readonly listSize?: string
  readonly listName?: string
  readonly keyName?: string
  readonly keyDescription?: string
  readonly schema?: { readonly [key: string]: unknown }
}

/** The option that lets somebody type in what discovery did not find. */
export const manualOption = 'Manual'

/** A category's items, by name, as declared. */
export type ItemDefinitions = { readonly [name: string]: ItemDefinition }

/** An item as it is kept: its definition and `value`. Properties that the engine does not know survive. */
export type Item = { readonly [property: string]: unknown }

/** A category's kept items, in order. */
export type Items = ReadonlyMap<string, Item>

/** Properties that are optional on any item; each may be changed alone ({@link ConfigManager.updateProperty}). */
export const optionalProperties: ReadonlySet<string> = new Set([
  'deprecated',
  'displayName',
  'group',
  'length',
  'listName',
  'listSize',
  'mandatory',
  'maximum',
  'minimum',
  'order',
  'permissions',
  'readonly',
  'rule',
  'validity',
])

/** Properties that are `true` or `false`. */
export const flagProperties: ReadonlySet<string> = new Set(['readonly', 'deprecated', 'mandatory'])

/** Reads an item's own property; never one of `Object.prototype`, whatever the item is called. */
export function own(item: Item, property: string): unknown {
  return Object.hasOwn(item, property) ? item[property] : undefined
}

/** Gives a copy of an item with one property set, at its present place or at the end. */
export function withProperty(item: Item, property: string, value: unknown): Item {
  // A computed key defines `__proto__` like any other name; an assignment would not.
  return frozenCopy({ ...item, [property]: value })
}

/** Tells whether a value is what JSON calls an object. */
export function isPlainItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
