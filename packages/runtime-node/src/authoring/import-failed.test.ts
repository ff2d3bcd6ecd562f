import { expect, test } from 'vitest'
import { importFailed } from './import-failed.ts'

const entry = 'file:///plugins/mine/plugin.mjs'
const thrown = (stack: string, code?: string) => Object.assign(new Error('bad'), { stack, ...(code ? { code } : {}) })

test.each([
  [
    'a frame',
    'Error: bad\n    at file:///plugins/mine/lib/port.mjs:12:9\n    at file:///plugins/mine/plugin.mjs:1:1',
    'lib/port.mjs:12',
  ],
  ['a fresh import', 'Error: bad\n    at run (file:///plugins/mine/plugin.mjs?backplane=1.0:3:9)', 'plugin.mjs:3'],
  ['a syntax error', '/plugins/mine/plugin.ts:7\nenum A {}\nSyntaxError: bad', 'plugin.ts:7'],
])('names the place of %s', (_, stack, place) => {
  expect(importFailed(thrown(stack), 'mine', entry)).toMatchObject({
    code: 'BP_PLUGIN_LOAD_FAILED',
    message: `Plugin 'mine' could not be loaded: bad (${place})`,
  })
})

test('says what to do next, where it is known', () => {
  const stack = 'Error: bad\n    at resolve (node:internal/x:1:1)'
  expect(importFailed(thrown(stack, 'ERR_MODULE_NOT_FOUND'), 'mine', entry)).toMatchObject({
    message: "Plugin 'mine' could not be loaded: bad",
    next: expect.stringContaining("Install what it imports in the plugin's own folder"),
  })
})

test.each(['text', undefined, null, 7])('takes %j as it is thrown', (value) => {
  expect(importFailed(value, 'mine', entry).message).toBe(`Plugin 'mine' could not be loaded: ${value}`)
})

test('takes no advice from Object.prototype', () => {
  expect(importFailed(thrown('Error: bad', 'constructor'), 'mine', entry).next).toMatch(/^Correct the plugin/)
})
