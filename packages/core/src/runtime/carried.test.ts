import fc from 'fast-check'
import { expect, test } from 'vitest'
import { carried } from './carried.ts'

test('any JSON is carried, as a copy that shares nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const copy = carried(value)
      expect(copy).toEqual(value)
      if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value)
    }),
  )
})

test('a name that JavaScript holds sacred stays a name', () => {
  const copy = carried(JSON.parse('{"__proto__":{"polluted":true},"b":1}'))
  expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":true},"b":1}')
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
})

test('bytes are copied without what lies around them', () => {
  const pooled = Buffer.from('ab')
  const copy = carried({ data: pooled, gone: undefined, list: [undefined] }) as { data: Uint8Array }
  expect(copy).toStrictEqual({ data: new Uint8Array([97, 98]), list: [null] })
  expect(copy.data.buffer.byteLength).toBe(2)
  expect(carried(Object.create(null))).toEqual({})
})

test('numbers stay what they are; an integer is a bigint beyond the safe range alone', () => {
  const odd = [Number.NaN, -Infinity, -0, 9007199254740993n, 2n ** 64n]
  expect(carried(odd)).toStrictEqual(odd)
  expect(carried([5n, -(2n ** 53n) + 1n])).toStrictEqual([5, Number.MIN_SAFE_INTEGER])
})

test('nothing is null', () => {
  expect(carried(undefined)).toBeNull()
})

const cycle: Record<string, unknown> = {}
cycle.self = { cycle }

test.each([
  [() => 1, '/', 'it is a function'],
  [{ a: { b: [0, () => 1] } }, '/a/b/1', 'it is a function'],
  [Symbol('x'), '/', 'it is a symbol'],
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
