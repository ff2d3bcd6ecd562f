import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lenientReplacer, narrowInteger, parseJson, stringifyJson } from './index.ts'

const integers = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })
const numbers = fc.double()
/** Any value that JSON carries, with names and numbers of every kind. */
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    integers.map(narrowInteger),
    fc.constantFrom(2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n, 10n ** 400n, 1795298180547494123n),
    numbers,
    fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 1e20, 2 ** 53, -(2 ** 60), 5e-324, 1.7976931348623157e308),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('NaN', '"Infinity"', '\\', '\\"NaN', '\ud800', '12345678901234567890', ' -Infinity'),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'NaN', 'toString', '')), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}))

test('every value comes back as it went: each digit, each sign, each name', () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(parseJson(stringifyJson(value))).toStrictEqual(value)
    }),
    { numRuns: 1000 },
  )
})

test('strict JSON is read as JSON.parse reads it, and plain values are written as JSON.stringify writes them', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 2), (json, space) => {
      const value = JSON.parse(json)
      const text = JSON.stringify(value, null, space)
      const wide = /\d{16}/.test(text)
      if (!wide) {
        expect(parseJson(text)).toStrictEqual(value)
        if (!text.includes('-0')) expect(stringifyJson(value, { space: space ?? 0 })).toBe(text)
      }
    }),
  )
})

test.each([
  ['9007199254740993', 9007199254740993n],
  ['-9007199254740993', -9007199254740993n],
  ['[9007199254740991,9007199254740992]', [9007199254740991, 9007199254740992n]],
  ['{"a":\n9007199254740993}', { a: 9007199254740993n }],
  ['[0.30000000000000004]', [0.30000000000000004]],
  ['[12345678901234567.0,1e20,1234567890123456E5]', [12345678901234568, 1e20, 123456789012345600000]],
  ['[1e400,-1e400,1e-400]', [Infinity, -Infinity, 0]],
  ['{"a":1,"a":9007199254740993}', { a: 9007199254740993n }],
  ['{"a":"9007199254740993"}', { a: '9007199254740993' }],
  ['[NaN,Infinity,-Infinity,9007199254740993]', [Number.NaN, Infinity, -Infinity, 9007199254740993n]],
  ['NaN', Number.NaN],
  [' -Infinity ', -Infinity],
  ['{"NaN":NaN,"0e-9":0e-9}', { NaN: Number.NaN, '0e-9': 0 }],
  ['"\\ud800"', '\ud800'],
])('%s is read with every digit', (text, value) => {
  expect(parseJson(text)).toStrictEqual(value)
})

test('__proto__ is a name like any other, on both ways', () => {
  for (const text of ['{"__proto__":{"x":1}}', '{"__proto__":{"x":9007199254740993}}', '{"__proto__":NaN}']) {
    const value = parseJson(text) as object
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(stringifyJson(value)).toBe(text)
  }
})

test.each([
  '',
  '{',
  'NaN}',
  '[NaN',
  '"NaN',
  'nan',
  '+Infinity',
  '-NaN',
  '[1NaN]',
  '[1-Infinity]',
  '[- Infinity]',
  '[1 NaN]',
  'NaNNaN',
  'InfinityInfinity',
  '[.Infinity]',
  '[Infinity1]',
  '[NaN5]',
  '[NaN.5]',
  '[Infinity.5]',
  '[Infinitye5]',
  '{NaN:1}',
  '[09007199254740993]',
  '[9007199254740993n]',
  '[9007199254740993,]',
])('what is no JSON stays none: %s', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError)
})

describe('what is too much has a clear error', () => {
  const invalid = expect.objectContaining({ code: 'BP_VALUE_INVALID' })

  test.each(['[', '{"a":'])('nesting without end of %s', (open) => {
    const close = open === '[' ? ']' : '}'
    const nested = (depth: number, leaf: string) => open.repeat(depth) + leaf + close.repeat(depth)
    for (const leaf of ['1', '9007199254740993', 'NaN']) {
      expect(stringifyJson(parseJson(nested(256, leaf)))).toBe(nested(256, leaf))
      for (const depth of [257, 5_000, 200_000]) expect(() => parseJson(nested(depth, leaf))).toThrow(invalid)
    }
  })

  test('brackets in strings are not nesting, nor are many side by side', () => {
    const value = ['['.repeat(1000), ...Array.from({ length: 1000 }, () => [{}])]
    expect(parseJson(JSON.stringify(value))).toEqual(value)
  })

  test('integers without end', () => {
    const digits = '7'.repeat(4300)
    expect(stringifyJson(parseJson(`[${digits}]`))).toBe(`[${digits}]`)
    expect(() => parseJson(`[${digits}7]`)).toThrow(invalid)
    expect(() => parseJson(`[${'7'.repeat(3_000_000)}]`)).toThrow(invalid)
    expect(() => stringifyJson(10n ** 4300n)).toThrow(invalid)
  })
})

test('bytes are base64 text at any depth or what the writer makes of them; the value is not changed', () => {
  const value = { a: [Uint8Array.of(1), { b: Uint8Array.of(2, 3).subarray(1) }], c: undefined, d: [undefined] }
  expect(stringifyJson(value)).toBe('{"a":["AQ==",{"b":"Aw=="}],"d":[null]}')
  expect(stringifyJson(value, { bytes: ({ length }) => String(length) })).toBe('{"a":[1,{"b":1}],"d":[null]}')
  expect(value.a[0]).toEqual(Uint8Array.of(1))
  expect(stringifyJson(undefined)).toBe('null')
})

test('lines are set in as JSON.stringify sets them in, wide integers or not', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify([value, 'wide'], null, 2)
      if (text.includes('-0') || /\d{16}/.test(text)) return
      expect(stringifyJson([value, 2n ** 64n], { space: 2 })).toBe(text.replace('"wide"', '18446744073709551616'))
    }),
  )
})

test('for readers of strict JSON alone, what is not finite is null', () => {
  expect(stringifyJson([Number.NaN, 1, -Infinity, 2n ** 64n], { nonFinite: 'null' })).toBe(
    '[null,1,null,18446744073709551616]',
  )
})

test('what goes into logs never fails for a number', () => {
  expect(JSON.stringify({ a: [2n ** 64n, Number.NaN, 1, -Infinity] }, lenientReplacer)).toBe(
    '{"a":[18446744073709551616,"NaN",1,"-Infinity"]}',
  )
})

const cycle: { self?: unknown } = {}
cycle.self = cycle
test.each([
  [{ f: () => {} }, '/f'],
  [[1, Symbol('s')], '/1'],
  [{ d: new Date(0) }, '/d'],
  [{ m: [new Map()] }, '/m/0'],
  [cycle, `${'/self'.repeat(8)}/...`],
])('what JSON has no form for is refused with its path', (value, path) => {
  expect(() => stringifyJson(value)).toThrow(
    expect.objectContaining({ code: 'BP_VALUE_INVALID', details: expect.objectContaining({ path }) }),
  )
})

test('a plain object of another realm is plain data', () => {
  expect(stringifyJson(Object.create(Object.create(null), {}))).toBe('{}')
})

/** What CPython makes of JSON text, and writes again. */
function throughPython(text: string): string | undefined {
  const program = 'import json,sys; sys.stdout.write(json.dumps(json.loads(sys.stdin.read())))'
  const { status, stdout } = spawnSync('python3', ['-c', program], { input: text, encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}

test.skipIf(throughPython('1') === undefined)('Python reads what is written, and what it writes is read', () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 20, maxLength: 50 }), (value) => {
      expect(parseJson(throughPython(stringifyJson(value)) ?? '')).toStrictEqual(value)
    }),
    { numRuns: 10 },
  )
})
