import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConfigStoreUnderTest, configStoreCompliance } from '@backplane/conformance'
import { connect } from '@nats-io/transport-node'
import { fileStore } from '../src/file/index.ts'
import { memoryStore, sharedMemory } from '../src/memory-store.ts'
import { natsStore } from '../src/nats/index.ts'
import { sqliteStore } from '../src/sqlite/index.ts'

/** A place of its own for each case. */
type Place = ConfigStoreUnderTest & { readonly end?: () => void | Promise<void> }

function inDirectory(store: (dir: string) => Place['store']): () => Place {
  return () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-store-'))
    return { store: store(dir), end: () => rmSync(dir, { recursive: true, force: true }) }
  }
}

const server = process.env.BACKPLANE_NATS_URL

const places: Record<string, () => Place | Promise<Place>> = {
  memory: () => ({ store: () => memoryStore(), keeps: false }),
  'shared memory': () => {
    const shared = sharedMemory()
    return { store: () => memoryStore({ shared }), shared: true, keeps: false }
  },
  file: inDirectory((dir) => () => fileStore(dir)),
  'file, compacting all the time': inDirectory((dir) => () => fileStore(dir, { compactAboveBytes: 1 })),
  SQLite: inDirectory((dir) => () => sqliteStore(join(dir, 'config.db'))),
  // Needs a real server: `npm run interop -- config-nats` gives one.
  ...(server === undefined ? {} : { 'NATS KV': () => inBucket(server) }),
}

async function inBucket(servers: string): Promise<Place> {
  const connection = await connect({ servers })
  const bucket = `test-${globalThis.crypto.randomUUID()}`
  return { store: () => natsStore({ connection, bucket }), shared: true, end: () => connection.close() }
}

for (const [name, setup] of Object.entries(places))
  configStoreCompliance({ name, setup, teardown: (place) => place.end?.() })
