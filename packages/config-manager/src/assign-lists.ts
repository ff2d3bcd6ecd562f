import { type AssignMember, checkElementObjects } from './assign-objects.ts'
import { type Assignment, fault, refuse, saying } from './assignment.ts'
import { isPlainItem, own } from './definition.ts'
import { checkScalarList, isOption, normalObjects, noun, sizeLimit, unwrapList, valueCodes } from './lists.ts'
import { jsonFault, parseJsonText } from './python/json.ts'
import { LiteralSet, LiteralTuple, parseLiteralText } from './python/literal.ts'
import { className, textStr } from './python/names.ts'
import { dumpText, isTextList, isTextObject, type TextValue } from './python/value.ts'

/** Checks the value of a list or kvlist and brings it into the form in which it is kept. */
export function checkListValue(assignment: Assignment, assignMember: AssignMember): boolean {
  const { item, findings, policy, where } = assignment
  if (policy.lists === 'json') assignment.value = unwrapList(item, assignment.value)
  const elements = own(item, 'items')
  if (elements === 'object') return checkObjects(assignment, assignMember) && wrapList(assignment)
  if (elements === 'enumeration') return checkOptionCount(assignment) && wrapList(assignment)
  const text = checkScalarList({
    text: assignment.value,
    item,
    codes: valueCodes,
    where,
    policy,
    findings,
    withLimits: true,
  })
  if (text === undefined) return false
  assignment.value = text
  return wrapList(assignment)
}

function checkObjects(assignment: Assignment, assignMember: AssignMember): boolean {
  const { item, value, policy } = assignment
  const keyed = own(item, 'type') === 'kvlist'
  const normal =
    typeof value === 'string' ? normalObjects(value, keyed, policy) : { fault: 'TypeError', says: undefined }
  if ('fault' in normal)
    return fault(assignment, 'list-objects', normal.fault, { noun: noun(item), ...saying(normal.says) })
  assignment.value = normal.text
  return !policy.enforcesAll || (checkOptionCount(assignment) && checkElementObjects(assignment, assignMember))
}

/** Upstream never counts the elements of these lists. */
function checkOptionCount(assignment: Assignment): boolean {
  const { item, policy, value } = assignment
  const limit = sizeLimit(item)
  if (!policy.enforcesAll || limit === undefined || limit < 0n) return true
  const read = parseJsonText(value as string)?.value
  const size = read === undefined ? 0 : isTextObject(read) ? read.size : isTextList(read) ? read.length : 0
  return BigInt(size) <= limit || refuse(assignment, 'list-size', { noun: noun(item), limit: String(limit) })
}

/** Checks that the elements of a list of enumerations are options. */
export function checkListOptions(assignment: Assignment): boolean {
  const { item, policy } = assignment
  const keyed = own(item, 'type') === 'kvlist'
  if ((!keyed && own(item, 'type') !== 'list') || own(item, 'items') !== 'enumeration') return true
  const text = policy.lists === 'json' ? unwrapList(item, assignment.value) : assignment.value
  const read = policy.lists === 'json' ? parseJsonText(text as string) : parseLiteralText(text as string)
  if (!read) return refuse(assignment, 'list-malformed')
  if (keyed && !isTextObject(read.value)) return refuse(assignment, 'list-not-pairs')
  if (!keyed && !isPythonList(read.value)) return refuse(assignment, 'list-not-array')
  const members = keyed
    ? [...(read.value as ReadonlyMap<TextValue, TextValue>)]
    : [...(read.value as readonly TextValue[]).entries()]
  if (members.length === 0) return keyed || policy.enforcesAll || refuse(assignment, 'list-option-empty')
  const options = own(item, 'options') as readonly unknown[]
  let sound = true
  for (const [key, member] of members) {
    const element = textStr(key as TextValue)
    if (keyed && member === '') sound = refuse(assignment, 'list-option-empty', { element })
    else if (!isOption(member, options)) {
      sound = refuse(assignment, 'list-option-unknown', { element, detail: textStr(keyed ? key : member) })
    }
  }
  return sound
}

function isPythonList(value: TextValue): boolean {
  return isTextList(value) && !(value instanceof LiteralTuple) && !(value instanceof LiteralSet)
}

/**
 * A list with a `listName` is kept as the one member of an object. Upstream looks for the name anywhere in the text to
 * tell whether that is already so, so a list with an element of that name stays bare.
 */
function wrapList(assignment: Assignment): boolean {
  const { item, value, policy } = assignment
  if (own(item, 'type') !== 'list' || !Object.hasOwn(item, 'listName')) return true
  const name = own(item, 'listName')
  if (policy.lists === 'literal') {
    const isWrapped = holds(value, name)
    if (isWrapped === undefined) return fault(assignment, 'list-malformed', 'TypeError')
    if (isWrapped) return true
  }
  if (typeof value !== 'string') {
    const says = `the JSON object must be str, bytes or bytearray, not ${className(value)}`
    return fault(assignment, 'list-malformed', 'TypeError', saying(says))
  }
  const read = parseJsonText(value)
  if (!read) return fault(assignment, 'list-malformed', 'JSONDecodeError', saying(jsonFault(value)))
  if (typeof name === 'string' && name !== '') assignment.value = dumpText(new Map([[name, read.value]]))
  return true
}

/** Python's `name in value`; `undefined` where it fails. */
function holds(value: unknown, name: unknown): boolean | undefined {
  if (typeof value === 'string') return typeof name === 'string' ? value.includes(name) : undefined
  if (Array.isArray(value)) return value.includes(name)
  return isPlainItem(value) ? Object.hasOwn(value, name as string) : undefined
}
