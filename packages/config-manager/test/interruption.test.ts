import { setTimeout as sleep } from 'node:timers/promises'
import type { StoreWrite } from '@backplane/core'
import { describe, expect, it, vi } from 'vitest'
import { type ConfigEvent, configManager, memoryStore } from '../src/index.ts'

const items = { a: { description: '', type: 'integer', default: '1' } } as const

describe('aborting', () => {
  it('ends a change that waits for its turn', async () => {
    await using manager = configManager()()
    await manager.register('c', items)
    const { promise: free, resolve: release } = Promise.withResolvers<void>()
    manager.subscribe({ category: 'c' }, { prepare: () => free })
    const first = manager.set('c', 'a', 2)
    const controller = new AbortController()
    const second = manager.set('c', 'a', 3, { signal: controller.signal })
    const linking = manager.link('c', [], { signal: controller.signal })
    controller.abort()
    release()
    await first
    await expect(second).rejects.toMatchObject({ code: 'BP_ABORTED' })
    await expect(linking).rejects.toMatchObject({ code: 'BP_ABORTED' })
    expect(manager.values('c')).toEqual({ a: 2 })
  })

  it('ends a change that participants are being asked about, and tells them', async () => {
    await using manager = configManager()()
    await manager.register('c', items)
    const controller = new AbortController()
    const rollback = vi.fn()
    manager.subscribe({ category: 'c' }, { prepare: () => controller.abort(), rollback })
    const change = manager.set('c', 'a', 2, { signal: controller.signal })
    await expect(change).rejects.toMatchObject({ code: 'BP_ABORTED' })
    expect(rollback).toHaveBeenCalledOnce()
    expect(manager.values('c')).toEqual({ a: 1 })
  })
})

describe('closing', () => {
  it('waits for a change under way, for everybody who asks, and refuses what comes after', async () => {
    const memory = memoryStore()
    const close = vi.spyOn(memory, 'close')
    const manager = configManager({ store: memory })()
    await manager.register('c', items)
    let isApplied = false
    const apply = async () => {
      await sleep(20)
      isApplied = true
    }
    manager.subscribe({ category: 'c' }, { apply })
    const change = manager.set('c', 'a', 2)
    await sleep(1)
    const closing = manager.close()
    const late = manager.set('c', 'a', 3)
    await expect(late).rejects.toMatchObject({ code: 'BP_CLOSED' })
    expect(isApplied).toBe(false)
    await manager.close()
    expect(isApplied).toBe(true)
    expect(close).toHaveBeenCalledOnce()
    await closing
    await expect(change).resolves.toMatchObject({ changed: ['a'] })
  })
})

describe('a participant that leaves', () => {
  it('is called no more, not even for the change under way', async () => {
    await using manager = configManager()()
    await manager.register('c', items)
    const late = { prepare: vi.fn(), apply: vi.fn(), rollback: vi.fn() }
    const steps: string[] = []
    manager.subscribe({ category: 'c' }, { prepare: () => leave(), apply: () => void steps.push('applied') })
    const leave = manager.subscribe({ category: 'c' }, late)
    await expect(manager.set('c', 'a', 2)).resolves.toMatchObject({ applied: ['subscriber-1'] })
    expect(steps).toEqual(['applied'])
    expect([late.prepare, late.apply, late.rollback].flatMap((spy) => spy.mock.calls)).toEqual([])
  })
})

describe('a change that cannot be taken back', () => {
  it('stands: all others apply it, listeners hear of it, and who failed is left out', async () => {
    let writes = 0
    const beforeWrite = (_: readonly StoreWrite[]) => {
      if (++writes === 3) throw new Error('disk full')
    }
    await using manager = configManager({ store: memoryStore({ beforeWrite }) })()
    await manager.register('c', items)
    const told: unknown[] = []
    const failing = vi.fn(() => Promise.reject(new Error('stuck')))
    const following = vi.fn()
    manager.on({ category: 'c' }, (event: ConfigEvent) => void told.push(event.new.a))
    manager.subscribe({ category: 'c' }, { apply: failing }, { name: 'failing' })
    manager.subscribe({ category: 'c' }, { apply: following })
    await expect(manager.set('c', 'a', 2)).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_FAILED' })
    expect(manager.values('c')).toEqual({ a: 2 })
    expect(following).toHaveBeenCalledOnce()
    await manager.set('c', 'a', 3)
    expect(failing).toHaveBeenCalledOnce()
    expect(following).toHaveBeenCalledTimes(2)
    await expect.poll(() => told).toEqual([2, 3])
  })
})

describe('a busy listener of everything', () => {
  it('waits for one joined change of each category, however they alternate', async () => {
    await using manager = configManager()()
    for (const name of ['c', 'd']) await manager.register(name, items)
    const { promise: free, resolve: release } = Promise.withResolvers<void>()
    const seen: string[] = []
    manager.on({}, async ({ category, old, new: now }) => {
      seen.push(`${category} ${old.a} ${now.a}`)
      await free
    })
    await manager.set('c', 'a', 10)
    await sleep(1)
    for (let value = 11; value < 20; value++) {
      await manager.set('c', 'a', value)
      await manager.set('d', 'a', value)
    }
    release()
    await expect.poll(() => seen).toEqual(['c 1 10', 'c 10 19', 'd 1 19'])
  })
})
