import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost, type HostEvent, type Manifest } from '@backplane/core'
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

test('answers, says that it is ready, and counts ticks by itself', async () => {
  await using host = createHost({ identity: { deviceId: 'box-1' }, runtimes: [nodeRuntime()] })
  const seen: HostEvent[] = []
  host.on((event) => seen.push(event))
  await host.load({ manifest, dir })

  expect(await host.call('ping')).toEqual({ pong: true, plugin: 'demo' })
  expect(await host.call('echo', { message: 'again' })).toEqual({ message: 'again', tick: expect.any(Number) })
  await expect
    .poll(() => host.call('echo'))
    .toMatchObject({ message: 'hello', tick: expect.toSatisfy((tick: number) => tick > 0) })

  const emitted = seen.flatMap((event) => (event.type === 'event.emitted' ? [event.event] : []))
  expect(emitted).toEqual([{ device: 'box-1', event: 'demo_ready', payload: { plugin: 'demo' } }])
  expect(host.advertisement.events.map(({ name }) => name)).toEqual(['demo_ready'])
})
