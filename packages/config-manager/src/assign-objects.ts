import { type Assignment, assignment as begin } from './assignment.ts'
import { type Item, own } from './definition.ts'
import { parseJsonText } from './python/json.ts'
import { dumpText, isTextList, isTextObject, type TextObject, type TextValue } from './python/value.ts'

/** Checks one member of an object as a value of its own. */
export type AssignMember = (member: Assignment) => boolean

/**
 * Checks each object of a list by the item's `properties`, each of which is a definition of its own; upstream never
 * does.
 */
export function checkElementObjects(assignment: Assignment, assignMember: AssignMember): boolean {
  const read = parseJsonText(assignment.value as string)?.value
  const properties = own(assignment.item, 'properties') as Item
  const elements: Iterable<readonly [unknown, TextValue]> =
    read !== undefined && isTextObject(read)
      ? read
      : isTextList(read as TextValue)
        ? (read as readonly TextValue[]).entries()
        : []
  let sound = true
  for (const [key, element] of elements) {
    if (!isTextObject(element)) {
      assignment.findings.add('list-element', {
        ...assignment.where,
        element: String(key),
        expected: 'object',
        detail: 'object',
      })
      sound = false
    } else if (!checkObject(assignment, assignMember, String(key), element, properties)) sound = false
  }
  return sound
}

function checkObject(
  assignment: Assignment,
  assignMember: AssignMember,
  key: string,
  element: TextObject,
  properties: Item,
): boolean {
  let sound = true
  for (const [name, definition] of Object.entries(properties)) {
    const member = element.get(name)
    if (member === undefined) continue
    const begun = begin({ ...assignment, name, item: definition as Item, value: memberText(member) })
    const { where } = assignment
    const within = [...(where.within ?? []), key, name]
    const inner = { ...begun, where: { ...begun.where, item: where.item ?? assignment.name, within } }
    if (!assignMember(inner)) sound = false
  }
  return sound
}

function memberText(member: TextValue): string {
  return typeof member === 'string' ? member : dumpText(member)
}
