import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Shown, shellWord, shown } from './shown.ts'
import { table } from './table.ts'

const hostile = 'a\u001B[31mred\u009B2J\rb\u202Ec\u007F\tä😀'

/** No character that a terminal obeys, that is invisible, or that begins a line. */
const isPlain = (text: Shown | string) => !/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(`${text}`)

test('what a terminal would obey is written out, and what begins a line only in our own words', () => {
  expect(`${shown`${`${hostile}\nnext`}\nour own`}`).toBe(
    'a\\u001b[31mred\\u009b2J\\u000db\\u202ec\\u007f\\u0009ä😀\\nnext\nour own',
  )
  expect(`${Shown.block('one\ntwo\nNext: three\n')}`).toBe('one\n  | two\n  | Next: three')
  expect(`${shown`${shown`a\nb`}`}`).toBe('a\nb')
})

test.each([
  ['an escape sequence that sets the window title', '\u001B]0;title\u0007'],
  ['a hyperlink', '\u001B]8;;http://x\u001B\\\\'],
  ['a C1 introducer', '\u009D0;title\u009C'],
  ['a carriage return over what was printed', 'fine\rError'],
  ['a backspace', 'a\bb'],
  ['an override of the direction', '\u202Etxt.exe'],
  ['an isolate', '\u2066x\u2069'],
  ['marks of direction', '\u200E\u200F\u061C'],
  ['a separator of lines', 'a\u2028b\u2029c'],
  ['a next line', 'a\u0085b'],
  ['characters that hide', 'a\u200Bb\u2060c\uFEFFd\u00ADe'],
  ['tags, beyond the first plane', 'a\u{E0041}\u{E007F}'],
  ['half a pair', 'a\uD800'],
])('%s does not come through, in a line, in a block, in a cell, in JSON', (_, text) => {
  for (const said of [shown`${text}`, Shown.whole(text), Shown.json({ [text]: text }), table([text], [])])
    expect(said).toSatisfy(isPlain)
  expect(`${Shown.block(text)}`.replaceAll('\n  | ', '')).toSatisfy(isPlain)
})

test('words of all languages and joined emoji stay as they are', () => {
  for (const text of ['Grüße', '日本語', 'عربي', 'نمی\u200Cخواهم', 'हिन्दी', '👩\u200D🔧'])
    expect(`${shown`${text}`}`).toBe(text)
})

test('any text keeps to its line, and JSON stays what it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
      expect(shown`${text}`).toSatisfy(isPlain)
      expect(`${table(['A', 'B'], [[text, text]])}`.split('\n')).toHaveLength(2)
      const json = `${Shown.json({ value, [text]: hostile })}`
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, [text]: hostile })))
      expect(json).toSatisfy(isPlain)
      const [first, ...rest] = `${Shown.block(text)}`.split('\n')
      expect(first).toSatisfy(isPlain)
      for (const line of rest) expect(line).toMatch(/^ {2}\| /)
    }),
  )
})

test('a word for a shell is one word, whatever it holds', () => {
  expect(['greet', '--nats', 'nats://127.0.0.1:4222', ''].map(shellWord)).toEqual([
    'greet',
    '--nats',
    'nats://127.0.0.1:4222',
    "''",
  ])
  expect(shellWord("x'; rm -rf $HOME")).toBe("'x'\\''; rm -rf $HOME'")
})
