import { expect, test } from 'vitest'
import { z } from 'zod'
import { described } from './described.ts'
import type { PluginDefinition } from './plugin.ts'

const reasonOf = (definition: object, manifest = {}) => {
  try {
    described(definition as PluginDefinition, { id: 'p', ...manifest })
    return 'nothing thrown'
  } catch (error) {
    expect(error).toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED' })
    return (error as Error).message
  }
}

test('describes everything that is declared, as plain data', () => {
  const description = described(
    {
      functions: {
        plain: () => 1,
        full: {
          description: 'Does it.',
          parameters: z.object({ n: z.number() }),
          result: { type: 'number' },
          stream: 'progress',
          timeoutMs: 500,
          labels: { area: 'test' },
          tags: ['a'],
          run: () => 1,
        },
        items: async function* () {},
      },
      events: { happened: { description: 'It did.', payload: { type: 'object' } } },
      subscriptions: [{ event: 'other' }],
      onEvent: () => {},
      periodic: { tick: { intervalMs: 10, run() {} } },
    },
    { id: 'p' },
  )
  expect(structuredClone(description)).toEqual({
    functions: [
      { name: 'plain' },
      {
        name: 'full',
        description: 'Does it.',
        parameters: expect.objectContaining({ type: 'object', required: ['n'] }),
        result: { type: 'number' },
        stream: 'progress',
        timeout_ms: 500,
        labels: { area: 'test' },
        tags: ['a'],
      },
      { name: 'items', stream: 'items' },
    ],
    events: [{ name: 'happened', description: 'It did.', payload: { type: 'object' } }],
    subscriptions: [{ event: 'other' }],
    routines: ['tick'],
    has: { notify: true, reconfigure: false, handOver: false },
  })
})

test('the manifest adds what the code leaves open, and the code wins', () => {
  const manifest = {
    id: 'p',
    functions: [{ name: 'ping', description: 'From the manifest.', tags: ['m'] }],
    events: [{ name: 'happened' }, { name: 'later' }],
  }
  const { functions, events } = described(
    { functions: { ping: { description: 'From the code.', run: () => 1 } }, events: { happened: { tags: ['c'] } } },
    manifest,
  )
  expect(functions).toEqual([{ name: 'ping', description: 'From the code.', tags: ['m'] }])
  expect(events).toEqual([{ name: 'happened', tags: ['c'] }, { name: 'later' }])
})

test.each([
  [{ functions: { ping: 1 } }, "functions['ping'] is neither a function nor"],
  [{ functions: { 'a b': () => 1 } }, "functions['a b'] has a name that does not match"],
  [{ functions: [] }, "'functions' is not an object"],
  [{ events: { 'a.b': {} } }, "events['a.b']: an event's name must match"],
  [{ periodic: { tick: { intervalMs: 1 } } }, "periodic['tick'] has no 'run' function"],
  [{ periodic: { tick: { intervalMs: -1, run() {} } } }, "periodic['tick'].intervalMs must be a number"],
  [{ periodic: { tick: { intervalMs: Number.NaN, run() {} } } }, "periodic['tick'].intervalMs must be a number"],
  [{ periodic: { tick: { intervalMs: 2 ** 31, run() {} } } }, "periodic['tick'].intervalMs must be a number"],
  [{ setup: 'soon' }, "'setup' is not a function"],
  [{ subscriptions: [{}] }, "it has 'subscriptions' but no 'onEvent'"],
])('names what is wrong in %j', (definition, reason) => {
  expect(reasonOf(definition)).toContain(reason)
})

test('refuses a manifest that promises what the code does not have', () => {
  expect(reasonOf({ functions: {} }, { functions: [{ name: 'ping' }] })).toContain(
    "its manifest declares function 'ping', which its code does not have",
  )
})

test.each([
  ['labels', { labels: { a: () => 1 } }, 'labels/a'],
  ['nested labels', { labels: { a: {} } }, "'labels' is not"],
  ['tags', { tags: 'one' }, "'tags' is not"],
  ['a description', { description: {} }, "'description' is not"],
  ['a timeout', { timeoutMs: Number.NaN }, "'timeoutMs' is not"],
  ['a negative timeout', { timeoutMs: -1 }, "'timeoutMs' is not"],
  ['a kind of stream', { stream: 'all' }, "'stream' is neither"],
  ['a schema', { parameters: 5 }, "'parameters' is not"],
])('refuses %s that could not be announced', (_, part, reason) => {
  expect(reasonOf({ functions: { f: { ...part, run: () => 1 } } })).toContain(reason)
})

test.each([[5], [[null]], [[{ event: 1n }]]])('refuses %s as subscriptions', (subscriptions) => {
  expect(reasonOf({ subscriptions, onEvent() {} })).toContain("'subscriptions' is not")
})
