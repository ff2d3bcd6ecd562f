import fc from 'fast-check'
import { expect, test } from 'vitest'
import { carried } from './value.ts'

test('any JSON is carried as it is, and bytes too', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(carried(value)).toBe(value)
    }),
  )
  const bytes = { data: new Uint8Array([1, 2]), gone: undefined }
  expect(carried(bytes)).toBe(bytes)
  expect(carried(Object.create(null))).toEqual({})
})

test('nothing is null', () => {
  expect(carried(undefined)).toBeNull()
})

const cycle: Record<string, unknown> = {}
cycle.self = { cycle }

test.each([
  [() => 1, '/', 'it is a function'],
  [{ a: { b: [0, 1n] } }, '/a/b/1', 'it is a bigint'],
  [Symbol('x'), '/', 'it is a symbol'],
  [[Number.NaN], '/0', 'NaN is not a finite number'],
  [{ at: new Date(0) }, '/at', 'it is an instance of Date'],
  [new Map(), '/', 'it is an instance of Map'],
  [new Float32Array(1), '/', 'it is an instance of Float32Array'],
  [new (class Mine {})(), '/', 'it is an instance of Mine'],
  [cycle, '/self/cycle/self/cycle/self/cycle/self/cycle/...', 'or contains itself'],
])('refuses %s', (value, path, reason) => {
  expect(() => carried(value)).toThrow(
    expect.objectContaining({
      code: 'BP_VALUE_INVALID',
      details: { path, reason: expect.stringContaining(reason) },
    }),
  )
})
