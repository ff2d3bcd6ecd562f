import type { DatabaseSync } from 'node:sqlite'
import {
  type ConfigStore,
  coreError,
  type Json,
  messageOf,
  type StoredDocument,
  type StoreWrite,
} from '@backplane/core'
import { configError } from '../errors.ts'
import { conflictOf } from '../store-conflict.ts'

/**
 * Keeps documents in a SQLite database (`node:sqlite`, so without a native module): one table, one transaction a batch,
 * synced. The database is locked while it is open: one process writes. `path` may be `:memory:`.
 */
export function sqliteStore(path: string): ConfigStore {
  return new SqliteStore(path)
}

class SqliteStore implements ConfigStore {
  readonly #path: string
  #database: DatabaseSync | undefined

  constructor(path: string) {
    this.#path = path
  }

  async open(): Promise<void> {
    if (this.#database) return
    // Not imported: that would print Node 22's warning about an experimental module to whoever only imports this package,
    // and bundlers that cut `node:` off find no module of the bare name.
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
    let database: DatabaseSync | undefined
    try {
      database = new DatabaseSync(this.#path)
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      database.exec('BEGIN EXCLUSIVE')
      database.exec(
        'CREATE TABLE IF NOT EXISTS document (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL) STRICT',
      )
      database.exec('CREATE TABLE IF NOT EXISTS counter (revision INTEGER NOT NULL) STRICT')
      database.exec('INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter)')
      database.exec('COMMIT')
    } catch (error) {
      database?.close()
      throw this.#openFailure(error)
    }
    this.#database = database
  }

  async read(name: string): Promise<StoredDocument | undefined> {
    const row = this.#open().prepare('SELECT revision, body FROM document WHERE name = ?').get(name)
    return row && { revision: Number(row.revision), document: JSON.parse(String(row.body)) as Json }
  }

  async list(): Promise<readonly string[]> {
    return this.#open()
      .prepare('SELECT name FROM document')
      .all()
      .map((row) => String(row.name))
  }

  async write(batch: readonly StoreWrite[]): Promise<ReadonlyMap<string, number>> {
    const database = this.#open()
    database.exec('BEGIN IMMEDIATE')
    try {
      const revisions = this.#writeAll(database, batch)
      database.exec('COMMIT')
      return revisions
    } catch (error) {
      // SQLite has rolled back already where the disk was full or broken.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  async close(): Promise<void> {
    this.#database?.close()
    this.#database = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #writeAll(database: DatabaseSync, batch: readonly StoreWrite[]): Map<string, number> {
    const present = database.prepare('SELECT revision FROM document WHERE name = ?')
    for (const write of batch) {
      const row = present.get(write.name)
      const conflict = conflictOf(write, row && Number(row.revision))
      if (conflict) throw conflict
    }
    let revision = Number(database.prepare('SELECT revision FROM counter').get()?.revision)
    const put = database.prepare('INSERT OR REPLACE INTO document (name, revision, body) VALUES (?, ?, ?)')
    const remove = database.prepare('DELETE FROM document WHERE name = ?')
    const revisions = new Map<string, number>()
    for (const { name, document } of batch) {
      revisions.set(name, ++revision)
      if (document === null) remove.run(name)
      else put.run(name, revision, JSON.stringify(document))
    }
    database.prepare('UPDATE counter SET revision = ?').run(revision)
    return revisions
  }

  #open(): DatabaseSync {
    if (!this.#database) throw coreError('BP_CLOSED', { details: { what: `The configuration store ${this.#path}` } })
    return this.#database
  }

  #openFailure(error: unknown) {
    const reason = messageOf(error)
    if (/locked|busy/i.test(reason))
      return coreError('BP_CONFIG_LOCKED', { details: { pid: 'unknown', dir: this.#path }, cause: error })
    return configError('BP_CONFIG_STORE_DAMAGED', { details: { path: this.#path, reason }, cause: error })
  }
}
