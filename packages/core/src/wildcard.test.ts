import fc from 'fast-check'
import { expect, test } from 'vitest'
import { wildcard } from './wildcard.ts'

test.each([
  ['*', ''],
  ['*', 'anything'],
  ['a', 'a'],
  ['interlock-*', 'interlock-01'],
  ['rack-?-laser', 'rack-A-laser'],
  ['*b*', 'abc'],
  ['a*b*c', 'a-b-b-c'],
  ['**', 'x'],
  ['', ''],
])('%s matches %s', (pattern, text) => {
  expect(wildcard(pattern, text)).toBe(true)
})

test.each([
  ['a', 'b'],
  ['a', 'ab'],
  ['a?', 'a'],
  ['a*b', 'a-b-'],
  ['interlock-*', 'lock-01'],
  ['', 'x'],
  ['a.b', 'axb'],
])('%s does not match %s', (pattern, text) => {
  expect(wildcard(pattern, text)).toBe(false)
})

test('answers as the regular expression of the same meaning', () => {
  const character = fc.constantFrom('a', 'b', '*', '?')
  const pattern = fc.array(character, { maxLength: 8 }).map((it) => it.join(''))
  const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }).map((it) => it.join(''))
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      const same = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      expect(wildcard(pattern, text)).toBe(same.test(text))
    }),
    { numRuns: 2_000 },
  )
})
