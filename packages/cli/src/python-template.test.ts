import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost } from '@backplane/core'
import { parseManifestText } from '@backplane/core/manifest'
import { pythonRuntime } from '@backplane/runtime-python'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pythonTemplate } from './python-template.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'backplane-template-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test.each([
  ['my-plugin', 'MyPluginCapability'],
  ['3d_printer.v2', 'Plugin3dPrinterV2Capability'],
])('%s is a plugin that loads, greets and tells of it', async (id, name) => {
  const files = pythonTemplate(id)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text)
  await using host = createHost({ identity: { deviceId: 'box' }, runtimes: [pythonRuntime()] })
  const manifest = parseManifestText(files['manifest.json'] ?? '')
  expect(manifest.class_name).toBe(name)
  const { functions, events } = await host.load({ manifest, dir })
  expect(functions.map((each) => each.name)).toEqual(['greet'])
  expect(events.map((each) => each.name)).toEqual(['greeted'])
  expect(await host.call(`${id}.greet`, { name: 'you' })).toEqual({ message: 'Hello, you!' })
})
