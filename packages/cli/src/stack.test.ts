import { coreError } from '@backplane/core'
import { expect, test } from 'vitest'
import { framesOf } from './stack.ts'

const theirs = 'at run (file:///plugins/mine/plugin.mjs:3:5)'
const ours = 'at run (file:///app/node_modules/@backplane/runtime-node/dist/index.js:1:1)'
const node = 'at process.processTimers (node:internal/timers:618:7)'
const thrown = (...frames: string[]) =>
  Object.assign(new Error('bad'), { stack: ['Error: bad', ...frames.map((frame) => `    ${frame}`)].join('\n') })

test('frames of a plugin come before ours and those of Node', () => {
  expect(framesOf(thrown(ours, theirs, node))).toEqual({ theirs: [theirs], ours: [ours, node] })
})

test('an error with a code of ours shows where its cause was thrown', () => {
  const cause = thrown(theirs)
  const error = coreError('BP_PLUGIN_FAILED', { details: { reason: 'bad' }, cause })
  expect(framesOf(error)?.theirs).toEqual([theirs])
  expect(framesOf(coreError('BP_PLUGIN_EXITED', { cause: error }))?.theirs).toEqual([theirs])
})

test.each([
  ['an error of ours without a cause', coreError('BP_CLOSED')],
  ['an error that only our code has seen', thrown(ours, node)],
  ['an error without a stack', Object.assign(new Error('bad'), { stack: undefined })],
  ['what is no error', 'text'],
])('nothing is shown of %s', (_, error) => {
  expect(framesOf(error)).toBeUndefined()
})

test('a cause that is its own cause comes to an end', () => {
  const error = thrown(theirs)
  error.cause = error
  expect(framesOf(error)?.theirs).toEqual([theirs])
})

test('of very many frames the first are shown', () => {
  const many = Array.from({ length: 50 }, (_, at) => `at f${at} (file:///plugins/mine/plugin.mjs:${at}:1)`)
  expect(framesOf(thrown(...many))?.theirs).toEqual(many.slice(0, 8))
})
