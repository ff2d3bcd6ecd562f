import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import {
  type ConfigEvent,
  type ConfigManager,
  type ConfigManagerInit,
  configManager,
  memoryStore,
} from '../src/index.ts'

const items = {
  a: { description: '', type: 'integer', default: '1' },
  b: { description: '', type: 'integer', default: '1' },
} as const

async function made(init: ConfigManagerInit = {}): Promise<ConfigManager> {
  const manager = configManager(init)()
  await manager.register('c', items)
  await manager.register('p', {})
  return manager
}

describe('participants', () => {
  it('are asked in order before a change counts, and told after', async () => {
    await using manager = await made()
    const steps: string[] = []
    for (const name of ['one', 'two']) {
      manager.subscribe(
        { category: 'c' },
        {
          prepare: (event) => void steps.push(`${name} prepare ${manager.value('c', 'a')} ${event.new.a}`),
          apply: (event) => void steps.push(`${name} apply ${manager.value('c', 'a')} ${event.old.a}`),
        },
        { name },
      )
    }
    const result = await manager.update('c', { a: 2, b: 1 })
    expect(result).toEqual({ revision: 2, changed: ['a'], applied: ['one', 'two'], pending: [], quarantined: [] })
    expect(steps).toEqual(['one prepare 1 2', 'two prepare 1 2', 'one apply 2 1', 'two apply 2 1'])
    await manager.update('c', { a: 2 })
    expect(steps).toHaveLength(4)
  })

  it('refuse a change for everybody: those asked before go back', async () => {
    await using manager = await made()
    const rollback = vi.fn()
    manager.subscribe({ category: 'c' }, { prepare: () => {}, rollback })
    manager.subscribe(
      { category: 'c' },
      { prepare: () => Promise.reject(new Error('not on a Monday')) },
      { name: 'monday' },
    )
    await expect(manager.set('c', 'a', 2)).rejects.toMatchObject({
      code: 'BP_CONFIG_VETOED',
      details: { subscriber: 'monday', category: 'c', reason: 'not on a Monday' },
    })
    expect(rollback).toHaveBeenCalledOnce()
    expect(rollback.mock.calls[0]?.[0]).toMatchObject({ old: { a: 2 }, new: { a: 1 } })
    expect(manager.values('c')).toEqual({ a: 1, b: 1 })
    expect(manager.facts('c')?.revision).toBe(1)
  })

  it('roll everything back when one cannot apply', async () => {
    const store = memoryStore()
    await using manager = await made({ store })
    const back: unknown[] = []
    manager.subscribe({ category: 'c' }, { apply: () => {}, rollback: (event) => void back.push(event.new.a) })
    manager.subscribe(
      { category: 'c' },
      {
        apply: () => {
          throw new Error('broken')
        },
      },
      { name: 'two' },
    )
    await expect(manager.set('c', 'a', 2)).rejects.toMatchObject({
      code: 'BP_CONFIG_ROLLED_BACK',
      details: { subscriber: 'two', reason: 'broken' },
    })
    expect(back).toEqual([1])
    expect(manager.values('c')).toEqual({ a: 1, b: 1 })
    expect(manager.audit().at(-1)?.details).toMatchObject({ category: 'c', rolledBack: true, subscriber: 'two' })
    await using again = configManager({ store })()
    await again.start()
    expect(again.values('c')).toEqual({ a: 1, b: 1 })
  })

  it('are quarantined instead, if they say so, and come back by subscribing again', async () => {
    await using manager = await made()
    const participant = { apply: vi.fn(() => Promise.reject(new Error('broken'))) }
    manager.subscribe({ category: 'c' }, participant, { name: 'weak', onApplyFailure: 'quarantine' })
    expect(await manager.set('c', 'a', 2)).toMatchObject({
      applied: [],
      quarantined: [{ subscriber: 'weak', reason: 'broken' }],
    })
    await manager.set('c', 'a', 3)
    expect(participant.apply).toHaveBeenCalledOnce()
    manager.subscribe({ category: 'c' }, participant)
    await manager.set('c', 'a', 4)
    expect(participant.apply).toHaveBeenCalledTimes(2)
  })

  it('that do not answer in time refuse, and hear that nobody waits any more', async () => {
    await using manager = await made()
    let aborted = false
    const rollback = vi.fn()
    manager.subscribe(
      { category: 'c' },
      {
        prepare: (_, { signal }) =>
          new Promise(() =>
            signal.addEventListener('abort', () => {
              aborted = true
            }),
          ),
        rollback,
      },
      { timeoutMs: 5 },
    )
    await expect(manager.set('c', 'a', 2)).rejects.toMatchObject({
      code: 'BP_CONFIG_VETOED',
      cause: { code: 'BP_TIMEOUT' },
    })
    expect(aborted).toBe(true)
    expect(rollback, 'who is late may have done it all the same').toHaveBeenCalledOnce()
  })

  it('go back when the store fails, and nothing is changed', async () => {
    let fails = false
    const store = memoryStore({
      beforeWrite: () => {
        if (fails) throw new Error('disk full')
      },
    })
    await using manager = await made({ store })
    const rollback = vi.fn()
    manager.subscribe({ category: 'c' }, { prepare: () => {}, rollback })
    fails = true
    await expect(manager.set('c', 'a', 2)).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_FAILED', retryable: true })
    expect(rollback).toHaveBeenCalledOnce()
    expect(manager.values('c')).toEqual({ a: 1, b: 1 })
    fails = false
    await manager.set('c', 'a', 2)
    expect(manager.values('c')).toEqual({ a: 2, b: 1 })
  })

  it('are only told of what they subscribed to', async () => {
    await using manager = await made()
    const told: string[] = []
    const stop = manager.subscribe(
      { category: 'c', item: 'a' },
      { apply: (event) => void told.push(`a ${event.changed}`) },
    )
    manager.subscribe({ childrenOf: 'p' }, { apply: (event) => void told.push(`${event.kind} ${event.children}`) })
    manager.subscribe({}, { apply: (event) => void told.push(`all ${event.kind} ${event.category}`) })
    await manager.set('c', 'b', 2)
    await manager.set('c', 'a', 2)
    await manager.link('p', ['c'])
    stop()
    await manager.update('c', { a: 3, b: 3 })
    await manager.remove('p')
    expect(told).toEqual([
      'all changed c',
      'a a',
      'all changed c',
      'linked c',
      'all linked p',
      'all changed c',
      'all removed c',
      'all removed p',
    ])
  })
})

describe('optimistic revisions', () => {
  it('refuse a change of what somebody else has changed', async () => {
    await using manager = await made()
    const revision = manager.facts('c')?.revision as number
    await manager.set('c', 'a', 2, { revision })
    await expect(manager.set('c', 'a', 3, { revision })).rejects.toMatchObject({
      code: 'BP_CONFIG_CONFLICT',
      details: { actual: 2, expected: 1 },
    })
  })

  it('serialise concurrent changes of one category', async () => {
    await using manager = await made()
    await Promise.all(Array.from({ length: 50 }, (_, index) => manager.set('c', 'a', index + 10)))
    expect(manager.facts('c')?.revision).toBe(51)
    expect(manager.values('c')).toMatchObject({ a: 59 })
  })

  it('do not let one slow category hold up another', async () => {
    await using manager = await made()
    await manager.register('d', items)
    const { promise, resolve } = Promise.withResolvers<void>()
    manager.subscribe({ category: 'c' }, { prepare: () => promise })
    const slow = manager.set('c', 'a', 2)
    await manager.set('d', 'a', 2)
    resolve()
    await slow
  })
})

describe('a preview', () => {
  it('says what would change and who would refuse, and changes nothing', async () => {
    await using manager = await made()
    const prepare = vi.fn()
    manager.subscribe(
      { category: 'c' },
      {
        test: () => {
          throw new Error('no')
        },
        prepare,
      },
      { name: 'tester' },
    )
    expect(await manager.preview('c', { a: 2, b: 1 })).toEqual({
      valid: false,
      unasked: [],
      issues: [],
      differences: [{ item: 'a', old: '1', new: '2' }],
      refusals: [{ subscriber: 'tester', reason: 'no' }],
    })
    expect(await manager.preview('c', { a: 'x' })).toMatchObject({ valid: false, issues: [{ path: '/a' }] })
    expect(prepare).not.toHaveBeenCalled()
    expect(manager.facts('c')?.revision).toBe(1)
  })
})

describe('listeners', () => {
  it('are told in order, one at a time, and what comes meanwhile is joined', async () => {
    await using manager = await made()
    const told: [unknown, unknown][] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    manager.on({ category: 'c' }, async (event) => {
      told.push([event.old.a, event.new.a])
      if (told.length === 1) await promise
    })
    await manager.set('c', 'a', 2)
    await sleep(1)
    for (const value of [3, 4, 5]) await manager.set('c', 'a', value)
    resolve()
    await sleep(1)
    expect(told).toEqual([
      [1, 2],
      [2, 5],
    ])
  })

  it('concern nobody when they fail', async () => {
    await using manager = await made()
    manager.on({}, () => {
      throw new Error('mine')
    })
    await manager.set('c', 'a', 2)
    await sleep(1)
  })

  it('end with the manager, iterators too', async () => {
    const manager = await made()
    const told: unknown[] = []
    manager.on({}, (event) => void told.push(event))
    const next = manager.watch({}).next()
    await manager.close()
    expect(await next).toEqual({ value: undefined, done: true })
    await expect(manager.set('c', 'a', 2)).rejects.toHaveProperty('code', 'BP_CLOSED')
    expect(told).toEqual([])
  })

  it('are an async iterator too, which ends cleanly', async () => {
    await using manager = await made()
    const seen: ConfigEvent[] = []
    const controller = new AbortController()
    const loop = (async () => {
      for await (const event of manager.watch({ category: 'c' }, { signal: controller.signal, coalesce: false })) {
        seen.push(event)
        if (seen.length === 3) controller.abort()
      }
    })()
    for (const value of [2, 3, 4, 5])
      await manager.set('c', 'a', value, { actor: { name: 'ann', admin: true }, reason: 'r' })
    await loop
    expect(seen.map((event) => event.new.a)).toEqual([2, 3, 4])
    expect(seen[0]).toMatchObject({ actor: 'ann', reason: 'r', changed: ['a'], kind: 'changed' })
  })
})
