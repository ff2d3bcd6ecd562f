import { narrowInteger, stringifyJson } from '@backplane/core/json'
import { type ElementType, type Item, own } from './definition.ts'
import type { FindingFacts } from './finding-form.ts'
import type { FindingCode } from './finding-forms.ts'
import type { Findings } from './findings.ts'
import { checkElementLimits } from './limits.ts'
import type { Policy } from './policy.ts'
import { jsonFault, parseJsonText } from './python/json.ts'
import { parseLiteralText } from './python/literal.ts'
import { pythonStr, textClass } from './python/names.ts'
import { parseFloatText, parseInteger } from './python/number.ts'
import { dumpText, equalityKey, isTextList, isTextObject, type TextValue } from './python/value.ts'

/** The findings of one place where list values are checked: at registration, or when a value is set. */
export interface ListCodes {
  readonly unreadable: FindingCode
  readonly duplicates: FindingCode
  readonly duplicateKey: FindingCode
  readonly pair: FindingCode
  readonly notPairs: FindingCode
  readonly size: FindingCode
  readonly element: FindingCode
}

/** Registration's findings about a default. */
export const defaultCodes: ListCodes = {
  unreadable: 'default-unreadable',
  duplicates: 'default-duplicates',
  duplicateKey: 'default-duplicate-key',
  pair: 'default-pair',
  notPairs: 'default-pair',
  size: 'default-size',
  element: 'default-element',
}

/** An update's findings about a value. */
export const valueCodes: ListCodes = {
  unreadable: 'list-unreadable',
  duplicates: 'list-duplicates',
  duplicateKey: 'list-duplicate-key',
  pair: 'list-pair',
  notPairs: 'list-pair',
  size: 'list-size',
  element: 'list-element',
}

/** What is needed to check one list or kvlist. */
export interface ListCheck {
  readonly text: unknown
  readonly item: Item
  readonly codes: ListCodes
  readonly where: FindingFacts
  readonly policy: Policy
  readonly findings: Findings
  /** Whether the limits and length of the item apply to the elements; upstream never asks that of a default. */
  readonly withLimits: boolean
}

const pythonTypes = { string: 'str', integer: 'int', float: 'float' } as const

/** Checks a list or kvlist of texts or numbers; gives the text to keep, or `undefined` after a finding. */
export function checkScalarList(check: ListCheck): string | undefined {
  const { text, item, codes, findings, policy } = check
  const where = { ...check.where, noun: noun(item), expected: expectedList(item) }
  const read = typeof text === 'string' ? readList(text, policy) : undefined
  if (!read) {
    findings.add(codes.unreadable, where)
    return undefined
  }
  const keyed = own(item, 'type') === 'kvlist'
  const broken = keyed ? checkKeys(check, where, read.value) : checkMembers(check, where, read.value)
  if (broken) return undefined
  if (!checkSize(check, where, read.value)) return undefined
  if (keyed && !isTextObject(read.value)) {
    findings.add(codes.notPairs, codes === defaultCodes ? { ...where, fledgeClass: 'TypeError' } : where)
    return undefined
  }
  if (!checkElements(check, where, read.value)) return undefined
  return policy.lists === 'json' ? dumpText(textElements(read.value)) : (text as string)
}

function readList(text: string, policy: Policy): { readonly value: TextValue } | undefined {
  if (policy.lists === 'literal') return parseLiteralText(text)
  const read = parseJsonText(text)
  return read && (isTextList(read.value) || isTextObject(read.value)) ? read : undefined
}

/** The elements of a list, the values of a kvlist; a text counts as a list of its characters, as in Python. */
function elementsOf(value: TextValue, keyed: boolean): readonly (readonly [string | number, TextValue])[] {
  if (isTextObject(value)) {
    return keyed
      ? [...value].map(([key, member]) => [pythonStr(key), member] as const)
      : [...value.keys()].map((key, index) => [index, key] as const)
  }
  if (isTextList(value)) return value.map((member, index) => [index, member] as const)
  return [...(value as string)].map((char, index) => [index, char] as const)
}

function checkMembers(check: ListCheck, where: FindingFacts, value: TextValue): boolean {
  const { codes, findings, policy } = check
  const countable = isTextList(value) || isTextObject(value) || typeof value === 'string'
  if (!countable || (policy.lists === 'json' && !isTextList(value))) return unreadable(check, where)
  const keys = elementsOf(value, false).map(([, member]) => member)
  if (policy.lists === 'literal' && keys.some((member) => typeof member === 'object' && member !== null))
    return unreadable(check, where)
  if (new Set(keys.map(equalityKey)).size < keys.length) {
    findings.add(codes.duplicates, where)
    return true
  }
  return false
}

/**
 * Upstream means to say "unreadable" here, and does for a default; for a value it fails over the missing length
 * instead.
 */
function unreadable(check: ListCheck, where: FindingFacts): true {
  const accident = check.codes === valueCodes && check.policy.lists === 'literal'
  check.findings.add(
    check.codes.unreadable,
    accident ? { ...where, accidental: true, fledgeClass: 'TypeError' } : where,
  )
  return true
}

/**
 * Upstream looks for repeated keys by cutting the raw text at commas and colons, so a kvlist whose values hold either
 * is refused. Reading JSON, a repeated key is found as such.
 */
function checkKeys(check: ListCheck, where: FindingFacts, value: TextValue): boolean {
  const { codes, findings, policy, text } = check
  if (!isTextObject(value)) return false
  if (policy.lists === 'json') return repeatedJsonKey(text as string) && !findings.add(codes.duplicateKey, where)
  if (value.size === 0) return false
  const seen = new Set<string>()
  for (const pair of (text as string).replaceAll('{', '').split(',')) {
    if (pair === '') return !findings.add(codes.pair, where)
    const parts = pair.split(':')
    if (parts.length !== 2) return unevenPair(check, where, parts.length)
    const key = (parts[0] as string).trim()
    if (seen.has(key)) return !findings.add(codes.duplicateKey, where)
    seen.add(key)
  }
  return false
}

function unevenPair(check: ListCheck, where: FindingFacts, parts: number): true {
  const few =
    parts < 2 ? `not enough values to unpack (expected 2, got ${parts})` : 'too many values to unpack (expected 2)'
  const accident = { ...where, accidental: true, fledgeClass: 'ValueError', fledgeText: few }
  check.findings.add(check.codes.unreadable, check.codes === valueCodes ? accident : where)
  return true
}

/** `JSON.parse` keeps the last of two members with one name; counting members while reading finds the first. */
function repeatedJsonKey(text: string): boolean {
  const read = parseJsonText(text)
  if (!read || !isTextObject(read.value)) return false
  let depth = 0
  let members = 0
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    if (token[0] === '{' || token[0] === '[') depth++
    else if (token[0] === '}' || token[0] === ']') depth--
    else if (token[0] === ':' && depth === 1) members++
  }
  return members > read.value.size
}

function checkSize(check: ListCheck, where: FindingFacts, value: TextValue): boolean {
  const limit = sizeLimit(check.item)
  if (limit === undefined || limit < 0n) return true
  const size = isTextObject(value)
    ? value.size
    : isTextList(value) || typeof value === 'string'
      ? elementsOf(value, false).length
      : undefined
  if (size === undefined) return !unreadable(check, where)
  if (BigInt(size) <= limit) return true
  check.findings.add(check.codes.size, { ...where, limit: String(limit) })
  return false
}

/** The largest number of elements, or `undefined`; negative means no limit, as does blank text. */
export function sizeLimit(item: Item): bigint | undefined {
  const size = own(item, 'listSize')
  return typeof size === 'string'
    ? parseInteger(size)
    : Number.isFinite(size)
      ? BigInt(Math.trunc(size as number))
      : typeof size === 'bigint'
        ? size
        : undefined
}

function checkElements(check: ListCheck, where: FindingFacts, value: TextValue): boolean {
  const items = own(check.item, 'items')
  // Upstream takes elements of a type that it does not know for texts, whatever the limits.
  const type = isElementType(items) ? items : 'string'
  const detail = check.codes === defaultCodes ? pythonTypes[type] : pythonStr(items)
  let sound = true
  for (const [element, member] of elementsOf(value, own(check.item, 'type') === 'kvlist')) {
    if (!checkElement(check, { ...where, element, received: plain(member), expected: type, detail }, member, type))
      sound = false
  }
  return sound
}

function isElementType(items: unknown): items is keyof typeof pythonTypes {
  return Object.hasOwn(pythonTypes, items as string)
}

/** Limits come before the type, as upstream has it: `1e3` in an integer list is too large before it is no integer. */
function checkElement(check: ListCheck, at: FindingFacts, member: TextValue, type: keyof typeof pythonTypes): boolean {
  const { item, codes, findings, policy } = check
  const read = readElement(member, type, policy)
  if (read !== undefined) {
    const isLimited = check.withLimits && isElementType(own(item, 'items'))
    if (isLimited && !checkElementLimits({ item, type, value: read, where: at, findings, policy })) return false
    if (isOfType(read, type)) return true
  }
  findings.add(codes.element, at)
  return false
}

/**
 * An element of a numeric list is text that holds a number; the safe mode takes the bare number too, and only decimal
 * ones.
 */
function readElement(member: TextValue, type: keyof typeof pythonTypes, policy: Policy): TextValue | undefined {
  if (type === 'string') return member
  if (policy.lists === 'json') return readSafeNumber(member, type)
  return typeof member === 'string' ? parseLiteralText(member.replace(/^[ \t]+/, ''))?.value : undefined
}

/** `True` is an integer in Python. */
function isOfType(read: TextValue, type: keyof typeof pythonTypes): boolean {
  if (type === 'string') return typeof read === 'string'
  return type === 'float' ? typeof read === 'number' : typeof read === 'bigint' || typeof read === 'boolean'
}

function readSafeNumber(member: TextValue, type: 'integer' | 'float'): bigint | number | undefined {
  if (type === 'integer') {
    if (typeof member === 'bigint') return member
    return typeof member === 'string' && /^[+-]?[0-9]+$/.test(member) ? parseInteger(member) : undefined
  }
  const number =
    typeof member === 'string' ? parseFloatText(member) : typeof member === 'bigint' ? Number(member) : member
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/**
 * Gives the normal text of a list or kvlist of objects: duplicates dropped from lists, Python's separators, ASCII only.
 * Or the class with which upstream fails. Upstream lets anything pass that is no list (for a list), or any JSON (for a
 * kvlist).
 */
export function normalObjects(text: string, keyed: boolean, policy: Policy): { readonly text: string } | ObjectsFault {
  const read = parseJsonText(text)
  if (!read) return { fault: 'JSONDecodeError', says: jsonFault(text) }
  const fits = keyed ? isTextObject(read.value) : isTextList(read.value)
  if (!fits && policy.lists === 'json') return { fault: 'TypeError' }
  if (keyed) return { text: dumpText(read.value) }
  return isTextList(read.value) ? withoutDuplicates(read.value) : { text }
}

/** The class and text with which upstream fails over a list of objects. */
interface ObjectsFault {
  readonly fault: string
  readonly says?: string | undefined
}

function withoutDuplicates(members: readonly TextValue[]): { readonly text: string } | ObjectsFault {
  const kept = new Map<string, TextValue>()
  for (const member of members) {
    if (!isTextObject(member))
      return { fault: 'AttributeError', says: `'${textClass(member)}' object has no attribute 'items'` }
    const nested = [...member.values()].find((part) => isTextList(part) || isTextObject(part))
    if (nested !== undefined) return { fault: 'TypeError', says: `unhashable type: '${textClass(nested)}'` }
    const key = equalityKey(member)
    if (!kept.has(key)) kept.set(key, member)
  }
  return { text: dumpText([...kept.values()]) }
}

/** `array` or `KV pair`, as upstream's texts have it. */
export function noun(item: Item): string {
  return own(item, 'type') === 'list' ? 'array' : 'KV pair'
}

function expectedList(item: Item): string {
  return `${own(item, 'type') === 'list' ? 'list' : 'object'} of ${own(item, 'items') as ElementType}`
}

/** Gives every element as text: Fledge's plugins expect the elements of numeric lists so. */
export function textElements(value: TextValue): TextValue {
  if (isTextObject(value)) return new Map([...value].map(([key, member]) => [key, textElement(member)]))
  return isTextList(value) ? value.map(textElement) : value
}

function textElement(member: TextValue): TextValue {
  return typeof member === 'string' ? member : dumpText(member)
}

function plain(value: TextValue): unknown {
  if (typeof value === 'bigint') return narrowInteger(value)
  return typeof value === 'object' && value !== null ? dumpText(value) : value
}

/** Takes the list out of its named object, if it is in one. */
export function unwrapList(item: { readonly [property: string]: unknown }, value: unknown): unknown {
  const name = own(item, 'listName')
  if (own(item, 'type') !== 'list' || typeof name !== 'string' || typeof value !== 'string') return value
  const read = parseJsonText(value)?.value
  const inner = read !== undefined && isTextObject(read) && read.size === 1 ? read.get(name) : undefined
  return inner === undefined ? value : dumpText(inner)
}

/** Tells whether an element is one of the options, as Python compares them: `1` is `1.0`, and not `"1"`. */
export function isOption(member: TextValue, options: unknown): boolean {
  if (!Array.isArray(options))
    return typeof options === 'string' && typeof member === 'string' && options.includes(member)
  if (typeof member === 'string') return options.includes(member)
  const key = equalityKey(member)
  return options.some((option) => {
    const read = typeof option === 'string' ? undefined : parseJsonText(stringifyJson(option))
    return read !== undefined && equalityKey(read.value) === key
  })
}
