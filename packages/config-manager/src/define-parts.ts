import type { ItemDraft } from './define.ts'

/** Checks that a property is text. */
export function checkText(draft: ItemDraft, property: string, value: unknown): boolean {
  return (
    typeof value === 'string' ||
    draft.context.findings.add('property-text', { ...draft.where, property, received: value })
  )
}

/** Checks that a property is text; upstream forgets to ask where a bucket or a list has permissions. */
export function checkTextUnlessPermitted(draft: ItemDraft, property: string, value: unknown): boolean {
  const isAsked = draft.context.policy.enforcesAll || !Object.hasOwn(draft.given, 'permissions')
  return !isAsked || checkText(draft, property, value)
}

/** Tells whether an item has a default; upstream fails over a missing one here, before it would report it as missing. */
export function hasDefault(draft: ItemDraft): boolean {
  if (Object.hasOwn(draft.given, 'default')) return true
  const { findings, policy } = draft.context
  if (policy.firstFindingOnly)
    findings.add('upstream-fault', { ...draft.where, fledgeClass: 'IndexError', accidental: true })
  return false
}
