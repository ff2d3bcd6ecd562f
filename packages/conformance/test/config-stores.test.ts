import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore, sharedMemory } from '@backplane/config-manager'
import { fileStore } from '@backplane/config-manager/file'
import { configStoreCompliance } from '@backplane/conformance'

configStoreCompliance({
  name: 'shared memory',
  setup() {
    const shared = sharedMemory()
    return { store: () => memoryStore({ shared }), shared: true, keeps: false }
  },
})

configStoreCompliance({
  name: 'file',
  setup() {
    const dir = mkdtempSync(join(tmpdir(), 'config-store-'))
    return { dir, store: () => fileStore(dir) }
  },
  teardown: ({ dir }) => rmSync(dir, { recursive: true, force: true }),
})
