import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Value } from '../contracts/values.ts'
import { decodeJson, encodeJson } from './json-codec.ts'
import { copyValue } from './value-copy.ts'

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Value>

test('a copy is equal to what it is of, and shares nothing with it', () => {
  fc.assert(
    fc.property(fc.record({ json, bytes: fc.uint8Array() }), (value) => {
      const copied = copyValue(value as Value) as typeof value
      expect(copied).toEqual(value)
      expect(copied).not.toBe(value)
      expect(copied.bytes).not.toBe(value.bytes)
    }),
  )
})

test('what JSON leaves out is left out', () => {
  const odd: unknown = { a: undefined, b: [undefined, 1], c: { d: undefined } }
  expect(copyValue(odd as Value)).toStrictEqual({ b: [null, 1], c: {} })
  expect(copyValue(undefined)).toBe(undefined)
})

test('a subclass of Uint8Array becomes a plain one', () => {
  const copied = copyValue(Buffer.from('abc') as Uint8Array)
  expect(Object.getPrototypeOf(copied)).toBe(Uint8Array.prototype)
})

const cycle: { self?: unknown } = {}
cycle.self = cycle

test.each([
  ['/a/1', { a: [0, Symbol('s')] }],
  ['/f', { f: () => {} }],
  ['/d', { d: new Date(0) }],
  ['/self/self', cycle],
])('what cannot be carried is refused with its path %s', (path, value) => {
  expect(() => copyValue(value as unknown as Value)).toThrow(
    expect.objectContaining({ code: 'BP_VALUE_INVALID', message: expect.stringContaining(`at ${path}`) }),
  )
})

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
  expect(copyValue(value)).toStrictEqual({ ...value, safe: 5 })
  expect(decodeJson(encodeJson(value))).toStrictEqual({ ...value, safe: 5 })
})
