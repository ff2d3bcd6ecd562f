import { type ConfigStore, coreError, type StoredDocument, type StoreWrite } from '@backplane/core'
import { contractError } from '@backplane/core/errors'

type Listener = (name: string, stored: StoredDocument | undefined) => void

/** Where map stores keep their documents; what a disk or a server is to a real store. */
export class Place {
  readonly documents = new Map<string, StoredDocument>()
  readonly listeners = new Map<Listener, ConfigStore>()
  readonly shared: boolean
  holder: ConfigStore | undefined
  revision = 0

  constructor(shared: boolean) {
    this.shared = shared
  }
}

/** The smallest store that keeps the contract: what the suite is tested with, and nothing else. */
export function mapStore(place: Place): ConfigStore {
  let state: 'new' | 'open' | 'closed' = 'new'
  let writing: Promise<unknown> = Promise.resolve()
  const mine = new Set<Listener>()

  const write = (batch: readonly StoreWrite[]) => {
    for (const { name, expectedRevision: expected } of batch) {
      const actual = place.documents.get(name)?.revision ?? 0
      if (expected !== undefined && expected !== actual)
        throw contractError('BP_CONFIG_CONFLICT', { details: { category: name, actual, expected } })
    }
    const revisions = new Map<string, number>()
    for (const { name, document } of batch) {
      revisions.set(name, ++place.revision)
      if (document === null) place.documents.delete(name)
      else place.documents.set(name, { revision: place.revision, document: structuredClone(document) })
      for (const [listener, owner] of place.listeners) if (owner !== store) listener(name, place.documents.get(name))
    }
    return revisions
  }

  const store: ConfigStore = {
    async open() {
      if (!place.shared && place.holder)
        throw contractError('BP_CONFIG_LOCKED', { details: { pid: process.pid, dir: 'memory' } })
      place.holder = store
      state = 'open'
    },
    read: async (name) => structuredClone(place.documents.get(name)),
    list: async () => [...place.documents.keys()],
    async write(batch) {
      if (state !== 'open') throw coreError('BP_CLOSED', { details: { what: 'The store' } })
      const written = writing.then(() => write(batch))
      writing = written.catch(() => {})
      return written
    },
    watch(listener) {
      mine.add(listener)
      place.listeners.set(listener, store)
      return () => void place.listeners.delete(listener)
    },
    async close() {
      state = 'closed'
      await writing
      for (const listener of mine) place.listeners.delete(listener)
      if (place.holder === store) place.holder = undefined
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}
