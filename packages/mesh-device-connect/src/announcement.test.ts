import { expect, test } from 'vitest'
import { announcementOf } from './announcement.ts'

test('what a function accepts beyond its parameters is not announced', () => {
  const parameters = { type: 'object', properties: { x: { enum: ['on'] } } }
  const fn = { name: 'set', parameters, accepts: { type: 'object' } }
  const { capabilities } = announcementOf({ deviceId: 'box' }, { functions: [fn], events: [], revision: 1 })
  expect(JSON.parse(capabilities(10_000).text).functions).toEqual([
    { name: 'set', description: '', parameters, labels: null, tags: [] },
  ])
})
