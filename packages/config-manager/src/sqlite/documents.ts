import type { DatabaseSync } from 'node:sqlite'
import type { JsonPatchOperation, StoredDocument, StoreWrite } from '@backplane/core'
import { parseJson, stringifyJson } from '@backplane/core/json'
import { patcher } from '../patch/patcher.ts'
import { conflictOf } from '../store-conflict.ts'

/** Makes the tables: documents as they were last written whole, their patches since then, and the last revision. */
export function makeTables(database: DatabaseSync): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS document (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL) STRICT',
  )
  database.exec(`CREATE TABLE IF NOT EXISTS ${patchTable}`)
  database.exec('CREATE TABLE IF NOT EXISTS counter (revision INTEGER NOT NULL) STRICT')
  database.exec('INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter)')
}

/** `octets` is the length of a document's patches up to this one. */
const patchTable =
  'patch (name TEXT, revision INTEGER, octets INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (name, revision)) STRICT'

/** Lets a database be read that cannot be changed and was made before there were patches. */
export function assumeTables(database: DatabaseSync): void {
  database.prepare('SELECT count(*) FROM document').get()
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'patch'").get()
  if (!found) database.exec(`PRAGMA temp_store = MEMORY; CREATE TEMP TABLE ${patchTable}`)
}

/** Reads a document: what was last written whole, and the patches since then. */
export function readDocument(database: DatabaseSync, name: string): StoredDocument | undefined {
  const row = database.prepare('SELECT revision, body FROM document WHERE name = ?').get(name)
  if (!row) return undefined
  const apply = patcher()
  let revision = Number(row.revision)
  let document = parseJson(String(row.body))
  for (const patch of database.prepare('SELECT revision, body FROM patch WHERE name = ? ORDER BY revision').all(name)) {
    revision = Number(patch.revision)
    document = apply(document, parseJson(String(patch.body)) as unknown as readonly JsonPatchOperation[])
  }
  return { revision, document }
}

/** Writes a batch within the transaction that is open; throws `BP_CONFIG_CONFLICT` before anything is written. */
export function writeDocuments(database: DatabaseSync, batch: readonly StoreWrite[]): Map<string, number> {
  for (const write of batch) {
    const conflict = conflictOf(write, revisionOf(database, write.name))
    if (conflict) throw conflict
  }
  let revision = Number(database.prepare('SELECT revision FROM counter').get()?.revision)
  const revisions = new Map<string, number>()
  for (const write of batch) {
    revisions.set(write.name, ++revision)
    if (!writePatch(database, write, revision)) writeWhole(database, write, revision)
  }
  database.prepare('UPDATE counter SET revision = ?').run(revision)
  return revisions
}

function revisionOf(database: DatabaseSync, name: string): number | undefined {
  const patch = lastPatch(database, name)
  const row = patch ?? database.prepare('SELECT revision FROM document WHERE name = ?').get(name)
  return row && Number(row.revision)
}

function lastPatch(database: DatabaseSync, name: string) {
  return database.prepare('SELECT revision, octets FROM patch WHERE name = ? ORDER BY revision DESC LIMIT 1').get(name)
}

function writeWhole(database: DatabaseSync, { name, document }: StoreWrite, revision: number): void {
  database.prepare('DELETE FROM patch WHERE name = ?').run(name)
  if (document === null) database.prepare('DELETE FROM document WHERE name = ?').run(name)
  else
    database
      .prepare('INSERT OR REPLACE INTO document (name, revision, body) VALUES (?, ?, ?)')
      .run(name, revision, stringifyJson(document))
}

/**
 * Writes a patch where there is one, unless the patches since the document was last written whole are longer than it:
 * then writing it again costs no more than they did.
 */
function writePatch(database: DatabaseSync, write: StoreWrite, revision: number): boolean {
  const { name, patch, expectedRevision } = write
  if (!patch || !expectedRevision) return false
  const body = stringifyJson(patch)
  const octets = Number(lastPatch(database, name)?.octets ?? 0) + Buffer.byteLength(body)
  const whole = database.prepare('SELECT octet_length(body) AS octets FROM document WHERE name = ?').get(name)
  if (octets > Number(whole?.octets)) return false
  database
    .prepare('INSERT INTO patch (name, revision, octets, body) VALUES (?, ?, ?, ?)')
    .run(name, revision, octets, body)
  return true
}
