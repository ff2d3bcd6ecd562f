import type { ItemDraft } from './define.ts'
import { flagProperties } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { Findings } from './findings.ts'
import { acceptType } from './kinds/accept.ts'
import type { Policy } from './policy.ts'
import { strip } from './python/text.ts'
import { parseExpression } from './rule/syntax.ts'

const textProperties: ReadonlySet<string> = new Set(['displayName', 'group', 'rule', 'validity', 'listName'])

/** What is wrong with the value of an optional property, apart from permissions. */
export type PropertyDefect = 'boolean' | 'number' | 'string' | 'integer' | { readonly fault: string }

/** Judges an optional property's value: one rule for registration and for updates of a single property. */
export function propertyDefect(property: string, value: unknown, policy: Policy): PropertyDefect | undefined {
  if (flagProperties.has(property)) return defectOf('boolean', acceptType('boolean', value, policy))
  if (property === 'minimum' || property === 'maximum') {
    const integer = acceptType('integer', value, policy)
    return integer === 'accepted'
      ? undefined
      : defectOf('number', typeof integer === 'object' ? integer : acceptType('float', value, policy))
  }
  if (textProperties.has(property)) return typeof value === 'string' ? undefined : 'string'
  return defectOf('integer', acceptType('integer', value, policy))
}

function defectOf(defect: PropertyDefect, verdict: ReturnType<typeof acceptType>): PropertyDefect | undefined {
  if (verdict === 'accepted') return undefined
  return verdict === 'refused' ? defect : verdict
}

const registrationCodes = {
  boolean: 'flag-boolean',
  number: 'limit-number',
  string: 'property-string',
  integer: 'property-integer',
} as const

/** Checks an optional property (but permissions) of an item that is being registered. */
export function checkProperty(draft: ItemDraft, property: string, value: unknown): void {
  const { findings, policy } = draft.context
  const at = { ...draft.where, property, received: value }
  const defect = propertyDefect(property, value, policy)
  if (typeof defect === 'object') findings.add('upstream-fault', { ...at, fledgeClass: defect.fault, accidental: true })
  else if (defect) findings.add(registrationCodes[defect], at)
  else if (property === 'mandatory') checkMandatoryDefault(draft, value)
  else if (property === 'rule' || property === 'validity') checkReadable(draft, property, value as string)
}

/** Upstream asks for a default only if the text is exactly `true`. */
function checkMandatoryDefault(draft: ItemDraft, value: unknown): void {
  const { findings, policy } = draft.context
  const exact = policy.enforcesAll ? String(value).toLowerCase() : value
  if (exact !== 'true') return
  const preset = draft.kept.get('default')
  const at = { ...draft.where, property: 'default' }
  if (typeof preset === 'string') {
    if (strip(preset) === '') findings.add('default-blank', at)
  } else if (!policy.enforcesAll) {
    findings.add('upstream-fault', {
      ...at,
      fledgeClass: preset === undefined ? 'KeyError' : 'AttributeError',
      accidental: true,
    })
  }
}

/** An expression that nobody can read would accept everything, or nothing, for ever: better told at registration. */
function checkReadable(draft: ItemDraft, property: 'rule' | 'validity', text: string): void {
  if (!draft.context.policy.enforcesAll || text === '') return
  try {
    parseExpression(text)
  } catch (error) {
    const code = property === 'rule' ? 'rule-unusable' : 'validity-unusable'
    draft.context.findings.add(code, { ...draft.where, property, received: text, detail: (error as Error).message })
  }
}

/** Checks a list of role names. */
export function checkPermissions(value: unknown, at: FindingFacts, findings: Findings): boolean {
  if (!Array.isArray(value)) findings.add('permissions-list', at)
  else if (value.length === 0) findings.add('permissions-empty', at)
  else if (!value.every((role) => typeof role === 'string' && role !== '')) findings.add('permissions-entry', at)
  else return true
  return false
}
