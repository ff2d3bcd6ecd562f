import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { fileStore } from '../src/file/index.ts'
import { memoryStore, sharedMemory } from '../src/memory-store.ts'
import { sqliteStore } from '../src/sqlite/index.ts'
import { configStoreCases, type StoreSubject } from './config-store-suite.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'config-store-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const subjects: Record<string, () => StoreSubject> = {
  memory: () => ({ make: () => memoryStore(), volatile: true }),
  'shared memory': () => {
    const shared = sharedMemory()
    return { make: () => memoryStore({ shared }), shared: true, volatile: true }
  },
  file: () => ({ make: () => fileStore(dir) }),
  'file, compacting all the time': () => ({ make: () => fileStore(dir, { compactAboveBytes: 1 }) }),
  SQLite: () => ({ make: () => sqliteStore(join(dir, 'config.db')) }),
}

describe.each(Object.entries(subjects))('%s store', (_, make) => {
  it.each(configStoreCases)('$name', ({ run }) => run(make()))
})
