import { matchSubject } from '@backplane/core/subjects'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyExpr } from '../test/key-expr.ts'
import { keyExpressionOf, keyOf, literalPrefixOf, subjectOf } from './key-expressions.ts'

/** Tokens with everything that is special on either side, and what looks like an escape. */
const token = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'a',
        'b',
        '/',
        '#',
        '?',
        '$',
        '@',
        '%',
        '%2F',
        '%2E',
        '%25',
        '%40',
        '%20',
        '2',
        'E',
        '-',
        '日',
        '😀',
      ),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2 }),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join('').replace(/[.*>\s\p{Cc}\p{Cf}\p{Cs}]/gu, ''))
  .filter((text) => text !== '')
const few = fc.constantFrom('a', 'b', '@a', '$a', 'a/b')
const subject = fc.array(fc.oneof(few, token), { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join('.'))
const pattern = fc
  .tuple(fc.array(fc.oneof(fc.constant('*'), few, token), { maxLength: 4 }), fc.constantFrom('', '>', 'a', '*'))
  .map(([tokens, last]) => [...tokens, last].filter((part) => part !== '').join('.'))
  .filter((text) => text !== '')

describe("against Zenoh's own key expressions", () => {
  test('every subject is a canonical key without wildcards, and comes back', () => {
    fc.assert(
      fc.property(subject, (text) => {
        const key = keyOf(text)
        expect(KeyExpr.autocanonize(key).toString()).toBe(key)
        expect(key).not.toContain('*')
        expect(subjectOf(key)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('every pattern is a canonical key expression, and comes back', () => {
    fc.assert(
      fc.property(pattern, (text) => {
        const expression = keyExpressionOf(text)
        expect(KeyExpr.autocanonize(expression).toString()).toBe(expression)
        expect(subjectOf(expression)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('a pattern takes in just the subjects that its key expression takes in', () => {
    fc.assert(
      fc.property(pattern, subject, (wild, text) => {
        const [expression, key] = [new KeyExpr(keyExpressionOf(wild)), keyOf(text)]
        expect(expression.includes(key)).toBe(matchSubject(wild, text))
        expect(expression.intersects(key)).toBe(matchSubject(wild, text))
      }),
      { numRuns: 5000 },
    )
  })

  test('what a peer sends on comes back as the same key, unless it looks like an escape', () => {
    const chunk = fc
      .string({ unit: fc.constantFrom('a', 'b', '.', '>', ' ', '@', '\t', '日', '-'), minLength: 1, maxLength: 5 })
      .filter((text) => !text.startsWith('@'))
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 4 }), (chunks) => {
        const key = KeyExpr.autocanonize(chunks.join('/')).toString()
        expect(keyOf(subjectOf(key))).toBe(key)
      }),
      { numRuns: 2000 },
    )
  })
})

test.each([
  ['device-connect.dev.h1.cmd', 'device-connect/dev/h1/cmd'],
  ['a/b.c', 'a%2Fb/c'],
  ['@v1.a@v1', '%40v1/a@v1'],
  ['a%2Fb', 'a%252Fb'],
  ['v1%2E2', 'v1.2'],
])('the subject %s is the key %s', (text, key) => {
  expect(keyOf(text)).toBe(key)
  expect(subjectOf(key)).toBe(text)
})

test.each([
  ['device-connect.T.*.event.>', 'device-connect/T/*/event/*/**', 'device-connect/T'],
  ['>', '*/**', ''],
  ['*.b', '*/b', ''],
  ['a.b', 'a/b', 'a/b'],
])('the pattern %s is the key expression %s, and begins with %s', (text, expression, prefix) => {
  expect(keyExpressionOf(text)).toBe(expression)
  expect(literalPrefixOf(text)).toBe(prefix)
})

test('the wildcards of a key that somebody put become those of a pattern', () => {
  expect(subjectOf('a/**')).toBe('a.>')
  expect(subjectOf('a/b$*/c')).toBe('a.*.c')
})
