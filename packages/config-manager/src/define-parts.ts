import { own } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { Findings } from './findings.ts'
import type { ItemDraft } from './item-draft.ts'

/** Checks that a property is text. */
export function checkText(draft: ItemDraft, property: string, value: unknown): boolean {
  return (
    typeof value === 'string' ||
    draft.context.findings.add('property-text', { ...draft.where, property, received: value })
  )
}

/**
 * Upstream judges the permissions of a bucket or a list at whichever property it meets first, before anything else of
 * it.
 */
export function checkPermissionsEarly({ context, given, where }: ItemDraft): void {
  if (!Object.hasOwn(given, 'permissions')) return
  const received = own(given, 'permissions')
  checkPermissions(received, { ...where, property: 'permissions', received }, context.findings)
}

/** Checks a list of role names. */
export function checkPermissions(value: unknown, at: FindingFacts, findings: Findings): boolean {
  if (!Array.isArray(value)) findings.add('permissions-list', at)
  else if (value.length === 0) findings.add('permissions-empty', at)
  else if (!value.every((role) => typeof role === 'string' && role !== '')) findings.add('permissions-entry', at)
  else return true
  return false
}

/**
 * Tells whether an item has a default; upstream fails over a missing one here, before it would report it as missing.
 */
export function hasDefault(draft: ItemDraft): boolean {
  if (Object.hasOwn(draft.given, 'default')) return true
  const { findings, policy } = draft.context
  if (policy.firstFindingOnly)
    findings.add('property-missing', {
      ...draft.where,
      property: 'default',
      fledgeClass: 'IndexError',
      fledgeText: 'list index out of range',
      accidental: true,
    })
  return false
}
