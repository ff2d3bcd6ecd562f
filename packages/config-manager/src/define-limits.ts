import { assignment, siblingValues } from './assignment.ts'
import { assign } from './check-value.ts'
import { own } from './definition.ts'
import type { ItemDraft } from './item-draft.ts'
import { readNumber, UnreadableNumber } from './limits.ts'

/**
 * Checks a default by what values of the item must keep (limits, length, options of elements, schema), so that a plugin
 * cannot start with a value that nobody could set. Upstream does not look.
 */
export function checkDefaultAgainstLimits(draft: ItemDraft): void {
  const { context, where, kept } = draft
  const item = Object.fromEntries(kept)
  const { category, findings, policy } = context
  if (limitsAreCrossed(own(item, 'minimum'), own(item, 'maximum'))) {
    findings.add('limits-crossed', { ...where, property: 'minimum', received: own(item, 'minimum') })
    return
  }
  const preset = assignment({
    category,
    name: draft.name,
    item,
    siblings: siblingValues(new Map(), new Map()),
    policy,
    findings,
    privileged: true,
    value: own(item, 'default'),
  })
  assign(preset, ['canonical', 'limits', 'listOptions', 'schema'])
}

function limitsAreCrossed(low: unknown, high: unknown): boolean {
  try {
    return low !== undefined && high !== undefined && readNumber(low, 'float') > readNumber(high, 'float')
  } catch (error) {
    if (error instanceof UnreadableNumber) return false
    throw error
  }
}
