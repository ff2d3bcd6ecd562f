import { checkList } from './define-lists.ts'
import { checkPermissionsEarly, checkText, hasDefault } from './define-parts.ts'
import { isPlainItem, own } from './definition.ts'
import type { ItemDraft } from './item-draft.ts'

/** Checks one property in the light of its item's type; every scalar must be text, unless the type says otherwise. */
export function checkByType(draft: ItemDraft, property: string, value: unknown): boolean {
  switch (own(draft.given, 'type')) {
    case 'enumeration':
      return checkEnumeration(draft, property, value)
    case 'bucket':
      return checkBucket(draft, property, value)
    case 'list':
    case 'kvlist':
      return checkList(draft, property, value)
    case 'JSON':
      return checkJson(draft, property, value)
    default:
      return property === 'permissions' || checkText(draft, property, value)
  }
}

function checkEnumeration(draft: ItemDraft, property: string, value: unknown): boolean {
  const { context, where, given } = draft
  if (!Object.hasOwn(given, 'options'))
    return context.findings.add('options-missing', { ...where, property: 'options' })
  if (property === 'permissions') return true
  if (property !== 'options') return checkText(draft, property, value)
  const at = { ...where, property, received: value, detail: 'options' }
  if (!Array.isArray(value)) return context.findings.add('options-list', at)
  if (value.length === 0) return context.findings.add('options-empty', at)
  if (!hasDefault(draft)) return true
  const preset = own(given, 'default')
  if (!value.includes(preset))
    context.findings.add('default-not-option', { ...at, property: 'default', received: preset })
  draft.known.add('options')
  return true
}

function checkBucket(draft: ItemDraft, property: string, value: unknown): boolean {
  const { context, where, given } = draft
  if (!Object.hasOwn(given, 'properties'))
    return context.findings.add('properties-missing', { ...where, property: 'properties' })
  if (property !== 'properties') {
    checkPermissionsEarly(draft)
    // Upstream forgets to ask for text where there are permissions.
    const isAsked = context.policy.enforcesAll || !Object.hasOwn(given, 'permissions')
    return property === 'permissions' || !isAsked || checkText(draft, property, value)
  }
  const at = { ...where, property, received: value }
  if (!isPlainItem(value)) return context.findings.add('properties-object', at)
  if (Object.keys(value).length === 0) return context.findings.add('properties-empty', at)
  if (!Object.hasOwn(value, 'key')) return context.findings.add('properties-key', at)
  draft.known.add('properties')
  return true
}

function checkJson(draft: ItemDraft, property: string, value: unknown): boolean {
  const { context, where, given } = draft
  if (!Object.hasOwn(given, 'schema')) return true
  const schema = own(given, 'schema')
  const at = { ...where, property: 'schema', received: schema }
  // Upstream names the class of whatever property it is at.
  if (!isPlainItem(schema)) return context.findings.add('schema-object', { ...at, received: value })
  if (Object.keys(schema).length === 0) return context.findings.add('schema-empty', at)
  // Upstream's bookkeeping takes every property of a JSON item with a schema for a known one, so unknown ones are kept.
  draft.known.add(context.policy.enforcesAll ? 'schema' : property)
  return true
}
