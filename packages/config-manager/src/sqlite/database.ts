import { existsSync, renameSync, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { StoredDocument } from '@backplane/core'
import { stringifyJson } from '@backplane/core/json'
import type { StoreRepair } from '../store-condition.ts'
import { assumeTables, makeTables, readDocument } from './documents.ts'

/** SQLite's result codes (sqlite.org/rescode.html). */
export const sqliteCorrupt = 11
export const sqliteNotADatabase = 26

/** Read-only, input and output failed, disk full, cannot be opened. */
export const unwritableCodes: ReadonlySet<number | undefined> = new Set([8, 10, 13, 14])

/** The primary result code of an error of SQLite. */
export function primaryCode(error: unknown): number | undefined {
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}

/** Opens a database for this process alone, and makes its tables; throws where it is damaged. */
export function openSound(path: string): DatabaseSync {
  const database = connect(path)
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec('BEGIN EXCLUSIVE')
    makeTables(database)
    database.exec('COMMIT')
    const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check
    if (found !== 'ok') throw Object.assign(new Error(String(found)), { errcode: sqliteCorrupt })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Opens a database that cannot be written, or gives `undefined` where there is none that can be read. */
export function openForReading(path: string): DatabaseSync | undefined {
  if (!existsSync(path)) return undefined
  try {
    const database = connect(path, { readOnly: true })
    assumeTables(database)
    return database
  } catch {
    return undefined
  }
}

/** Tells whether a database is there and holds nothing at all, which no crash leaves once it was written. */
export function isEmptied(path: string): boolean {
  return existsSync(path) && statSync(path).size === 0
}

/** Puts a damaged database aside and makes another with what can be read of it. */
export function startAnew(
  path: string,
  reason: string,
): { readonly database: DatabaseSync; readonly repair: StoreRepair } {
  const saved = readableDocuments(path)
  const keptAt = putAside(path)
  const database = openSound(path)
  const put = database.prepare('INSERT OR REPLACE INTO document (name, revision, body) VALUES (?, ?, ?)')
  for (const { name, revision, document } of saved) put.run(name, revision, stringifyJson(document))
  const last = saved.reduce((highest, { revision }) => Math.max(highest, revision), 0)
  database.prepare('UPDATE counter SET revision = ?').run(last)
  return { database, repair: { path, reason, documents: saved.length, keptAt } }
}

interface SavedDocument extends StoredDocument {
  readonly name: string
}

/** Every document that comes before the damage, as far as its patches can be read. */
function readableDocuments(path: string): SavedDocument[] {
  const saved: SavedDocument[] = []
  let database: DatabaseSync | undefined
  try {
    database = connect(path)
    assumeTables(database)
    for (const { name } of database.prepare('SELECT name FROM document').iterate()) {
      const stored = readDocument(database, String(name))
      if (stored) saved.push({ name: String(name), ...stored })
    }
  } catch {
    // The rest cannot be read.
  }
  database?.close()
  return saved
}

function putAside(path: string): string {
  let count = 1
  while (existsSync(`${path}.damaged-${count}`)) count++
  for (const part of ['', '-wal', '-shm'])
    if (existsSync(path + part)) renameSync(path + part, `${path}.damaged-${count}${part}`)
  return `${path}.damaged-${count}`
}

function connect(path: string, options: { readonly readOnly?: boolean } = {}): DatabaseSync {
  // Not imported: that would print Node 22's warning about an experimental module to anyone who only imports this
  // package, and bundlers that cut `node:` off find no module of the bare name.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  return new DatabaseSync(path, options)
}
