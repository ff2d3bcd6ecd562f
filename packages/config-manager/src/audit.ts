import { type Item, type Items, own } from './definition.ts'
import { frozenCopy } from './frozen.ts'

/** One entry of the audit trail, in Fledge's form, with who and why where that was said. */
export interface AuditEntry {
  /** `CONAD`: a category was created; `CONCH`: something was changed. */
  readonly code: 'CONAD' | 'CONCH'
  readonly details: { readonly [key: string]: unknown }
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly actor?: string
  readonly reason?: string
}

/** What stands in for a secret. */
export const redacted = '****'

/** Hides the value and default of password items. */
export function redactItem(item: Item): Item {
  if (own(item, 'type') !== 'password') return item
  const hidden = Object.entries(item).map(([property, value]) => [
    property,
    (property === 'value' || property === 'default') && value !== '' ? redacted : value,
  ])
  return frozenCopy(Object.fromEntries(hidden)) as Item
}

/** Hides every secret among items. */
export function redactItems(items: Items): Items {
  return new Map([...items].map(([name, item]) => [name, redactItem(item)]))
}

/** Hides a value if its item is a password. */
export function redactValue(item: Item | undefined, value: unknown): unknown {
  return item && own(item, 'type') === 'password' && value !== '' ? redacted : value
}
