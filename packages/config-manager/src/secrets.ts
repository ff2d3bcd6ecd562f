import { isSecretItem } from './audit.ts'
import type { Category } from './category.ts'
import { type Item, own, withProperty } from './definition.ts'
import { configError } from './errors.ts'

/** Where secrets are kept, apart from configuration. Names are made by the manager; values are text. */
export interface SecretStore {
  /** Keeps a secret; resolves when it is durable. */
  put(name: string, secret: string): Promise<void>
  get(name: string): Promise<string | undefined>
  /** Forgets a secret; harmless if it is not there. */
  delete(name: string): Promise<void>
}

/** Keeps secrets in memory, for tests and for configuration that is not kept either. */
export function memorySecrets(): SecretStore {
  const secrets = new Map<string, string>()
  return {
    put: async (name, secret) => {
      secrets.set(name, secret)
    },
    get: async (name) => secrets.get(name),
    delete: async (name) => {
      secrets.delete(name)
    },
  }
}

/**
 * In a stored document, the value and the default of an item that holds a secret are objects of this one member: the
 * name under which the secret is kept.
 */
const reference = '$secret'

/** What is secret of such an item: a default is the value until somebody sets another. */
const secretProperties = ['value', 'default'] as const
type SecretProperty = (typeof secretProperties)[number]

/** A category as it may be written, and the names of the secrets that were kept for it. */
export interface Sealed {
  readonly category: Category
  readonly kept: readonly string[]
}

/**
 * Moves the secrets of a category to the secret store: each new one under a name that carries the revision, so that a
 * crash before the category is written leaves the former secret in force. An unchanged secret keeps its name.
 */
export async function sealSecrets(
  category: Category,
  before: Category | undefined,
  secrets: SecretStore | undefined,
  names: Map<string, string>,
): Promise<Sealed> {
  const kept: string[] = []
  let items: Map<string, Item> | undefined
  for (const [name, item] of category.items) {
    for (const property of secretProperties) {
      if (!isSecret(name, item, property)) continue
      // What only its name makes a secret may be in a store that has no place for secrets; a password may not.
      if (!secrets && own(item, 'type') !== 'password') continue
      if (!secrets) throw configError('BP_CONFIG_SECRETS_MISSING', { details: { category: category.name, item: name } })
      const slot = slotOf(category.name, name, property)
      let secretName = names.get(slot)
      if (secretName === undefined || own(before?.items.get(name) ?? {}, property) !== own(item, property)) {
        secretName = `${slot}/${category.revision}`
        await secrets.put(secretName, own(item, property) as string)
        kept.push(secretName)
      }
      items ??= new Map(category.items)
      items.set(name, withProperty(items.get(name) as Item, property, { [reference]: secretName }))
    }
  }
  return { category: items ? { ...category, items } : category, kept }
}

/**
 * One name for an item of a category; names that have `/` in them must not run together: `a/b` and `c` are not `a` and
 * `b/c`.
 */
function slotOf(category: string, item: string, property: SecretProperty): string {
  const escaped = (name: string) => name.replaceAll('%', '%25').replaceAll('/', '%2F')
  return `${escaped(category)}/${escaped(item)}${property === 'value' ? '' : `/${property}`}`
}

/** Brings the secrets of a stored category back; `names` learns under which name each is kept. */
export async function openSecrets(
  category: Category,
  secrets: SecretStore | undefined,
  names: Map<string, string>,
): Promise<Category> {
  let items: Map<string, Item> | undefined
  for (const [name, item] of category.items) {
    for (const property of secretProperties) {
      const secretName = referenceOf(item, property)
      if (secretName === undefined) continue
      items ??= new Map(category.items)
      const secret = (await secrets?.get(secretName)) ?? ''
      items.set(name, withProperty(items.get(name) as Item, property, secret))
      names.set(slotOf(category.name, name, property), secretName)
    }
  }
  return items ? { ...category, items } : category
}

/** Tells whether a category has a secret to keep. */
export function hasSecrets(category: Category): boolean {
  return [...category.items].some(([name, item]) => secretProperties.some((property) => isSecret(name, item, property)))
}

function isSecret(name: string, item: Item, property: SecretProperty): boolean {
  return isSecretItem(name, item) && typeof own(item, property) === 'string' && own(item, property) !== ''
}

/** The name under which a stored item's secret is kept, if it has one. */
function referenceOf(item: Item, property: SecretProperty): string | undefined {
  const value = own(item, property)
  const isText = ['password', 'string'].includes(own(item, 'type') as string)
  if (!isText || typeof value !== 'object' || value === null) return undefined
  const name = own(value as Item, reference)
  return typeof name === 'string' ? name : undefined
}

/** The names of all secrets that a sealed category refers to. */
export function secretNamesOf(sealed: Category): string[] {
  return [...sealed.items.values()].flatMap((item) =>
    secretProperties.map((property) => referenceOf(item, property)).filter((name) => name !== undefined),
  )
}
