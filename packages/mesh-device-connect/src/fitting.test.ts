import { expect, test } from 'vitest'
import { type Capabilities, fit } from './fitting.ts'

const parameters = {
  type: 'object',
  description: 'What it takes.',
  properties: {
    title: { type: 'string', description: 'A title, which is a name of a parameter.', examples: ['a'] },
    description: { type: 'object', default: { description: 'kept' } },
  },
  required: ['title'],
}
const capabilities: Capabilities = {
  description: 'A host.',
  functions: Array.from({ length: 100 }, (_, at) => ({
    name: `function_${at}`,
    description: 'grün '.repeat(40),
    parameters,
    labels: { direction: 'in' },
    tags: ['a'],
  })),
  events: Array.from({ length: 20 }, (_, at) => ({
    name: `event_${at}`,
    description: 'An event. '.repeat(20),
    payload_schema: { type: 'object' },
    labels: null,
    tags: [],
  })),
  labels: { category: 'hub' },
}
const whole = Buffer.byteLength(JSON.stringify(capabilities))
const read = (room: number) => {
  const { text, leftOut } = fit(capabilities, room)
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(room)
  return { ...(JSON.parse(text) as Capabilities), leftOut }
}

test('what fits is whole', () => {
  expect(fit(capabilities, whole)).toEqual({ text: JSON.stringify(capabilities) })
  expect(read(whole - 1).leftOut).toBe('descriptions within schemas')
})

test('schemas lose words first, and keep what a call needs', () => {
  expect(read(whole - 1).functions[0]).toEqual({
    ...capabilities.functions[0],
    parameters: {
      type: 'object',
      properties: { title: { type: 'string' }, description: { type: 'object', default: { description: 'kept' } } },
      required: ['title'],
    },
  })
})

test('less and less is said of each, and all names stay as long as they can', () => {
  const rooms = Array.from({ length: 60 }, (_, at) => Math.floor(whole * (1 - at / 60)))
  const told = new Set<string>()
  for (const room of rooms) {
    const { functions, events, leftOut = '' } = read(room)
    told.add(leftOut.replace(/\d+ of/g, 'n of'))
    if (!leftOut.includes('functions')) expect([functions.length, events.length]).toEqual([100, 20])
    else
      expect(functions.map(({ name }) => name)).toEqual(
        capabilities.functions.slice(0, functions.length).map(({ name }) => name),
      )
    for (const one of functions) expect(one).toMatchObject({ parameters: { type: 'object' } })
  }
  expect([...told]).toEqual([
    '',
    'descriptions within schemas',
    'descriptions beyond 80 characters, descriptions within schemas',
    'schemas, descriptions beyond 80 characters',
    'schemas, descriptions, labels, tags',
    'n of 100 functions, n of 20 events; schemas, descriptions, labels, tags',
  ])
})

test('where there is room for nothing, there is nothing', () => {
  const { text, leftOut } = fit(capabilities, 10)
  expect(JSON.parse(text)).toMatchObject({ functions: [], events: [], labels: { category: 'hub' } })
  expect(leftOut).toContain('100 of 100 functions, 20 of 20 events')
})
