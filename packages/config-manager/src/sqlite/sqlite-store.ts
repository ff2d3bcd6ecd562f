import type { DatabaseSync } from 'node:sqlite'
import { type ConfigStore, coreError, messageOf, type StoredDocument, type StoreWrite } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { configError } from '../errors.ts'
import type { StoreCondition, StoreRepair, WithCondition } from '../store-condition.ts'
import {
  isEmptied,
  openForReading,
  openSound,
  primaryCode,
  sqliteCorrupt,
  sqliteNotADatabase,
  startAnew,
  unwritableCodes,
} from './database.ts'
import { readDocument, writeDocuments } from './documents.ts'

/**
 * Keeps documents in a SQLite database (`node:sqlite`, so without a native module): one transaction a batch, synced;
 * a small change of a large document is kept as a patch. The database is locked while it is open: one process writes.
 * `path` may be `:memory:`.
 *
 * A database that is damaged is kept beside (`<path>.damaged-1`), what can be read of it is taken over, and `condition`
 * says so once it is open. One that cannot be written is read all the same; writes reject with
 * `BP_CONFIG_STORE_READ_ONLY`.
 */
export function sqliteStore(path: string): SqliteConfigStore {
  return new SqliteStore(path)
}

/** A SQLite store, which knows its condition. */
export interface SqliteConfigStore extends ConfigStore, WithCondition {}

class SqliteStore implements SqliteConfigStore {
  readonly #path: string
  #database: DatabaseSync | undefined
  #repair: StoreRepair | undefined
  #readOnly: string | undefined

  constructor(path: string) {
    this.#path = path
  }

  get condition(): StoreCondition {
    return {
      ...(this.#repair ? { repair: this.#repair } : {}),
      ...(this.#readOnly === undefined ? {} : { readOnly: { path: this.#path, reason: this.#readOnly } }),
    }
  }

  async open(): Promise<void> {
    if (this.#database) return
    const wasEmptied = isEmptied(this.#path)
    try {
      this.#database = openSound(this.#path)
      if (wasEmptied) this.#repair = { path: this.#path, reason: 'it is empty', documents: 0 }
    } catch (error) {
      this.#database = this.#openAnyway(error)
    }
  }

  /** Opens what is damaged as far as it can be read, and what cannot be written for reading alone. */
  #openAnyway(error: unknown): DatabaseSync {
    const code = primaryCode(error)
    if (code === sqliteCorrupt || code === sqliteNotADatabase) {
      const { database, repair } = startAnew(this.#path, messageOf(error))
      this.#repair = repair
      return database
    }
    const readable = unwritableCodes.has(code) ? openForReading(this.#path) : undefined
    if (!readable) throw this.#openFailure(error)
    this.#readOnly = messageOf(error)
    return readable
  }

  async read(name: string): Promise<StoredDocument | undefined> {
    return readDocument(this.#open(), name)
  }

  async list(): Promise<readonly string[]> {
    return this.#open()
      .prepare('SELECT name FROM document')
      .all()
      .map((row) => String(row.name))
  }

  async write(batch: readonly StoreWrite[]): Promise<ReadonlyMap<string, number>> {
    if (this.#readOnly !== undefined) {
      const details = { path: this.#path, reason: this.#readOnly }
      throw configError('BP_CONFIG_STORE_READ_ONLY', { details })
    }
    const database = this.#open()
    database.exec('BEGIN IMMEDIATE')
    try {
      const revisions = writeDocuments(database, batch)
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
    this.#readOnly = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(): DatabaseSync {
    if (!this.#database) throw coreError('BP_CLOSED', { details: { what: `The configuration store ${this.#path}` } })
    return this.#database
  }

  #openFailure(error: unknown) {
    const reason = messageOf(error)
    if (/locked|busy/i.test(reason))
      return contractError('BP_CONFIG_LOCKED', { details: { pid: 'unknown', dir: this.#path }, cause: error })
    return configError('BP_CONFIG_STORE_DAMAGED', { details: { path: this.#path, reason }, cause: error })
  }
}
