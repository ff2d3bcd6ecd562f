import { checkPermissionsEarly, checkText, hasDefault } from './define-parts.ts'
import { elementTypes, isPlainItem, own } from './definition.ts'
import type { ItemDraft } from './item-draft.ts'
import { checkScalarList, defaultCodes, isOption, noun } from './lists.ts'
import { parseJsonText } from './python/json.ts'
import { parseLiteralText } from './python/literal.ts'
import { textStr } from './python/names.ts'
import { parseInteger } from './python/number.ts'
import { strip } from './python/text.ts'
import { isTextList, isTextObject, type TextValue } from './python/value.ts'

/** Checks one property of a list or kvlist; its default is checked together with `items`. */
export function checkList(draft: ItemDraft, property: string, value: unknown): boolean {
  const { context, where, given } = draft
  if (property === 'properties' || property === 'options') draft.known.add(property)
  else if (property !== 'permissions') checkText(draft, property, value)
  if (!Object.hasOwn(given, 'items')) return context.findings.add('items-missing', { ...where, property: 'items' })
  checkKeyLabels(draft, property)
  if (Object.hasOwn(given, 'listName')) checkLabel(draft, 'listName')
  else checkPermissionsEarly(draft)
  if (property !== 'items' || typeof value !== 'string') return true
  const at = { ...where, property, received: value }
  if (!elementTypes.some((type) => type === value))
    return context.findings.add('items-unknown', { ...at, expected: elementTypes.join(', ') })
  draft.known.add('items')
  if (value === 'object' && !checkElementProperties(draft)) return true
  if (value === 'enumeration' && !checkElementOptions(draft)) return true
  if (!hasDefault(draft)) return true
  if (!checkListSize(draft)) return true
  checkListDefault(draft, value)
  return true
}

/** Upstream checks the labels of keys at every property of the item, and takes each of them for a known one. */
function checkKeyLabels(draft: ItemDraft, property: string): void {
  const { context, given } = draft
  if (own(given, 'type') !== 'kvlist' || own(given, 'items') !== 'object') return
  for (const label of ['keyName', 'keyDescription']) {
    if (!Object.hasOwn(given, label)) continue
    checkLabel(draft, label)
    if (!context.policy.enforcesAll) draft.known.add(property)
  }
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

/** `listName`, `keyName` and `keyDescription` are kept trimmed. */
function checkLabel(draft: ItemDraft, label: string): boolean {
  const { context, where, given } = draft
  const text = own(given, label)
  const at = { ...where, property: label, received: text }
  if (typeof text !== 'string') return context.findings.add('label-text', at)
  if (strip(text) === '') return context.findings.add('label-blank', at)
  draft.kept.set(label, strip(text))
  if (label === 'listName' || context.policy.enforcesAll) draft.known.add(label)
  return true
}

function checkListDefault(draft: ItemDraft, elements: string): boolean {
  const { context, where, given } = draft
  const text = own(given, 'default')
  const at = { ...where, property: 'default', received: text }
  if (elements === 'object') return true
  if (elements === 'enumeration') checkOptionDefault(draft, text)
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
  const at = { ...where, property: 'default', received: text, noun: noun(given), expected: 'list of options' }
  const strict = context.policy.lists === 'literal'
  const read = typeof text === 'string' ? (strict ? parseLiteralText(text) : parseJsonText(text)) : undefined
  const members = read && optionMembers(read.value, keyed, strict)
  if (!read || !members) {
    const fledgeClass = read ? (keyed ? 'AttributeError' : 'TypeError') : 'SyntaxError'
    return context.findings.add('default-unreadable', { ...at, fledgeClass, accidental: true })
  }
  const options = own(given, 'options') as readonly unknown[]
  for (const [element, member] of members) {
    if (isOption(member, options)) continue
    context.findings.add('default-element-option', { ...at, element, received: textStr(member) })
  }
  return true
}

/**
 * The elements of a default and their places; Python goes through a text by its characters, and an object by its keys.
 */
function optionMembers(value: TextValue, keyed: boolean, strict: boolean): [string, TextValue][] | undefined {
  if (keyed)
    return isTextObject(value)
      ? [...value].map(([key, member]): [string, TextValue] => [textStr(key), member])
      : undefined
  const listed = isTextList(value) ? value : strict ? charactersOrKeys(value) : undefined
  return listed?.map((member, index): [string, TextValue] => [String(index), member])
}

function charactersOrKeys(value: TextValue): readonly TextValue[] | undefined {
  if (typeof value === 'string') return [...value]
  return isTextObject(value) ? [...value.keys()] : undefined
}
