import type { ConfigStore, StoredDocument, StoreWrite } from '@backplane/core'
import { conflictOf } from './store-conflict.ts'

type Listener = (name: string, stored: StoredDocument | undefined) => void

/** Documents that several memory stores share, as hosts on one network would. */
export interface SharedMemory {
  readonly documents: Map<string, StoredDocument>
  readonly listeners: Map<symbol, Set<Listener>>
  revision: number
}

/** Makes memory for several stores to share. */
export function sharedMemory(): SharedMemory {
  return { documents: new Map(), listeners: new Map(), revision: 0 }
}

/** What a memory store is made with. */
export interface MemoryStoreInit {
  /** Memory that several stores keep their documents in. @default memory of its own */
  readonly shared?: SharedMemory
  /** Called before each batch; what it throws fails the batch, as a broken disk would. */
  readonly beforeWrite?: (batch: readonly StoreWrite[]) => Promise<void> | void
}

/** Keeps documents in memory: for tests, and for configuration that need not outlive its process. */
export function memoryStore(init: MemoryStoreInit = {}): ConfigStore {
  const memory = init.shared ?? sharedMemory()
  const { documents } = memory
  const self = Symbol('store')
  const close = async () => {
    memory.listeners.delete(self)
  }
  return {
    open: async () => {},
    read: async (name) => documents.get(name),
    list: async () => [...documents.keys()],
    async write(batch) {
      if (init.beforeWrite) await init.beforeWrite(batch)
      for (const write of batch) {
        const conflict = conflictOf(write, documents.get(write.name)?.revision)
        if (conflict) throw conflict
      }
      const revisions = new Map<string, number>()
      for (const { name, document } of batch) {
        const revision = ++memory.revision
        revisions.set(name, revision)
        if (document === null) documents.delete(name)
        else documents.set(name, { revision, document })
      }
      for (const name of revisions.keys()) tellOthers(memory, self, name)
      return revisions
    },
    watch(listener) {
      const mine = memory.listeners.get(self) ?? new Set()
      memory.listeners.set(self, mine.add(listener))
      return () => mine.delete(listener)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function tellOthers({ documents, listeners }: SharedMemory, self: symbol, name: string): void {
  for (const [owner, theirs] of listeners) {
    if (owner === self) continue
    for (const listener of theirs) listener(name, documents.get(name))
  }
}
