import { expect, test } from 'vitest'
import { jsonFlag } from './json-flag.ts'
import { Shown } from './shown.ts'

test('integers keep each digit on the way in and out', () => {
  const params = jsonFlag('--params', '{"ts":1795298180547494123,"n":2,"odd":NaN}')
  expect(params).toStrictEqual({ ts: 1795298180547494123n, n: 2, odd: Number.NaN })
  expect(Shown.json(params).toString()).toBe('{"ts":1795298180547494123,"n":2,"odd":"NaN"}')
})
