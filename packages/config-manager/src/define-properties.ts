import { saying } from './assignment.ts'
import { flagProperties } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { ItemDraft } from './item-draft.ts'
import { booleanKind } from './kinds/boolean.ts'
import type { Verdict } from './kinds/kind.ts'
import { floatKind, integerKind } from './kinds/number.ts'
import type { Policy } from './policy.ts'
import { strip } from './python/text.ts'
import { parseRule } from './rule/rule.ts'
import { parseValidity } from './rule/validity.ts'

const textProperties: ReadonlySet<string> = new Set(['displayName', 'group', 'rule', 'validity', 'listName'])

/** What an optional property must be and is not. */
export interface PropertyDefect {
  readonly wanted: 'boolean' | 'number' | 'string' | 'integer'
  /** The class with which upstream fails over it by accident. */
  readonly fault?: string
  readonly says?: string | undefined
}

/** Judges an optional property's value: one rule for registration and for updates of a single property. */
export function propertyDefect(property: string, value: unknown, policy: Policy): PropertyDefect | undefined {
  if (flagProperties.has(property)) return defectOf('boolean', booleanKind.accepts(value, policy))
  if (property === 'minimum' || property === 'maximum') {
    const integer = integerKind.accepts(value, policy)
    if (integer === 'accepted') return undefined
    return defectOf('number', typeof integer === 'object' ? integer : floatKind.accepts(value, policy))
  }
  if (textProperties.has(property)) return typeof value === 'string' ? undefined : { wanted: 'string' }
  return defectOf('integer', integerKind.accepts(value, policy))
}

function defectOf(wanted: PropertyDefect['wanted'], verdict: Verdict): PropertyDefect | undefined {
  if (verdict === 'accepted') return undefined
  return verdict === 'refused' ? { wanted } : { wanted, fault: verdict.fault, says: verdict.says }
}

/** What a finding says of an accident upstream. */
export function accidentOf({ fault, says }: PropertyDefect): Partial<FindingFacts> {
  return fault === undefined ? {} : { fledgeClass: fault, accidental: true, ...saying(says) }
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
  if (defect) findings.add(registrationCodes[defect.wanted], { ...at, ...accidentOf(defect) })
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
    findings.add('default-blank', {
      ...at,
      fledgeClass: preset === undefined ? 'KeyError' : 'AttributeError',
      ...saying(preset === undefined ? 'default' : undefined),
      accidental: true,
    })
  }
}

/** An expression that nobody can read would accept everything, or nothing, for ever: better told at registration. */
function checkReadable(draft: ItemDraft, property: 'rule' | 'validity', text: string): void {
  if (!draft.context.policy.enforcesAll || text === '') return
  try {
    if (property === 'rule') parseRule(text)
    else parseValidity(text)
  } catch (error) {
    const code = property === 'rule' ? 'rule-unusable' : 'validity-unusable'
    draft.context.findings.add(code, { ...draft.where, property, received: text, detail: (error as Error).message })
  }
}
