import type { Json, JsonPatchOperation, StoredDocument } from '@backplane/core'
import { parseJson, stringifyJson } from '@backplane/core/json'
import type { KvEntry } from '@nats-io/kv'
import { patcher } from '../patch/patcher.ts'

/** What NATS KV keeps of one key at most: a document and the patches since it was written whole. */
export const longestHistory = 64

/** A document, and how many patches made it since it was written whole. */
export interface Known extends StoredDocument {
  readonly patches: number
}

interface Link {
  /** The revision that the patch was made for. */
  readonly base: number
  readonly patch: readonly JsonPatchOperation[]
}

/** A patch as a message; no document's JSON text begins like that. */
export function patchText(base: number, patch: readonly JsonPatchOperation[]): string {
  return `patch ${base} ${stringifyJson(patch)}`
}

/** What an entry makes of the document before it; `undefined` where that is not the one it was made for. */
export function follow(before: Known | undefined, entry: KvEntry): Known | undefined {
  const link = linkOf(entry.string())
  if (!link) return { revision: entry.revision, document: documentOf(entry), patches: 0 }
  if (before?.revision !== link.base) return undefined
  const document = patcher()(before.document, link.patch)
  return { revision: entry.revision, document, patches: before.patches + 1 }
}

function linkOf(text: string): Link | undefined {
  const [head, base] = /^patch (\d+) /.exec(text) ?? []
  if (head === undefined) return undefined
  try {
    return { base: Number(base), patch: parseJson(text.slice(head.length)) as unknown as readonly JsonPatchOperation[] }
  } catch {
    return undefined
  }
}

/** What somebody else put into the bucket and is no JSON counts as `null`, which is no document of the manager's. */
function documentOf(entry: KvEntry): Json {
  try {
    return parseJson(entry.string())
  } catch {
    return null
  }
}
