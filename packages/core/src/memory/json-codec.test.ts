import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Value } from '../contracts/values.ts'
import { decodeJson, encodeJson } from './json-codec.ts'

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Value>

test('bytes travel in JSON as base64 text, as everybody else writes it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(decodeJson(encodeJson({ bytes }))).toEqual({ bytes: Buffer.from(bytes).toString('base64') })
    }),
  )
})

test('all else travels in JSON as it is', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.stringify(decodeJson(encodeJson(value)))).toBe(JSON.stringify(value))
    }),
  )
})

test('a wide integer stays one, a safe one is a number, and what is not finite stays so', () => {
  const value = { wide: 9007199254740993n, safe: 5n, odd: [Number.NaN, -Infinity, -0] }
  expect(decodeJson(encodeJson(value))).toStrictEqual({ ...value, safe: 5 })
})
