import type { Json } from '@backplane/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { patchBetween } from '../src/patch/patch-between.ts'
import { patcher } from '../src/patch/patcher.ts'

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as Json)

/** A document and one that came of it by a few changes, so that they share parts. */
const related = fc
  .tuple(
    fc.array(json, { minLength: 1, maxLength: 8 }),
    fc.array(fc.tuple(fc.nat(8), fc.nat(2), json), { maxLength: 4 }),
  )
  .map(([before, edits]) => {
    const after = [...before]
    for (const [at, kind, value] of edits) after.splice(at, kind === 0 ? 0 : 1, ...(kind === 2 ? [] : [value]))
    return [before, after] as const
  })

describe('the patch between two documents', () => {
  it.each([
    ['unrelated', fc.tuple(json, json)],
    ['related', related],
  ])('makes the one of the other, order of members included, and leaves the first alone: %s', (_, pairs) => {
    fc.assert(
      fc.property(pairs as fc.Arbitrary<readonly [Json, Json]>, ([before, after]) => {
        const whole = JSON.stringify(before)
        const patched = patcher()(before, patchBetween(before, after))
        expect(JSON.stringify(patched)).toBe(JSON.stringify(after))
        expect(JSON.stringify(before)).toBe(whole)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    [[{ v: 1 }, { v: 2 }], [{ v: 1 }, { v: 3 }], ['replace /1/v']],
    [['a', 'b', 'c'], ['a', 'c'], ['remove /1']],
    [['a', 'c'], ['a', 'b', 'c'], ['add /1']],
    [{ 'a/b~c': 1 }, { 'a/b~c': 2, new: 3 }, ['replace /a~1b~0c', 'add /new']],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, ['replace ']],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'), ['replace /__proto__']],
    [{ a: [1] }, { a: [1] }, []],
  ] as readonly [Json, Json, readonly string[]][])(
    'is small where little changed: %j, %j',
    (before, after, expected) => {
      const patch = patchBetween(before, after)
      expect(patch.map(({ op, path }) => `${op} ${path}`)).toEqual(expected)
      expect(patcher()(before, patch)).toEqual(after)
    },
  )

  it('keeps every digit', () => {
    const [before, after] = [{ a: 9007199254740993n }, { a: 9007199254740995n }]
    expect(patcher()(before, patchBetween(before, after))).toEqual(after)
  })

  it.each(['/b', '/a/3', '/a/x', '/a/0/b', '/c/d'])('is refused by a document that has no %s', (path) => {
    const apply = () => patcher()({ a: [1, 2] }, [{ op: 'replace', path, value: 1 }])
    expect(apply).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
  })
})
