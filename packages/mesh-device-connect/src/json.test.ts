import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeJson, encodeBytes, encodeJson } from './json.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('any JSON comes back as it went', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      expect(decodeJson(encodeBytes(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('Python tokens are null wherever they stand, and stay text inside strings', () => {
  const token = fc.constantFrom('NaN', 'Infinity', '-Infinity')
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          token.map((text) => ({ text, value: null })),
          fc.string().map((value) => ({ text: JSON.stringify(value), value })),
        ),
      ),
      (items) => {
        const text = `{"a":[${items.map((item) => item.text).join(',')}],"\\"NaN":NaN}`
        expect(decodeJson(bytes(text))).toEqual({ a: items.map((item) => item.value), '"NaN': null })
      },
    ),
  )
})

test.each(['', '{', 'NaN}', '[NaN', '"NaN', 'nan', '+Infinity', '{NaN:1}'])(
  'what is no JSON stays none: %s',
  (text) => {
    expect(() => decodeJson(bytes(text))).toThrow()
  },
)

test('bytes are base64 text at any depth, and the value given is not changed', () => {
  const value = { a: [Uint8Array.of(1), { b: Uint8Array.of(2, 3).subarray(1) }], c: undefined, d: 'x' }
  expect(JSON.parse(encodeJson(value))).toEqual({ a: ['AQ==', { b: 'Aw==' }], d: 'x' })
  expect(value.a[0]).toEqual(Uint8Array.of(1))
  expect(encodeJson(undefined)).toBe('null')
})

test.each([
  [{ a: { b: Number.NaN } }, '/a/b'],
  [[0, Number.POSITIVE_INFINITY], '/1'],
  [{ f: () => {} }, '/f'],
  [[undefined], '/0'],
  [{ n: 1n }, '/n'],
  [{ d: new Date(0) }, '/d'],
  [{ m: new Map() }, '/m'],
  [Number.NaN, '/'],
])('what JSON has no form for is refused with its path', (value, path) => {
  expect(() => encodeJson(value)).toThrow(
    expect.objectContaining({ code: 'BP_VALUE_INVALID', details: expect.objectContaining({ path }) }),
  )
})

test('a value that holds itself is refused', () => {
  const value: { self?: unknown } = {}
  value.self = value
  expect(() => encodeJson(value)).toThrow(expect.objectContaining({ code: 'BP_VALUE_INVALID' }))
})
