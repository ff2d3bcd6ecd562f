import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost, type Manifest } from '@backplane/core'
import { nodeRuntime } from '@backplane/runtime-node'
import { afterAll, beforeAll, expect, test } from 'vitest'

let dir: string
let manifest: Manifest

beforeAll(async () => {
  // As it is meant to be used: copied to where nothing of this repository can be imported.
  dir = await mkdtemp(join(tmpdir(), 'backplane-example-'))
  for (const file of ['manifest.json', 'plugin.ts']) await cp(join(import.meta.dirname, file), join(dir, file))
  manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))
})
afterAll(() => rm(dir, { recursive: true }))

test('greets by name, and the world without one', async () => {
  await using host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [nodeRuntime()] })
  await host.load({ manifest, dir })

  expect(await host.call('hello_world', { name: 'plugin' })).toEqual({ message: 'Hello, plugin!' })
  expect(await host.call('hello-world.hello_world')).toEqual({ message: 'Hello, world!' })
  expect(host.advertisement.functions).toEqual([expect.objectContaining({ name: 'hello_world' })])
})
