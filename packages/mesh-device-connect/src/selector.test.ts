import type { Device } from '@backplane/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesGlob } from './glob.ts'
import { select } from './selector.ts'
import { parseSelector } from './selector-parser.ts'

const camera: Device = {
  deviceId: 'cam-1',
  functions: [
    { name: 'snap', labels: { direction: 'read' } },
    { name: 'move', labels: { direction: ['write', 'slow'] } },
  ],
  events: [{ name: 'seen' }],
  labels: { category: ['camera', 'robot'], type: 'cam', location: 'wh/1' },
  status: {},
  identity: {},
}

test.each([
  ['device(*)', true],
  ['device()', true],
  [' device ( * ) ', true],
  ['device(cam-1)', true],
  ['device(cam-?)', true],
  ['device(cam-[0-9])', true],
  ['device(cam-[!0-9])', false],
  ['device(CAM-1)', false],
  ['device(category:camera)', true],
  ['device(category:[door,robot])', true],
  ['device(category:cam*, location:wh/*)', true],
  ['device(category:camera,location:lab)', false],
  ['device(cam-1,type:cam)', true],
  ['device(cam-1,*)', true],
  ['device(absent:x)', false],
  ['device(toString:x)', false],
  ['function(snap)', true],
  ['function(direction:write)', true],
  ['function(direction:none)', false],
  ['event(seen)', true],
  ['event(heard)', false],
  ['device(type:cam).function(move)', true],
  ['device(type:door).function(move)', false],
  ['device(type:cam) . event(*)', true],
])('%s selects it: %s', (text, selects) => {
  expect(select(parseSelector(text), camera) !== undefined).toBe(selects)
})

test('a selector of functions narrows the device to them', () => {
  expect(select(parseSelector('function(direction:slow)'), camera)!.functions.map(({ name }) => name)).toEqual(['move'])
  expect(select(parseSelector('device(*)'), camera)!.functions).toHaveLength(2)
})

test.each([
  '',
  '  ',
  'cam',
  'device',
  'device(',
  'device(a',
  'thing(a)',
  'device(a)x',
  'device(a).',
  'device(a).device(b)',
  'function(a).event(b)',
  'device(a).function(b).event(c)',
  'device(a,,b:c)',
  'device(,)',
  'device(a,b)',
  'device(a:)',
  'device(a:[])',
  'device(a:[x,])',
  'device(a:[x)',
  'device(a:x])',
  'device(a:b[c])',
  'device(a:[b[c]])',
  'device(k y:v)',
  'device(plugin_driver:role:x).',
  'device(é:x)',
  'device(])',
  'device([)',
])('%j is refused with its position', (text) => {
  expect(() => parseSelector(text)).toThrow(
    expect.objectContaining({
      code: 'BP_INVALID_ARGUMENT',
      details: expect.objectContaining({ position: expect.any(Number) }),
    }),
  )
})

test('any text is read or refused, never anything else', () => {
  const pieces = fc.constantFrom(
    'device',
    'function',
    'event',
    '(',
    ')',
    '[',
    ']',
    '.',
    ',',
    ':',
    '*',
    '?',
    '!',
    'a',
    'b-1',
    ' ',
    '\t',
    'é',
  )
  const texts = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      try {
        select(parseSelector(text), camera)
      } catch (error) {
        expect(error).toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
      }
    }),
    { numRuns: 2_000 },
  )
})

test('what is written comes back as it was meant', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/)
  const keys = fc.array(fc.record({ key: word, values: fc.array(word, { minLength: 1, maxLength: 3 }) }), {
    maxLength: 3,
  })
  const filter = fc.record({ keys, name: word }, { requiredKeys: ['keys'] })
  fc.assert(
    fc.property(filter, filter, ({ ...device }, fn) => {
      const write = ({ name, keys }: typeof fn) =>
        [...(name === undefined ? [] : [name]), ...keys.map(({ key, values }) => `${key}:[${values.join(', ')}]`)].join(
          ', ',
        )
      expect(parseSelector(`device(${write(device)}).function(${write(fn)})`)).toEqual({ device, fn })
    }),
  )
})

test('a glob matches as the regular expression that it stands for', () => {
  const text = fc.stringMatching(/^[ab.^-]{0,8}$/)
  const pattern = fc.stringMatching(/^[ab.^?*-]{0,8}$/)
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      const expression = [...glob].map((one) =>
        one === '*' ? '.*' : one === '?' ? '.' : `\\${one}`.replace(/\\([ab])/, '$1'),
      )
      expect(matchesGlob(glob, name)).toBe(new RegExp(`^${expression.join('')}$`, 's').test(name))
    }),
  )
})

test.each([
  ['[]a]', ']', true],
  ['[]a]', 'b', false],
  ['[!]a]', 'b', true],
  ['[', '[', true],
  ['[a', '[a', true],
  ['a[', 'a[', true],
  ['[a-]', '-', true],
  ['[b-a]', 'b', false],
  ['[*]', '*', true],
  ['[?]', 'x', false],
  ['*[0-9]', 'cam7', true],
  ['😀?', '😀😀', true],
])('the set %s against %s: %s', (glob, text, matches) => {
  expect(matchesGlob(glob, text)).toBe(matches)
})

test('a hostile pattern costs no more than pattern times text', () => {
  expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(5_000))).toBe(false)
})
