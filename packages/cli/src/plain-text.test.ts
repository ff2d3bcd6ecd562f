import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainLine, plainText } from './plain-text.ts'
import { toJson } from './reporter.ts'
import { table } from './table.ts'

const hostile = 'a\u001B[31mred\u009B2J\rb\u202Ec\u007F\tä😀'

const isPlain = (text: string) => ['\u001B', '\u009B', '\r', '\u202E'].every((one) => !text.includes(one))

test('what a terminal would obey is written out', () => {
  expect(plainText(`${hostile}\nnext`)).toBe('a\\u001b[31mred\\u009b2J\\u000db\\u202ec\\u007f\\u0009ä😀\nnext')
  expect(plainLine('a\nb')).toBe('a\\nb')
})

test('tables and JSON hold none of it, and JSON stays what it was', () => {
  expect(table(['A', 'B'], [[hostile, 'x\ny']])).toSatisfy(isPlain)
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
      const json = toJson({ value, [text]: hostile })
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, [text]: hostile })))
      expect(json).toSatisfy(isPlain)
    }),
  )
})
