import { expect, test } from 'vitest'
import { announcementOf, identityOf } from './announcement.ts'

test('what a function accepts beyond its parameters is not announced', () => {
  const parameters = { type: 'object', properties: { x: { enum: ['on'] } } }
  const fn = { name: 'set', parameters, accepts: { type: 'object' } }
  const { capabilities } = announcementOf({ deviceId: 'box' }, { functions: [fn], events: [], revision: 1 })
  expect(JSON.parse(capabilities(10_000).text).functions).toEqual([
    { name: 'set', description: '', parameters, labels: null, tags: [] },
  ])
})

test('an identity has its processor and its own fields; nothing in it is null', () => {
  const fields = { rack: 7, device_type: 'other', model: 'M', arch: null, owner: null }
  expect(identityOf({ deviceId: 'box', arch: 'x86_64', fields })).toEqual({
    rack: 7,
    model: 'M',
    device_type: 'plugin_host',
    arch: 'x86_64',
  })
  expect(identityOf({ deviceId: 'box', fields })).toEqual({ rack: 7, model: 'M', device_type: 'plugin_host' })
})
