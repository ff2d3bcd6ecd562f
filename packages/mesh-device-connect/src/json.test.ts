import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeJson, encodeBytes, encodeJson } from './json.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('any JSON comes back as it went', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      expect(decodeJson(encodeBytes(value))).toEqual(value)
    }),
  )
})

test.each([
  ['{"a":[NaN,-Infinity,"NaN"]}', { a: [Number.NaN, -Infinity, 'NaN'] }],
  ['{"ts":1795298180547494123}', { ts: 1795298180547494123n }],
])('what Python writes is read and written alike: %s', (text, value) => {
  expect(decodeJson(bytes(text))).toStrictEqual(value)
  expect(encodeJson(value)).toBe(text)
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

test('what is not UTF-8 is no JSON', () => {
  expect(() => decodeJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(TypeError)
})
