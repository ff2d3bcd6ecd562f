import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readPluginFile } from './read-file.ts'

const dir = mkdtempSync(join(tmpdir(), 'read-file-'))
afterAll(() => rmSync(dir, { recursive: true }))

test('reads a file whole', async () => {
  const path = join(dir, 'plugin.wasm')
  writeFileSync(path, 'abc')
  expect(Buffer.from(await readPluginFile(path, { most: 3 })).toString()).toBe('abc')
  await expect(readPluginFile(path, { most: 2 })).rejects.toMatchObject({ code: 'BP_WASM_SIZE_LIMIT' })
})

test('refuses what would never come to an end, and waits for none of it', async () => {
  const pipe = join(dir, 'pipe')
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0)
  for (const path of [pipe, '/dev/zero', dir]) {
    await expect(readPluginFile(path, { most: 1000 })).rejects.toMatchObject({ code: 'BP_WASM_SOURCE' })
  }
})
