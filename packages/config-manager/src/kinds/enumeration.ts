import { type Assignment, fault, refuse } from '../assignment.ts'
import { checkText, hasDefault } from '../define-parts.ts'
import { own } from '../definition.ts'
import type { ItemDraft } from '../item-draft.ts'
import type { ItemKind } from './kind.ts'
import { freeText } from './text.ts'

/** `enumeration`: one of the item's options. */
export const enumerationKind: ItemKind = {
  ...freeText,
  define: defineEnumeration,
  option: checkOption,
  schema: (item) => ({ enum: own(item, 'options') }),
}

function defineEnumeration(draft: ItemDraft, property: string, value: unknown): boolean {
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

function checkOption(assignment: Assignment): boolean {
  const { item, value } = assignment
  if (value === '') return refuse(assignment, 'choice-empty')
  const options = own(item, 'options')
  if (Array.isArray(options))
    return options.includes(value) || refuse(assignment, 'choice-unknown', { expected: options.join(', ') })
  // Upstream lets a text take the place of the list, and then asks whether the value is part of it.
  if (typeof options !== 'string' || typeof value !== 'string')
    return fault(assignment, 'choice-unknown', 'TypeError', { expected: 'one of the options' })
  return options.includes(value) || refuse(assignment, 'choice-unknown', { expected: options })
}
