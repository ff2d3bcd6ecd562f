import type { ConfigStore, StoredDocument, StoreWrite } from '@backplane/core'
import { conflictOf } from './store-conflict.ts'

/** What several hosts in one process share, to play what they would do on a network. */
export interface MemoryStoreInit {
  /** Documents that are there from the start, by name. */
  readonly documents?: ReadonlyMap<string, StoredDocument>
  /** Called before each batch; what it throws fails the batch, as a broken disk would. */
  readonly beforeWrite?: (batch: readonly StoreWrite[]) => Promise<void> | void
}

type Listener = (name: string, stored: StoredDocument | undefined) => void

/** Keeps documents in memory: for tests, and for configuration that need not outlive its process. */
export function memoryStore(init: MemoryStoreInit = {}): ConfigStore {
  const documents = new Map(init.documents)
  const listeners = new Set<Listener>()
  let revision = Math.max(0, ...[...documents.values()].map((stored) => stored.revision))
  const close = async () => listeners.clear()
  return {
    open: async () => {},
    read: async (name) => documents.get(name),
    list: async () => [...documents.keys()],
    async write(batch) {
      await init.beforeWrite?.(batch)
      for (const write of batch) {
        const conflict = conflictOf(write, documents.get(write.name)?.revision)
        if (conflict) throw conflict
      }
      const revisions = new Map<string, number>()
      for (const { name, document } of batch) {
        revision++
        revisions.set(name, revision)
        if (document === null) documents.delete(name)
        else documents.set(name, { revision, document })
        for (const listener of listeners) listener(name, documents.get(name))
      }
      return revisions
    },
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
