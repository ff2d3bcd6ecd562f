import type { Json, JsonPatchOperation } from '@backplane/core'

type Members = { readonly [key: string]: Json }

/**
 * Gives what turns one document into another (RFC 6902). Parts that both documents share are not looked into, so a
 * change of one item among thousands is found at the price of walking their list.
 */
export function patchBetween(before: Json, after: Json): readonly JsonPatchOperation[] {
  const operations: JsonPatchOperation[] = []
  compare(before, after, '', operations)
  return operations
}

function compare(before: Json, after: Json, path: string, operations: JsonPatchOperation[]): void {
  if (before === after) return
  if (isList(before) && isList(after)) compareLists(before, after, path, operations)
  else if (isObject(before) && isObject(after) && isSameOrder(before, after))
    compareObjects(before, after, path, operations)
  else operations.push({ op: 'replace', path, value: after })
}

/** Whether the order of members comes out right when what is new is added at the end. */
function isSameOrder(before: Members, after: Members): boolean {
  const kept = Object.keys(before).filter((key) => Object.hasOwn(after, key))
  return Object.keys(after).every((key, index) => index >= kept.length || key === kept[index])
}

function compareObjects(before: Members, after: Members, path: string, operations: JsonPatchOperation[]): void {
  for (const key of Object.keys(before))
    if (!Object.hasOwn(after, key)) operations.push({ op: 'remove', path: `${path}/${escaped(key)}` })
  for (const [key, value] of Object.entries(after)) {
    const memberPath = `${path}/${escaped(key)}`
    if (Object.hasOwn(before, key)) compare(before[key] as Json, value, memberPath, operations)
    else operations.push({ op: 'add', path: memberPath, value })
  }
}

/**
 * Lists of one length are compared member by member; of others, what lies between a common start and end is replaced.
 */
function compareLists(
  before: readonly Json[],
  after: readonly Json[],
  path: string,
  operations: JsonPatchOperation[],
): void {
  if (before.length === after.length) {
    for (let index = 0; index < after.length; index++)
      if (before[index] !== after[index])
        compare(before[index] as Json, after[index] as Json, `${path}/${index}`, operations)
    return
  }
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && isSame(before[start], after[start])) start++
  let end = 0
  while (end < shorter - start && isSame(before.at(-1 - end), after.at(-1 - end))) end++
  for (let index = before.length - end; index > start; index--)
    operations.push({ op: 'remove', path: `${path}/${index - 1}` })
  for (let index = start; index < after.length - end; index++)
    operations.push({ op: 'add', path: `${path}/${index}`, value: after[index] as Json })
}

/** Order of members included. */
function isSame(before: Json | undefined, after: Json | undefined): boolean {
  return before === after || patchBetween(before as Json, after as Json).length === 0
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function isObject(value: Json): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member's name as JSON Pointers have it (RFC 6901). */
function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
