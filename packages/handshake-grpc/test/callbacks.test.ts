import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost } from '@backplane/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Callback, type HostServices, implement, processRuntime } from '../src/index.ts'
import { PingPong } from './plugin.ts'

const pong = implement(PingPong, { Ping: () => ({ msg: 'pong' }) })

/** Loads the test plugin, whose Bidirectional calls back what is served under the id of its request. */
async function load(services: Record<string, HostServices>, callbacks: unknown, more: object = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'callbacks-'))
  const program = join(dir, 'plugin')
  const words = [process.execPath, '--conditions=@backplane/source', join(import.meta.dirname, 'fixtures/grpctest.ts')]
  writeFileSync(program, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`)
  chmodSync(program, 0o755)
  const host = createHost({ identity: { deviceId: 'one' }, runtimes: [processRuntime({ services })] })
  onTestFinished(() => host.stop())
  const process_ = { cookie: { key: 'TEST_MAGIC_COOKIE', value: 'test' }, names: 'method', callbacks, ...more }
  await host.load({ dir, manifest: { id: 'test', runtime: 'process', entry_point: 'plugin', process: process_ } })
  return host
}

const callback: Callback = { function: 'Bidirectional', field: 'id', services: ['pong'] }

describe.skipIf(process.platform === 'win32')('services of the host, by manifest', () => {
  it.each([
    ['sockets of their own', {}, 'call'],
    ['one connection, without certificates', { multiplex: true, auto_mtls: false }, 'call'],
    ['sockets of their own, as long as the plugin runs', {}, 'plugin'],
  ] as const)('are called back over %s', async (_, more, lasts) => {
    const asked: string[] = []
    const offer: HostServices = ({ pluginId }) => {
      asked.push(pluginId)
      return [pong]
    }
    const host = await load({ pong: offer }, [{ ...callback, lasts }], more)
    for (let i = 0; i < 3; i++) expect(await host.call('test.Bidirectional', {})).toEqual({ id: expect.any(Number) })
    await Promise.all(Array.from({ length: 8 }, () => host.call('test.Bidirectional', {})))
    expect(asked).toEqual(['test'])
    // Callers need not know of the field, and may not make ids up.
    const told = host.plugin('test')?.functions.find(({ name }) => name === 'Bidirectional')
    expect(told?.parameters).toMatchObject({ type: 'object', properties: {} })
    expect(told?.parameters?.properties).toEqual({})
    await expect(host.call('test.Bidirectional', { id: 1 })).rejects.toMatchObject({
      code: 'BP_PARAMS_INVALID',
      message: expect.stringContaining('id is filled in by the host'),
    })
    await host.reload('test')
    await host.call('test.Bidirectional', {})
    expect(asked).toEqual(['test', 'test'])
  })

  it.each([
    [
      'a service that is not offered',
      [{ ...callback, services: ['other'] }],
      "no services named 'other'; it offers 'pong'",
    ],
    ['a function that is not there', [{ ...callback, function: 'Other' }], "no function 'Other'; it has "],
    ['a field that is not there', [{ ...callback, field: 'other' }], "'other' is no integer field"],
    ['a field that holds no id', [{ ...callback, function: 'PrintKV', field: 'Key' }], "'Key' is no integer field"],
    ['no list', callback, 'process.callbacks must be a list'],
    ['another life', [{ ...callback, lasts: 'ever' }], "`lasts` of 'call' or 'plugin'"],
    ['no services', [{ ...callback, services: [] }], 'process.callbacks must be a list'],
  ])('are refused at load: %s', async (_, callbacks, text) => {
    const loading = load({ pong }, callbacks)
    await expect(loading).rejects.toMatchObject({
      code: 'BP_PLUGIN_LOAD_FAILED',
      message: expect.stringContaining(text),
    })
  })

  it('are refused by the host that offers them', async () => {
    const refuse = () => {
      throw new Error('not for this one')
    }
    await expect(load({ pong: refuse }, [callback])).rejects.toMatchObject({
      code: 'BP_PLUGIN_LOAD_FAILED',
      message: expect.stringContaining('not for this one'),
    })
  })
})
