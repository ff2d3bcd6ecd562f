import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createHost, type Manifest } from '@backplane/core'
import { inspectPlugin, processRuntime } from '@backplane/handshake-grpc'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

// Each test starts processes, on machines that may be slow.
vi.setConfig({ testTimeout: 90_000 })

const execute = promisify(execFile)
const here = import.meta.dirname
const node = [process.execPath, '--conditions=@backplane/source']
let cwd = ''

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'kv-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

it('puts and gets through the host', async () => {
  const run = (...words: string[]) =>
    execute(node[0]!, [node[1]!, join(here, 'host.ts'), ...words, '--', ...node, join(here, 'plugin.ts')], { cwd })
  await run('put', 'hello', 'world')
  const { stdout } = await run('get', 'hello')
  expect(stdout).toBe('world\n\nWritten from plugin.ts\n')
})

it('says how it is used', async () => {
  await expect(execute(node[0]!, [node[1]!, join(here, 'host.ts'), 'get'])).rejects.toMatchObject({ code: 2 })
})

it('tells what it is', async () => {
  const facts = await inspectPlugin({ command: node[0]!, args: [node[1]!, join(here, 'plugin.ts')], cwd })
  expect(facts).toMatchObject({ version: 1, autoMtls: true, multiplex: true, health: 'SERVING' })
  expect(facts.services.map(({ name, methods }) => [name, ...methods.map((each) => each.name)])).toEqual([
    ['proto.KV', 'Get', 'Put'],
  ])
})

it('runs as a plugin of a Backplane host', async () => {
  const manifest = JSON.parse(readFileSync(join(here, 'manifest.json'), 'utf8')) as Manifest
  // An executable file, as an installed plugin has one: here it runs from source.
  const command = join(cwd, 'kv')
  writeFileSync(command, `#!/bin/sh\nexec ${[...node, join(here, 'plugin.ts')].join(' ')}\n`)
  chmodSync(command, 0o755)
  await using host = createHost({ identity: { deviceId: 'box' }, runtimes: [processRuntime()] })
  await host.start()
  await host.load({ manifest: { ...manifest, entry_point: 'kv' }, dir: cwd })
  await host.call('kv.KV.Put', { key: 'a', value: new TextEncoder().encode('b') })
  const { value } = (await host.call('kv.KV.Get', { key: 'a' })) as { value: string }
  expect(Buffer.from(value, 'base64').toString()).toBe('b\n\nWritten from plugin.ts')
  await expect(host.call('kv.KV.Get', { key: 'none' })).rejects.toMatchObject({ code: 'BP_PLUGIN_FAILED' })
  await expect(host.call('kv.KV.Get', { wrong: 1 })).rejects.toMatchObject({ code: 'BP_PARAMS_INVALID' })
})
