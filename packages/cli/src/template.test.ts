import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost } from '@backplane/core'
import { parseManifestText } from '@backplane/core/manifest'
import { nodeRuntime } from '@backplane/runtime-node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pluginTemplate } from './template.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'backplane-template-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('is a plugin that loads, greets and tells of it', async () => {
  const files = pluginTemplate('my-plugin')
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text)
  await using host = createHost({ identity: { deviceId: 'box' }, runtimes: [nodeRuntime()] })
  const { functions, events } = await host.load({ manifest: parseManifestText(files['manifest.json'] ?? ''), dir })
  expect(functions.map(({ name }) => name)).toEqual(['greet'])
  expect(events.map(({ name }) => name)).toEqual(['greeted'])
  expect(await host.call('my-plugin.greet', { name: 'you' })).toEqual({ message: 'Hello, you!' })
})
