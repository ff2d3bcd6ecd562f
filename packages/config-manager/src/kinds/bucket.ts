import { checkPermissionsEarly, checkText } from '../define-parts.ts'
import { isPlainItem } from '../definition.ts'
import type { ItemDraft } from '../item-draft.ts'
import { jsonOf, jsonOperand } from './json.ts'
import type { ItemKind } from './kind.ts'
import { freeText } from './text.ts'

/** `bucket`: the key by which a plugin finds an object. */
export const bucketKind: ItemKind = {
  ...freeText,
  typed: jsonOf,
  bound: jsonOperand,
  define: defineBucket,
  schema: () => ({ type: 'object' }),
  widget: 'bucket',
}

function defineBucket(draft: ItemDraft, property: string, value: unknown): boolean {
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
