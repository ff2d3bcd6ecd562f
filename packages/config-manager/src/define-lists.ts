import type { ItemDraft } from './define.ts'
import { checkTextUnlessPermitted, hasDefault } from './define-parts.ts'
import { elementTypes, isPlainItem, own } from './definition.ts'
import { checkScalarList, defaultCodes, normalObjects, noun } from './lists.ts'
import { parseJsonText } from './python/json.ts'
import { parseLiteralText } from './python/literal.ts'
import { pythonStr } from './python/names.ts'
import { parseInteger } from './python/number.ts'
import { strip } from './python/text.ts'
import { isTextList, isTextObject, type TextValue } from './python/value.ts'

/** The labels of keys are checked with the elements that they belong to. */
function isElementLabel({ given }: ItemDraft, property: string): boolean {
  const isLabel = property === 'keyName' || property === 'keyDescription'
  return isLabel && own(given, 'type') === 'kvlist' && own(given, 'items') === 'object'
}

/** Checks one property of a list or kvlist; its default is checked together with `items`. */
export function checkList(draft: ItemDraft, property: string, value: unknown): boolean {
  const { context, where, given } = draft
  if (property === 'properties' || property === 'options') draft.known.add(property)
  else if (property !== 'permissions' && !isElementLabel(draft, property))
    checkTextUnlessPermitted(draft, property, value)
  if (!Object.hasOwn(given, 'items')) return context.findings.add('items-missing', { ...where, property: 'items' })
  if (property !== 'items' || typeof value !== 'string') return true
  const at = { ...where, property, received: value }
  if (!elementTypes.some((type) => type === value))
    return context.findings.add('items-unknown', { ...at, expected: elementTypes.join(', ') })
  draft.known.add('items')
  if (value === 'object' && !checkElementProperties(draft)) return true
  if (value === 'enumeration' && !checkElementOptions(draft)) return true
  if (!hasDefault(draft)) return true
  if (!checkListSize(draft)) return true
  for (const label of ['listName', 'keyName', 'keyDescription']) checkLabel(draft, label)
  checkListDefault(draft, value)
  return true
}

function checkElementProperties(draft: ItemDraft): boolean {
  const { context, where, given } = draft
  const { findings } = context
  const properties = own(given, 'properties')
  const at = { ...where, property: 'properties', received: properties }
  if (!Object.hasOwn(given, 'properties')) return findings.add('element-properties-missing', at)
  if (!isPlainItem(properties)) return findings.add('properties-object', at)
  if (Object.keys(properties).length === 0) return findings.add('properties-empty', at)
  for (const [key, property] of Object.entries(properties)) {
    const here = { ...at, detail: key, received: property }
    if (!isPlainItem(property)) findings.add('element-property-object', here)
    else if (Object.keys(property).length === 0) findings.add('element-property-empty', here)
    else if (!['description', 'type', 'default'].every((needed) => Object.hasOwn(property, needed))) {
      findings.add('element-property-keys', here)
    }
  }
  draft.known.add('properties')
  return true
}

function checkElementOptions(draft: ItemDraft): boolean {
  const { context, where, given } = draft
  const options = own(given, 'options')
  const at = { ...where, property: 'options', received: options, detail: 'items' }
  if (!Object.hasOwn(given, 'options')) context.findings.add('element-options-missing', at)
  else if (!Array.isArray(options)) context.findings.add('options-list', at)
  else if (options.length === 0) context.findings.add('element-options-empty', at)
  else {
    draft.known.add('options')
    return true
  }
  return false
}

function checkListSize(draft: ItemDraft): boolean {
  const { context, where, given } = draft
  if (!Object.hasOwn(given, 'listSize')) return true
  const size = own(given, 'listSize')
  const at = { ...where, property: 'listSize', received: size }
  if (typeof size !== 'string') context.findings.add('size-text', at)
  else if (parseInteger(size) === undefined) context.findings.add('size-integer', at)
  else return true
  return false
}

/** `listName`, `keyName` and `keyDescription` are kept trimmed; the latter two only where there are keys to name. */
function checkLabel(draft: ItemDraft, label: string): boolean {
  const { context, where, given } = draft
  const named = own(given, 'type') === 'kvlist' && own(given, 'items') === 'object'
  if (!Object.hasOwn(given, label) || (label !== 'listName' && !named)) return true
  const text = own(given, label)
  const at = { ...where, property: label, received: text }
  if (typeof text !== 'string') context.findings.add('label-text', at)
  else if (strip(text) === '') context.findings.add('label-blank', at)
  else {
    draft.kept.set(label, strip(text))
    draft.known.add(label)
  }
  return true
}

function checkListDefault(draft: ItemDraft, elements: string): boolean {
  const { context, where, given } = draft
  const text = own(given, 'default')
  const at = { ...where, property: 'default', received: text }
  if (elements === 'object') {
    if (typeof text !== 'string') return true
    const normal = normalObjects(text, own(given, 'type') === 'kvlist', context.policy)
    if ('text' in normal) draft.kept.set('default', normal.text)
    else
      context.findings.add('upstream-fault', {
        ...at,
        fledgeClass: normal.fault,
        accidental: true,
        detail: 'the default is not a list of flat objects',
      })
  } else if (elements === 'enumeration') checkOptionDefault(draft, text)
  else {
    const { policy, findings } = context
    const kept = checkScalarList({
      text,
      item: given,
      codes: defaultCodes,
      where: at,
      policy,
      findings,
      withLimits: false,
    })
    if (kept !== undefined) draft.kept.set('default', kept)
  }
  return true
}

function checkOptionDefault(draft: ItemDraft, text: unknown): boolean {
  const { context, where, given } = draft
  const keyed = own(given, 'type') === 'kvlist'
  const at = { ...where, property: 'default', received: text, noun: noun(given) }
  const strict = context.policy.lists === 'literal'
  const read = typeof text === 'string' ? (strict ? parseLiteralText(text) : parseJsonText(text)) : undefined
  if (!read || (keyed ? !isTextObject(read.value) : !isTextList(read.value))) {
    const fault = read ? 'AttributeError' : 'SyntaxError'
    return context.findings.add('upstream-fault', {
      ...at,
      fledgeClass: fault,
      accidental: true,
      detail: `the default is not a ${keyed ? 'object' : 'list'} of options`,
    })
  }
  const options = own(given, 'options') as readonly unknown[]
  const members: Iterable<[unknown, TextValue]> = isTextObject(read.value)
    ? read.value
    : (read.value as readonly TextValue[]).entries()
  for (const [element, member] of members) {
    if (options.includes(member)) continue
    context.findings.add('default-element-option', {
      ...at,
      element: element as string | number,
      received: typeof member === 'bigint' ? Number(member) : typeof member === 'object' ? pythonStr(member) : member,
    })
  }
  return true
}
