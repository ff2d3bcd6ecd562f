import { crc32 } from 'node:zlib'
import { type Json, type JsonPatchOperation, messageOf, type StoredDocument, type StoreWrite } from '@backplane/core'
import { parseJson, stringifyJson } from '@backplane/core/json'
import { configError } from '../errors.ts'
import { type Patcher, patcher } from '../patch/patcher.ts'

/** Documents read from a log, the revision that comes last in it, and how many of its bytes are sound. */
export interface LogContent {
  readonly documents: Map<string, StoredDocument>
  readonly revision: number
  readonly soundBytes: number
  /** Why the log is not what a crash alone leaves; `undefined` where it is. */
  readonly damage: string | undefined
}

type Entry =
  | readonly [name: string, revision: number, document: Json | null]
  | readonly [name: string, revision: number, patch: readonly JsonPatchOperation[], kind: 'patch']

/**
 * One line of the log: one batch, with its checksum in front. A batch is found whole or not at all, because a line that
 * was cut anywhere has no valid checksum. A document of which only a part changed is written as its patch.
 */
export function batchLine(batch: readonly StoreWrite[], firstRevision: number): Uint8Array {
  return line(batch.map((write, index) => entryOf(write, firstRevision + index)))
}

function entryOf({ name, document, patch, expectedRevision }: StoreWrite, revision: number): Entry {
  return patch && expectedRevision ? [name, revision, patch, 'patch'] : [name, revision, document]
}

/** The log that holds these documents and nothing of the past. */
export function compactLog(documents: ReadonlyMap<string, StoredDocument>, revision: number): Uint8Array {
  const entries: Entry[] = [...documents].map(([name, stored]) => [name, stored.revision, stored.document])
  // The last revision may belong to a document that is gone; an entry without a name keeps the count.
  return line([...entries, ['', revision, null]])
}

function line(entries: readonly Entry[]): Uint8Array {
  const text = stringifyJson(entries)
  return new TextEncoder().encode(`${checksum(text)} ${text}\n`)
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

/**
 * Reads a log. What a crash cut off at the end is left out; where more than that is gone, `damage` says so. Throws
 * `BP_CONFIG_STORE_DAMAGED` when a line is broken that sound lines follow: what came after it cannot be told.
 */
export function readLog(bytes: Uint8Array, path: string): LogContent {
  const documents = new Map<string, StoredDocument>()
  const apply = patcher()
  let revision = 0
  let start = 0
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
    const entries = readLine(bytes.subarray(start, end))
    if (!entries) {
      if (hasSoundLine(bytes, end + 1)) throw damaged(path, `the line at byte ${start} is broken`)
      break
    }
    for (const entry of entries) {
      const [name, at] = entry
      revision = Math.max(revision, at)
      const document = documentOf(entry, documents.get(name)?.document, { apply, path })
      if (document !== null) documents.set(name, { revision: at, document })
      else documents.delete(name)
    }
    start = end + 1
  }
  return { documents, revision, soundBytes: start, damage: damageOf(bytes, start) }
}

function documentOf(
  entry: Entry,
  before: Json | undefined,
  { apply, path }: { readonly apply: Patcher; readonly path: string },
): Json | null {
  if (entry.length === 3) return entry[2]
  try {
    return apply(before ?? null, entry[2])
  } catch (error) {
    throw damaged(path, `revision ${entry[1]} does not fit the one before it (${messageOf(error)})`)
  }
}

/**
 * A crash leaves one line that is not whole, and never nothing: a log begins with a line that is renamed into place.
 */
function damageOf(bytes: Uint8Array, soundBytes: number): string | undefined {
  if (bytes.length === 0) return 'it is empty'
  if (soundBytes === 0) return 'nothing in it can be read'
  const end = bytes.indexOf(0x0a, soundBytes)
  return end !== -1 && end < bytes.length - 1 ? 'more than its last line cannot be read' : undefined
}

function readLine(bytes: Uint8Array): readonly Entry[] | undefined {
  const text = new TextDecoder().decode(bytes)
  const body = text.slice(9)
  if (text[8] !== ' ' || text.slice(0, 8) !== checksum(body)) return undefined
  return parseJson(body) as readonly unknown[] as readonly Entry[]
}

function hasSoundLine(bytes: Uint8Array, from: number): boolean {
  let start = from
  for (let end = bytes.indexOf(0x0a, start); end !== -1; end = bytes.indexOf(0x0a, start)) {
    if (readLine(bytes.subarray(start, end))) return true
    start = end + 1
  }
  return false
}

function damaged(path: string, reason: string) {
  return configError('BP_CONFIG_STORE_DAMAGED', { details: { path, reason } })
}
