import { expect, it } from 'vitest'
import { memoryConfig } from './config.ts'

const items = { step: { type: 'integer', default: '2' }, name: { type: 'string', default: 'x' } }

it('keeps values that users set when a plugin registers again', async () => {
  const config = memoryConfig()
  await config.open('p', items)
  await config.set('p', { step: '5' })
  const handle = await config.open('p', { ...items, more: { type: 'string', default: 'm' } })
  expect(handle.values).toEqual({ step: '5', name: 'x', more: 'm' })
})

it('asks the plugin first, and changes nothing when it refuses', async () => {
  const config = memoryConfig()
  const handle = await config.open('p', items)
  const changes: unknown[] = []
  handle.participate(async (change) => {
    changes.push(change)
    if (change.values.step === '0') throw new Error('too small')
  })
  await config.set('p', { step: '3' })
  await expect(config.set('p', { step: '0' })).rejects.toThrow('too small')
  await config.set('p', { step: '3' })
  expect(handle.values).toEqual({ step: '3', name: 'x' })
  expect(changes).toHaveLength(2)
  expect(changes[0]).toEqual({
    values: { step: '3', name: 'x' },
    previous: { step: '2', name: 'x' },
    changed: ['step'],
  })
})

it('refuses an item that the plugin does not have', async () => {
  const config = memoryConfig()
  await config.open('p', items)
  await expect(config.set('p', { stepp: '1' })).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  await expect(config.set('q', { step: '1' })).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
})

it('takes names of Object.prototype for names like any other', async () => {
  const config = memoryConfig()
  const { values } = await config.open('p', { constructor: { type: 'string', default: 'x' } } as never)
  expect(values).toEqual({ constructor: 'x' })
  await expect(config.set('p', { toString: 'y' } as never)).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
})
