import type { ConfigStore } from '@backplane/core'
import { describe, expect, it, vi } from 'vitest'
import { configManager, memoryStore, type SharedMemory, sharedMemory } from '../src/index.ts'

const items = { a: { description: '', type: 'integer', default: '1' } } as const

function host(shared: SharedMemory, store: Partial<ConfigStore> = {}, historyDepth = 10) {
  return configManager({ store: { ...memoryStore({ shared }), ...store }, historyDepth })()
}

describe('hosts on one store', () => {
  it('miss nothing that another writes while they read', async () => {
    const shared = sharedMemory()
    await using first = host(shared)
    await first.register('c', items)
    const inner = memoryStore({ shared })
    let isLate = false
    const read: ConfigStore['read'] = async (name) => {
      const stored = await inner.read(name)
      if (name === 'category/c' && !isLate) {
        isLate = true
        await first.set('c', 'a', 2)
      }
      return stored
    }
    await using second = configManager({ store: { ...inner, read } })()
    await second.start()
    await expect.poll(() => second.values('c')).toEqual({ a: 2 })
    await expect(second.set('c', 'a', 3)).resolves.toMatchObject({ changed: ['a'] })
  })

  it('tell every participant of what another did, whoever of them fails', async () => {
    const shared = sharedMemory()
    await using first = host(shared)
    await using second = host(shared)
    await first.register('c', items)
    await second.start()
    const apply = vi.fn()
    second.subscribe({ category: 'c' }, { apply: () => Promise.reject(new Error('stuck')) })
    second.subscribe({ category: 'c' }, { apply })
    await first.set('c', 'a', 2)
    await expect.poll(() => apply).toHaveBeenCalledOnce()
  })

  it('share history and audit trail, and keep no more of them than one host would', async () => {
    const shared = sharedMemory()
    await using first = host(shared, {}, 3)
    await using second = host(shared, {}, 3)
    await first.register('c', items)
    await second.start()
    for (let value = 2; value < 12; value++) {
      const writer = value % 2 === 0 ? first : second
      await expect.poll(() => writer.values('c')).toEqual({ a: value - 1 })
      await writer.set('c', 'a', value)
    }
    await expect.poll(() => first.values('c')).toEqual({ a: 11 })
    await expect.poll(() => second.history('c')).toEqual(first.history('c'))
    expect(first.history('c').map(({ revision }) => revision)).toEqual([10, 9, 8])
    expect([...shared.documents.keys()].filter((name) => name.startsWith('history/'))).toHaveLength(3)
    expect(first.audit()).toHaveLength(11)
    expect(second.audit()).toHaveLength(11)
  })
})
