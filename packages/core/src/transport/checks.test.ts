import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkOutgoing, checkSubscribing } from './checks.ts'

const nothing = new Uint8Array()
const withCode = (code: string) => expect.objectContaining({ code })

test('a subject is measured in bytes of UTF-8, whatever it is made of', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'é', '水', '🛠'), minLength: 1, maxLength: 60 }), (subject) => {
      const check = () => checkOutgoing(subject, nothing, 60)
      if (Buffer.byteLength(subject) <= 60) expect(check).not.toThrow()
      else expect(check).toThrow(withCode('BP_SUBJECT_INVALID'))
    }),
  )
  expect(() => checkSubscribing('é.>', () => {}, {}, 3)).toThrow(withCode('BP_SUBJECT_INVALID'))
})

test('an error about a long subject does not repeat it', () => {
  const subject = 'a'.repeat(10_000)
  expect(() => checkOutgoing(subject, nothing, 100)).toThrow(/a{40}….*it is over 100 bytes/)
})

test('a wildcard is for subscribing, and a payload is bytes', () => {
  expect(() => checkOutgoing('a.*', nothing, 100)).toThrow(withCode('BP_SUBJECT_INVALID'))
  expect(() => checkSubscribing('a.*', () => {}, {}, 100)).not.toThrow()
  expect(() => checkOutgoing('a', 'text' as unknown as Uint8Array, 100)).toThrow(withCode('BP_INVALID_ARGUMENT'))
})

test.each([
  [{ queue: '' }, 'BP_INVALID_ARGUMENT'],
  [{ queue: 'a b' }, 'BP_INVALID_ARGUMENT'],
  [{ queue: 'a\u0007' }, 'BP_INVALID_ARGUMENT'],
  [{ queue: 'q'.repeat(257) }, 'BP_INVALID_ARGUMENT'],
  [{ maxPending: 0 }, 'BP_INVALID_ARGUMENT'],
  [{ maxPending: Number.NaN }, 'BP_INVALID_ARGUMENT'],
  [{ signal: AbortSignal.abort() }, 'BP_ABORTED'],
])('subscribing with %o is refused', (options, code) => {
  expect(() => checkSubscribing('a', () => {}, options, 100)).toThrow(withCode(code))
})
