import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './workspace.ts'

test('what is generated from the manifest schema is up to date', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'tools/generate-manifest.ts'), '--check'])
  expect(stderr.toString()).toBe('')
  expect(status).toBe(0)
})
