import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigStore, Logger } from '@backplane/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FileSystem, realFileSystem } from '../src/file/file-system.ts'
import { fileStore } from '../src/file/index.ts'
import { type ConfigManager, configManager, memorySecrets, memoryStore } from '../src/index.ts'
import { sqliteStore } from '../src/sqlite/index.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'config-damage-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const items = { rate: { description: 'Rate', type: 'integer', default: '1' } } as const

/** A logger that keeps the codes of what is said at the level of errors and warnings. */
function listening(): { readonly logger: Logger; readonly codes: unknown[] } {
  const codes: unknown[] = []
  const note = (fields: unknown) => codes.push((fields as { readonly code?: unknown }).code)
  const quiet = () => {}
  const logger = { trace: quiet, debug: quiet, info: quiet, warn: note, error: note, fatal: note, child: () => logger }
  return { logger: logger as unknown as Logger, codes }
}

async function withValues(store: ConfigStore, count = 5): Promise<void> {
  await using manager = configManager({ store, secrets: memorySecrets() })()
  await manager.register('sine', items)
  for (let value = 2; value < 2 + count; value++) await manager.set('sine', 'rate', value)
}

async function started(store: ConfigStore) {
  const { logger, codes } = listening()
  const manager: ConfigManager = configManager({ store, secrets: memorySecrets() })({ logger })
  await manager.start()
  return { manager, codes }
}

/** Where the third line of a log begins. */
function thirdLine(bytes: Buffer): number {
  return bytes.indexOf('\n', bytes.indexOf('\n') + 1) + 1
}

describe('a configuration log of which more is gone than a crash takes', () => {
  it.each([
    { what: 'replaced by NULs', damage: () => Buffer.alloc(4096), left: undefined },
    { what: 'emptied', damage: () => Buffer.alloc(0), left: undefined, kept: false },
    { what: 'replaced by text', damage: () => Buffer.from('nothing\nof\nthe kind\n'), left: undefined },
    { what: 'cut within its first line', damage: (log: Buffer) => log.subarray(0, 5), left: undefined },
    {
      what: 'overwritten from its third line on',
      damage: (log: Buffer) =>
        Buffer.concat([log.subarray(0, thirdLine(log)), Buffer.from('x'.repeat(40)), Buffer.from('\ny\nz')]),
      left: 1,
    },
  ])('is kept beside, and told: $what', async ({ damage, left, kept = true }) => {
    await withValues(fileStore(dir))
    const path = join(dir, 'config.log')
    const damaged = damage(readFileSync(path))
    writeFileSync(path, damaged)
    {
      const { manager, codes } = await started(fileStore(dir))
      expect(codes).toEqual(['BP_CONFIG_STORE_REPAIRED'])
      expect(manager.condition.repair).toMatchObject({ path, ...(kept ? { keptAt: `${path}.damaged-1` } : {}) })
      expect(manager.values('sine')?.rate).toBe(left)
      if (kept) expect(readFileSync(`${path}.damaged-1`)).toEqual(damaged)
      await manager.register('sine', items)
      await manager.set('sine', 'rate', 9)
      await manager.close()
    }
    const { manager, codes } = await started(fileStore(dir))
    expect(codes).toEqual([])
    expect(manager.condition).toEqual({})
    expect(manager.values('sine')?.rate).toBe(9)
    await manager.close()
  })

  it('keeps each of several beside', async () => {
    for (const count of [1, 2, 3]) {
      await withValues(fileStore(dir), 1)
      writeFileSync(join(dir, 'config.log'), Buffer.alloc(4096 + count))
    }
    const { manager } = await started(fileStore(dir))
    expect(readdirSync(dir).filter((name) => name.includes('damaged'))).toHaveLength(3)
    await manager.close()
  })

  it('says nothing of what an ordinary crash leaves', async () => {
    await withValues(fileStore(dir))
    const path = join(dir, 'config.log')
    truncateSync(path, readFileSync(path).length - 3)
    const { manager, codes } = await started(fileStore(dir))
    expect({ codes, rate: manager.values('sine')?.rate }).toEqual({ codes: [], rate: 5 })
    await manager.close()
  })

  it('says nothing of a place that is new', async () => {
    const { manager, codes } = await started(fileStore(join(dir, 'new')))
    expect(codes).toEqual([])
    await manager.close()
  })
})

describe('a SQLite database that is damaged', () => {
  it.each([
    { what: 'replaced by NULs', damage: () => Buffer.alloc(4096), kept: true },
    { what: 'emptied', damage: () => Buffer.alloc(0), kept: false },
    { what: 'replaced by text', damage: () => Buffer.from('nothing of the kind'.repeat(100)), kept: true },
    { what: 'cut', damage: (bytes: Buffer) => bytes.subarray(0, 4096), kept: true },
  ])('is kept beside, and told: $what', async ({ damage, kept }) => {
    const path = join(dir, 'config.db')
    await withValues(sqliteStore(path))
    const damaged = damage(readFileSync(path))
    writeFileSync(path, damaged)
    const { manager, codes } = await started(sqliteStore(path))
    expect(codes).toEqual(['BP_CONFIG_STORE_REPAIRED'])
    expect(manager.condition.repair).toMatchObject({ path, documents: 0 })
    if (kept) expect(readFileSync(`${path}.damaged-1`)).toEqual(damaged)
    await manager.register('sine', items)
    await manager.set('sine', 'rate', 9)
    await manager.close()
    const again = await started(sqliteStore(path))
    expect({ codes: again.codes, rate: again.manager.values('sine')?.rate }).toEqual({ codes: [], rate: 9 })
    await again.manager.close()
  })
})

/** Files of which nothing can be written while `full` says so. */
function filling(code: string): { readonly files: FileSystem; full: boolean } {
  const state = { full: true, files: realFileSystem }
  const failing = <A extends readonly unknown[], R>(run: (...args: A) => Promise<R>) => {
    return (...args: A) => (state.full ? Promise.reject(Object.assign(new Error('no'), { code })) : run(...args))
  }
  state.files = {
    ...realFileSystem,
    createExclusively: failing(realFileSystem.createExclusively),
    append: failing(realFileSystem.append),
  }
  return state
}

describe('a disk on which nothing can be written', () => {
  it.each(['ENOSPC', 'EROFS', 'EACCES', 'EDQUOT'])('lets plugins run with what is stored (%s)', async (code) => {
    await withValues(fileStore(dir))
    const disk = filling(code)
    const { manager, codes } = await started(fileStore(dir, { files: disk.files }))
    expect(codes).toEqual(['BP_CONFIG_STORE_READ_ONLY'])
    expect(manager.condition.readOnly).toMatchObject({ reason: 'no' })
    const known = await manager.open('sine', items as never)
    expect(known.values).toEqual({ rate: 6 })
    const fresh = await manager.open('fresh', { on: { description: '', type: 'boolean', default: 'true' } } as never)
    expect(fresh.values).toEqual({ on: true })
    await expect(manager.set('sine', 'rate', 7)).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_READ_ONLY' })
    expect(manager.values('sine')?.rate).toBe(6)
    disk.full = false
    await manager.set('sine', 'rate', 8)
    await manager.set('fresh', 'on', false)
    expect(manager.condition).toEqual({})
    await manager.close()
    const again = await started(fileStore(dir))
    expect([again.manager.values('sine')?.rate, again.manager.values('fresh')?.on]).toEqual([8, false])
    await again.manager.close()
  })

  it('lets plugins run with their defaults where nothing is stored', async () => {
    const { manager } = await started(fileStore(join(dir, 'new'), { files: filling('ENOSPC').files }))
    expect((await manager.open('sine', items as never)).values).toEqual({ rate: 1 })
    await manager.close()
  })

  it('is not written once another process has', async () => {
    await withValues(fileStore(dir))
    const disk = filling('ENOSPC')
    const { manager } = await started(fileStore(dir, { files: disk.files }))
    await withValues(fileStore(dir), 1)
    disk.full = false
    await expect(manager.set('sine', 'rate', 7)).rejects.toMatchObject({
      code: 'BP_CONFIG_STORE_READ_ONLY',
      message: expect.stringContaining('another process'),
    })
    await manager.close()
  })

  it('refuses a change of what is registered while it is full later on', async () => {
    const disk = filling('ENOSPC')
    disk.full = false
    const { manager } = await started(memoryStore({ beforeWrite: () => Promise.reject(new Error('full')) }))
    await expect(manager.register('sine', items)).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_FAILED' })
    expect((await manager.open('sine', items as never)).values).toEqual({ rate: 1 })
    await manager.close()
  })
})

describe('one damaged document', () => {
  it.each([{ document: 5 }, { document: { names: 5 } }, { document: { names: ['a'], items: [null] } }])(
    'stops its own plugin and no other: $document',
    async ({ document }) => {
      const store = memoryStore()
      await withValues(store)
      await store.write([{ name: 'category/bad', document: document as never }])
      const { manager } = await started(store)
      expect(manager.condition.damaged).toEqual(['category/bad'])
      expect((await manager.open('sine', items as never)).values).toEqual({ rate: 6 })
      await expect(manager.open('bad', items as never)).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_DAMAGED' })
      expect((await store.read('category/bad'))?.document).toEqual(document)
      await manager.close()
    },
  )

  it('is one whose secret cannot be read', async () => {
    const store = memoryStore()
    const secrets = memorySecrets()
    {
      await using manager = configManager({ store, secrets })()
      await manager.register('sine', items)
      await manager.register('locked', { token: { description: '', type: 'password', default: 'x' } })
    }
    const broken = { ...secrets, get: () => Promise.reject(new Error('another key')) }
    await using manager = configManager({ store, secrets: broken })()
    await manager.start()
    expect(manager.values('sine')).toEqual({ rate: 1 })
    await expect(
      manager.open('locked', { token: { description: '', type: 'password', default: 'x' } } as never),
    ).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_DAMAGED', message: expect.stringContaining('another key') })
  })
})
