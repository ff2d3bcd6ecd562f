import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StoreWrite } from '@backplane/core'
import { describe, expect, it } from 'vitest'
import { realFileSystem } from '../../src/file/file-system.ts'
import { type FileSystem, fileSecrets, fileStore, type OpenFile } from '../../src/file/index.ts'
import { CrashingFiles } from './crashing-files.ts'

/** `patched` is written as a patch from the second batch on; a batch has four writes, each a revision. */
const batches = Array.from({ length: 12 }, (_, index): StoreWrite[] => [
  { name: 'left', document: { batch: index, text: 'é'.repeat(index * 7) } },
  { name: 'right', document: { batch: index } },
  {
    name: 'patched',
    document: { text: 'x'.repeat(50), batch: index },
    expectedRevision: index === 0 ? 0 : index * 4 - 1,
    patch: [{ op: 'replace', path: '/batch', value: index }],
  },
  { name: `extra-${index % 3}`, document: index % 4 === 3 ? null : { batch: index } },
])

/** The documents after so many batches. */
function stateAfter(count: number): Map<string, unknown> {
  const documents = new Map<string, unknown>()
  for (const { name, document } of batches.slice(0, count).flat()) {
    if (document === null) documents.delete(name)
    else documents.set(name, document)
  }
  return documents
}

async function readAll(files: FileSystem): Promise<Map<string, unknown>> {
  await using store = fileStore('/data', { files })
  await store.open()
  const names = [...(await store.list())]
  const documents = new Map<string, unknown>()
  for (const name of names) documents.set(name, (await store.read(name))?.document)
  return documents
}

/** A process that is gone held the lock. */
function withDeadHolder(files: Map<string, Uint8Array>): Map<string, Uint8Array> {
  for (const path of files.keys()) {
    if (path.includes('writer.lock')) files.set(path, new TextEncoder().encode('{"pid":999999999,"started":"1"}'))
  }
  return files
}

async function runUntilCrash(files: CrashingFiles, compactAboveBytes: number): Promise<number> {
  const store = fileStore('/data', { files, compactAboveBytes })
  let done = 0
  try {
    await store.open()
    for (const batch of batches) {
      await store.write(batch)
      done++
    }
    await store.close()
  } catch {
    // The machine stopped, or the store could not go on because it had.
  }
  return done
}

describe('a file store that is stopped at every step', () => {
  it.each([
    { how: 'killed', power: false, compact: 1e9 },
    { how: 'killed while compacting', power: false, compact: 1 },
    { how: 'without power', power: true, compact: 1e9 },
    { how: 'without power while compacting', power: true, compact: 1 },
  ])('is found old or new, never torn: $how', { timeout: 60_000 }, async ({ power, compact }) => {
    let crashes = 0
    for (const torn of [0, 0.3, 0.99, 1]) {
      for (let steps = 0; ; steps++) {
        const files = new CrashingFiles(steps, torn)
        const done = await runUntilCrash(files, compact)
        if (!files.stopped) {
          expect(done).toBe(batches.length)
          break
        }
        crashes++
        const survivors = withDeadHolder(files.survivors(power, torn))
        const found = await readAll(new CrashingFiles(1e9, 1, survivors))
        const old = stateAfter(done)
        const next = stateAfter(done + 1)
        expect([[...old].sort(), [...next].sort()]).toContainEqual([...found].sort())
      }
    }
    expect(crashes).toBeGreaterThan(100)
  })

  it('is found old or new when the second start is stopped as well', { timeout: 60_000 }, async () => {
    for (let steps = 30; steps < 60; steps++) {
      const first = new CrashingFiles(steps, 0.5)
      const done = await runUntilCrash(first, 1)
      for (let more = 0; more < 20; more++) {
        const second = new CrashingFiles(more, 0.5, withDeadHolder(first.survivors(false, 1)))
        await readAll(second).catch(() => {})
        const found = await readAll(new CrashingFiles(1e9, 1, withDeadHolder(second.survivors(true, 0.5))))
        expect([[...stateAfter(done)].sort(), [...stateAfter(done + 1)].sort()]).toContainEqual([...found].sort())
      }
    }
  })
})

/** The real file system, except that some calls of opened files fail. */
function failing(fail: (call: 'write' | 'sync' | 'truncate') => boolean): FileSystem {
  const broken = () => Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
  return {
    ...realFileSystem,
    async append(path) {
      const file = await realFileSystem.append(path)
      const guarded: OpenFile = {
        write: (bytes) => (fail('write') ? file.write(bytes.subarray(0, 5)).then(broken) : file.write(bytes)),
        sync: () => (fail('sync') ? broken() : file.sync()),
        truncate: (length) => (fail('truncate') ? broken() : file.truncate(length)),
        close: () => file.close(),
      }
      return guarded
    },
  }
}

describe('a file store on a failing disk', () => {
  it.each(['write', 'sync'] as const)('takes a failed %s back and goes on', async (call) => {
    const dir = mkdtempSync(join(tmpdir(), 'config-fault-'))
    let fails = false
    const store = fileStore(dir, { files: failing((asked) => fails && asked === call) })
    await store.open()
    await store.write([{ name: 'a', document: 1 }])
    fails = true
    const refused = store.write([{ name: 'a', document: 2 }])
    await expect(refused).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_FAILED' })
    expect((await store.read('a'))?.document).toBe(1)
    fails = false
    if (call === 'write') await store.write([{ name: 'a', document: 3 }])
    await store.close()
    await using again = fileStore(dir)
    await again.open()
    expect((await again.read('a'))?.document).toBe(call === 'write' ? 3 : 1)
    rmSync(dir, { recursive: true })
  })

  it('writes nothing more once a failed write could not be taken back', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-fault-'))
    let fails = false
    const store = fileStore(dir, { files: failing(() => fails) })
    await store.open()
    await store.write([{ name: 'a', document: 1 }])
    fails = true
    await expect(store.write([{ name: 'a', document: 2 }])).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_FAILED' })
    fails = false
    await expect(store.write([{ name: 'a', document: 3 }])).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_FAILED' })
    await store.close()
    await using again = fileStore(dir)
    await again.open()
    expect((await again.read('a'))?.document).toBe(1)
    rmSync(dir, { recursive: true })
  })

  it('says so when a log is broken in the middle, and does not touch it', async () => {
    const files = new CrashingFiles(1e9, 1)
    await runUntilCrash(files, 1e9)
    const survivors = files.survivors(false, 1)
    const log = survivors.get('/data/config.log') as Uint8Array
    const broken = log.slice()
    broken[20] = 0
    survivors.set('/data/config.log', broken)
    const next = new CrashingFiles(1e9, 1, survivors)
    await expect(fileStore('/data', { files: next }).open()).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_DAMAGED' })
    expect(next.survivors(false, 1).get('/data/config.log')).toEqual(broken)
    expect([...next.survivors(false, 1).keys()]).not.toContain('/data/writer.lock')
  })
})

describe('a file store whose process is killed', () => {
  const writer = fileURLToPath(new URL('./writer.ts', import.meta.url))

  /**
   * Runs the writer until a chosen number of batches after its start, kills it, and gives the last batch it called
   * durable.
   */
  function killAfter(dir: string, from: number, batches: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const child = spawn(process.execPath, ['--conditions=@backplane/source', writer, dir, String(from)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (output.split('\n').length > batches) child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.on('error', reject)
    child.on('close', (_, signal) => {
      const whole = output.slice(0, output.lastIndexOf('\n')).split('\n')
      if (signal === 'SIGKILL') resolve(Number(whole.at(-1)) || from)
      else reject(new Error(errors))
    })
    return promise
  }

  it('is found old or new after each of 8 kills in a row', { timeout: 60_000 }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-kill-'))
    try {
      let durable = 0
      for (let run = 0; run < 8; run++) {
        const said = await killAfter(dir, durable, 3 + run * 5)
        await using store = fileStore(dir)
        await store.open()
        const left = (await store.read('left'))?.document as { batch: number; pad: string }
        expect(await store.read('right').then((stored) => stored?.document)).toEqual(left)
        expect(left.batch).toBeGreaterThanOrEqual(said)
        durable = left.batch
      }
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
})

describe('a file of secrets', () => {
  it('is encrypted, opens again with its key, and says so when the key is another', async () => {
    const files = new CrashingFiles(1e9, 1)
    const secrets = fileSecrets('/secrets', { files })
    await secrets.put('sine/token/1', 'hunter2')
    const bytes = files.survivors(false, 1).get('/secrets/secrets.enc') as Uint8Array
    expect(Buffer.from(bytes).includes('hunter2')).toBe(false)
    expect(await fileSecrets('/secrets', { files }).get('sine/token/1')).toBe('hunter2')
    const other = fileSecrets('/secrets', { files, key: new Uint8Array(32) })
    await expect(other.get('sine/token/1')).rejects.toMatchObject({ code: 'BP_CONFIG_STORE_DAMAGED' })
    await secrets.delete('sine/token/1')
    expect(await fileSecrets('/secrets', { files }).get('sine/token/1')).toBeUndefined()
  })

  it('is found old or new when it is stopped at every step', async () => {
    for (let steps = 0; ; steps++) {
      const files = new CrashingFiles(steps, 0.5)
      const secrets = fileSecrets('/secrets', { files })
      let kept = ''
      try {
        for (const value of ['1', '2', '3']) {
          await secrets.put('a', value)
          kept = value
        }
      } catch {
        // Stopped.
      }
      if (!files.stopped) break
      const found = await fileSecrets('/secrets', { files: new CrashingFiles(1e9, 1, files.survivors(true, 0.5)) }).get(
        'a',
      )
      expect([kept || undefined, String(Number(kept) + 1)]).toContain(found)
    }
  })
})
