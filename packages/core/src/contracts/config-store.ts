import type { Json } from './values.ts'

/** One stored document and the revision at which it was written. */
export interface StoredDocument {
  readonly revision: number
  readonly document: Json
}

/** One operation of a JSON Patch (RFC 6902), of those that change something; `path` is a JSON Pointer (RFC 6901). */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }

/** One write of a batch: a document, or `null` to remove it. */
export interface StoreWrite {
  readonly name: string
  readonly document: Json | null
  /**
   * What turns the document at `expectedRevision` into this one; given only together with that. A store may write this
   * in place of the document, so that a small change of a large document costs little; it need not.
   */
  readonly patch?: readonly JsonPatchOperation[]
  /** Writes only if this is the present revision (0: it must not exist); absent: writes whatever is there. */
  readonly expectedRevision?: number
}

/**
 * Where configuration is kept: named JSON documents, written in atomic batches.
 *
 * After a crash at any moment a batch is found whole or not at all.
 */
export interface ConfigStore extends AsyncDisposable {
  /**
   * Opens it; must be awaited before anything else. Rejects with `BP_CONFIG_LOCKED` while another writer holds the
   * place.
   */
  open(options?: { readonly signal?: AbortSignal }): Promise<void>
  read(name: string): Promise<StoredDocument | undefined>
  /** Names of all documents, in no order. */
  list(): Promise<readonly string[]>
  /**
   * Writes all or nothing and gives the new revisions by name; resolves when it is durable. Rejects with
   * `BP_CONFIG_CONFLICT` (retryable) when a revision is not as expected, and with `BP_CLOSED` after `close`.
   */
  write(batch: readonly StoreWrite[]): Promise<ReadonlyMap<string, number>>
  /**
   * Tells writes made by others who share the store, in order; absent where nobody can. What is written over before it
   * could be told may be passed over, as a bucket without history does; what stands is always told.
   */
  watch?(listener: (name: string, stored: StoredDocument | undefined) => void): () => void
  /** Ends it when what is being written has been written. Idempotent. */
  close(): Promise<void>
}
