import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigStore, StoreWrite } from '@backplane/core'
import { describe, expect, it } from 'vitest'
import { fileStore } from '../src/file/index.ts'
import { batchLine } from '../src/file/log.ts'
import { type ConfigManager, configManager, memorySecrets, memoryStore, sharedMemory } from '../src/index.ts'
import { sqliteStore } from '../src/sqlite/index.ts'

function manyItems(count: number) {
  const item = { description: 'A number', type: 'integer', default: '1', minimum: '0' } as const
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`item${index}`, item]))
}

const secret = { token: { description: '', type: 'password', default: '' } } as const

async function inDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'config-deltas-'))
  try {
    await run(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** What readers see of a category now and in the past. */
function seen(manager: ConfigManager) {
  return { items: manager.items('c'), facts: manager.facts('c'), history: manager.history('c'), audit: manager.audit() }
}

describe('a change of one item among thousands', () => {
  it.each([10, 2_000])('writes about as much as changed (%i items)', async (count) => {
    await inDirectory(async (dir) => {
      const path = join(dir, 'config.log')
      await using manager = configManager({ store: fileStore(dir) })()
      await manager.register('c', { ...manyItems(count), ...secret })
      await manager.set('c', 'token', 'hunter2')
      const before = statSync(path).size
      for (let value = 2; value < 22; value++) await manager.set('c', `item${value % 10}`, value)
      expect((statSync(path).size - before) / 20).toBeLessThan(1_200)
    })
  })

  it('is found again, with its past, after a start', async () => {
    await inDirectory(async (dir) => {
      const stores: Record<string, () => ConfigStore> = {
        file: () => fileStore(join(dir, 'file')),
        'file, compacting': () => fileStore(join(dir, 'compacting'), { compactAboveBytes: 1 }),
        SQLite: () => sqliteStore(join(dir, 'config.db')),
      }
      for (const [name, store] of Object.entries(stores)) {
        const secrets = memorySecrets()
        const items = { ...manyItems(50), ...secret }
        let expected: unknown
        for (let round = 0; round < 4; round++) {
          await using manager = configManager({ store: store(), secrets, historyDepth: 5 })()
          await manager.start()
          if (round > 0) expect(seen(manager), name).toEqual(expected)
          const { item3: _, ...fewer } = manyItems(50)
          await manager.register('c', round === 2 ? { ...fewer, ...secret, ...manyItems(51) } : items)
          for (let value = 0; value < 8; value++) await manager.set('c', `item${value * 5}`, value + round * 10)
          await manager.set('c', 'token', `t${round}`)
          await manager.updateProperty('c', 'item7', 'minimum', String(-round - 1))
          await manager.reset('c', 'item5')
          expected = seen(manager)
          expect(manager.history('c')).toHaveLength(5)
        }
      }
    })
  })

  it('is brought back from the past, also past a removal', async () => {
    const store = memoryStore()
    {
      await using manager = configManager({ store })()
      await manager.register('c', manyItems(5))
      for (const value of [2, 3, 4]) await manager.set('c', 'item0', value)
      await manager.remove('c')
      await manager.register('c', manyItems(5))
      await manager.set('c', 'item0', 9)
    }
    await using manager = configManager({ store })()
    await manager.start()
    expect(manager.history('c').map((past) => past.items.item0?.value)).toEqual(['1', '4', '3', '2', '1'])
    await manager.restore('c', 3)
    expect(manager.values('c')).toMatchObject({ item0: 3 })
  })

  it('is made of what is stored, also where the state before could not be saved', async () => {
    let isFull = false
    const shared = sharedMemory()
    const written: StoreWrite[] = []
    const beforeWrite = (batch: readonly StoreWrite[]) => {
      if (isFull) throw new Error('full')
      written.push(...batch)
    }
    const store = memoryStore({ shared, beforeWrite })
    await using manager = configManager({ store })()
    await manager.open('c', manyItems(3) as never)
    isFull = true
    await manager.open('c', { ...manyItems(3), more: manyItems(1).item0 } as never)
    isFull = false
    await manager.set('c', 'item0', 2)
    const last = written.findLast(({ name }) => name === 'category/c')
    expect(last?.patch?.map(({ path }) => path)).toContain('/names/3')
    await using again = configManager({ store: memoryStore({ shared }) })()
    await again.start()
    expect(again.values('c')).toEqual({ item0: 2, item1: 1, item2: 1, more: 1 })
  })

  it('is read from a log of whole documents and whole former states, and goes on from there', async () => {
    await inDirectory(async (dir) => {
      const path = join(dir, 'config.log')
      {
        const store = fileStore(dir)
        await using manager = configManager({ store: withoutPatches(store) })()
        await manager.register('c', manyItems(20))
        for (const value of [2, 3, 4]) await manager.set('c', 'item0', value)
      }
      expect(readFileSync(path, 'utf8')).not.toContain('"patch"]')
      {
        await using manager = configManager({ store: fileStore(dir) })()
        await manager.start()
        await manager.set('c', 'item0', 5)
      }
      expect(readFileSync(path, 'utf8')).toContain('"patch"]')
      await using manager = configManager({ store: fileStore(dir) })()
      await manager.start()
      expect(manager.values('c')).toMatchObject({ item0: 5 })
      expect(manager.history('c').map((past) => past.items.item0?.value)).toEqual(['4', '3', '2', '1'])
    })
  })

  it('says so where a patch does not fit what is before it', async () => {
    await inDirectory(async (dir) => {
      await using store = fileStore(dir)
      await store.open()
      await store.close()
      const patch = [{ op: 'replace' as const, path: '/gone/0', value: 1 }]
      const broken = batchLine([{ name: 'a', document: {}, patch, expectedRevision: 1 }], 2)
      appendFileSync(join(dir, 'config.log'), broken)
      await expect(fileStore(dir).open()).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_DAMAGED' })
    })
  })
})

/** A store that takes documents whole, as those did that were made before there were patches. */
function withoutPatches(store: ConfigStore): ConfigStore {
  return {
    open: () => store.open(),
    read: (name) => store.read(name),
    list: () => store.list(),
    write: (batch) => store.write(batch.map(({ patch: _, ...write }) => write)),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  }
}

describe('hosts on one store', () => {
  it('follow the past of each other, also when they miss some of it', async () => {
    const shared = sharedMemory()
    await using first = configManager({ store: memoryStore({ shared }) })()
    await using second = configManager({ store: memoryStore({ shared }) })()
    await first.register('c', manyItems(5))
    await second.start()
    for (let value = 2; value < 8; value++) await first.set('c', `item${value % 3}`, value)
    await expect.poll(() => second.history('c')).toEqual(first.history('c'))
    expect(second.items('c')).toEqual(first.items('c'))
    await second.set('c', 'item4', 4)
    await expect.poll(() => first.history('c')).toEqual(second.history('c'))
  })
})
