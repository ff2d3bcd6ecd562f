import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchSubject, validatePattern, validateSubject } from './subjects.ts'

/** The definition, written down the slow way. */
function oracle(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.')
  const given = subject.split('.')
  if (wanted.at(-1) === '>') {
    return given.length >= wanted.length && wanted.slice(0, -1).every((token, i) => token === '*' || token === given[i])
  }
  return wanted.length === given.length && wanted.every((token, i) => token === '*' || token === given[i])
}

const token = fc.stringMatching(/^[ab]{1,2}$/)
const subjects = fc.array(token, { minLength: 1, maxLength: 5 }).map((tokens) => tokens.join('.'))
const patterns = fc
  .tuple(fc.array(fc.oneof(token, fc.constant('*')), { maxLength: 4 }), fc.constantFrom('', 'a', '*', '>'))
  .map(([tokens, last]) => [...tokens, ...(last === '' ? [] : [last])].join('.'))
  .filter((pattern) => pattern !== '')

test('matching agrees with the slow definition', () => {
  fc.assert(
    fc.property(patterns, subjects, (pattern, subject) => {
      validatePattern(pattern)
      validateSubject(subject)
      expect(matchSubject(pattern, subject)).toBe(oracle(pattern, subject))
    }),
    { numRuns: 5000 },
  )
})

test('each subject matches itself, and everything', () => {
  fc.assert(
    fc.property(subjects, (subject) => {
      expect(matchSubject(subject, subject)).toBe(true)
      expect(matchSubject('>', subject)).toBe(true)
    }),
  )
})

const bad = ['', '.', 'a.', '.a', 'a..b', 'a b', 'a\tb', 'a\nb', 'a\u0000', '\u007f', 'a\u00a0b', 'a\u200bb', 'a\ud800']
const wild = ['*', '>', 'a.*', 'a.>', '*.*.>']
const misplaced = ['a*', '*a', '>.a', 'a.>.b', 'a>', '**', 'a.b>']

test.each([...bad, ...wild, ...misplaced])('%j is not a subject', (text) => {
  expect(() => validateSubject(text)).toThrow(expect.objectContaining({ code: 'BP_SUBJECT_INVALID' }))
})

test.each([...bad, ...misplaced])('%j is not a pattern', (text) => {
  expect(() => validatePattern(text)).toThrow(expect.objectContaining({ code: 'BP_SUBJECT_INVALID' }))
})

test.each(wild)('%j is a pattern', (text) => {
  expect(() => validatePattern(text)).not.toThrow()
})

test.each(['a', 'a.b', 'device-connect.dev.x_1.cmd', '$SYS.a', 'grün.日本.😀', 'a/b#c?d'])(
  '%j is a subject',
  (text) => {
    expect(() => validateSubject(text)).not.toThrow()
    expect(() => validatePattern(text)).not.toThrow()
  },
)

test('an error names the subject and says what to do', () => {
  expect(() => validateSubject('a.*')).toThrow(
    expect.objectContaining({ message: expect.stringContaining("'a.*'"), next: expect.stringMatching(/./) }),
  )
  expect(() => validateSubject(undefined as never)).toThrow(expect.objectContaining({ code: 'BP_SUBJECT_INVALID' }))
})

test('the fast scan accepts just what the definition of a token does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
      const allowed = text.split('.').every((part) => part !== '' && !/[\s*>\p{Cc}\p{Cf}\p{Cs}]/u.test(part))
      let accepted = true
      try {
        validateSubject(text)
      } catch {
        accepted = false
      }
      expect(accepted).toBe(allowed)
    }),
    { numRuns: 3000 },
  )
})
