import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { realFileSystem } from '../src/file/file-system.ts'
import { type FileSystem, fileStore } from '../src/file/index.ts'
import { configManager, memorySecrets, memoryStore, sharedMemory } from '../src/index.ts'
import { sqliteStore } from '../src/sqlite/index.ts'

const items = { a: { description: '', type: 'integer', default: '1' } } as const
const secret = { description: '', type: 'password', default: '' } as const

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'config-lasting-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('secrets', () => {
  it('of items whose names run together stay apart', async () => {
    const shared = sharedMemory()
    const secrets = memorySecrets()
    {
      await using manager = configManager({ store: memoryStore({ shared }), secrets })()
      await manager.register('a/b', { c: secret, d: items.a })
      await manager.register('a', { 'b/c': secret, d: items.a })
      await manager.set('a/b', 'c', 'one')
      await manager.set('a', 'b/c', 'two')
      await manager.set('a/b', 'd', 2)
      await manager.set('a', 'd', 2)
    }
    await using manager = configManager({ store: memoryStore({ shared }), secrets })()
    await manager.start()
    expect([manager.values('a/b')?.c, manager.values('a')?.['b/c']]).toEqual(['one', 'two'])
  })
})

describe('a category that was removed and made again', () => {
  it('goes on counting revisions: none stands for two states', async () => {
    await using manager = configManager()()
    await manager.register('c', items)
    await manager.set('c', 'a', 7)
    await manager.remove('c')
    await expect(manager.register('c', items)).resolves.toMatchObject({ outcome: 'created', revision: 3 })
    await expect(manager.set('c', 'a', 5, { revision: 1 })).rejects.toMatchObject({ code: 'BP_CONFIG_CONFLICT' })
    await manager.set('c', 'a', 5)
    await manager.restore('c', 3)
    expect(manager.values('c')).toEqual({ a: 1 })
    expect(manager.history('c').map(({ revision }) => revision)).toEqual([4, 3, 2, 1])
  })
})

describe('a place that cannot be opened', () => {
  it('is told with a code and a next step', async () => {
    const occupied = join(dir, 'file')
    writeFileSync(occupied, '')
    await expect(configManager({ store: fileStore(join(occupied, 'below')) })().start()).rejects.toMatchObject({
      code: 'BP_CONFIG_STORE_FAILED',
    })
    await expect(configManager({ store: sqliteStore(join(dir, 'no', 'such.db')) })().start()).rejects.toMatchObject({
      code: 'BP_CONFIG_STORE_DAMAGED',
    })
  })
})

describe('a file store whose log cannot be opened again after compaction', () => {
  it('says that what is on the disk was written, and refuses what follows', async () => {
    let opened = 0
    const files: FileSystem = {
      ...realFileSystem,
      append: (path) =>
        path.endsWith('config.log') && ++opened > 1
          ? Promise.reject(new Error('too many open files'))
          : realFileSystem.append(path),
    }
    {
      await using store = fileStore(dir, { files, compactAboveBytes: 1 })
      await store.open()
      await expect(store.write([{ name: 'x', document: 'longer than a log without documents' }])).resolves.toEqual(
        new Map([['x', 1]]),
      )
      await expect(store.write([{ name: 'x', document: 2 }])).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_FAILED' })
    }
    await using again = fileStore(dir)
    await again.open()
    expect((await again.read('x'))?.document).toBe('longer than a log without documents')
  })
})
