import { isSecretName } from '@backplane/core/runtime'
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

/**
 * Tells whether what an item holds is a secret: by its type, or, of a text, by its name (`api_key`, `auth_token`).
 */
export function isSecretItem(name: string, item: Item | undefined): boolean {
  const type = item && own(item, 'type')
  return type === 'password' || (type === 'string' && isSecretName(name))
}

/** Hides the value and default of an item that holds a secret. */
export function redactItem(name: string, item: Item): Item {
  if (!isSecretItem(name, item)) return item
  const hidden = Object.entries(item).map(([property, value]) => [
    property,
    property === 'value' || property === 'default' ? redactValue(name, item, value) : value,
  ])
  return frozenCopy(Object.fromEntries(hidden)) as Item
}

/** Hides every secret among items. */
export function redactItems(items: Items): Items {
  return new Map([...items].map(([name, item]) => [name, redactItem(name, item)]))
}

/** Hides a value if its item holds a secret. */
export function redactValue(name: string, item: Item | undefined, value: unknown): unknown {
  return value !== '' && isSecretItem(name, item) ? redacted : value
}
