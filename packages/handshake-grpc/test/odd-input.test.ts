import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ReattachedRunner } from '../src/client/reattach.ts'
import { pluginClient } from '../src/index.ts'
import { handshake, Test, testPlugin } from './plugin.ts'

it.each([
  ['an empty command', { command: '' }],
  ['a zero byte in an argument', { args: ['a\0b'] }],
  ['a zero byte in the environment', { env: { NAME: 'a\0b' } }],
])('cannot spawn with %s', async (_, odd) => {
  await using client = pluginClient({ ...testPlugin(), ...odd })
  await expect(client.start()).rejects.toMatchObject({ code: 'BP_HANDSHAKE_SPAWN' })
})

it.each([0, -1, 1.5, Number.NaN])('never sends a signal to the process id %s', (pid) => {
  const reattach = { address: { network: 'unix', address: '/none' }, pid } as const
  expect(() => pluginClient({ handshake, plugins: {}, reattach })).toThrow('not a process id')
})

it('takes any number of milliseconds', async () => {
  await using client = pluginClient({ ...testPlugin(), startTimeoutMs: Number.POSITIVE_INFINITY })
  const test = await client.dispense('test')
  for (const timeoutMs of [1e15, Number.POSITIVE_INFINITY]) {
    expect(await test.Double!({ Input: 2 }, { timeoutMs })).toEqual({ Output: 4 })
  }
  const code = 'BP_HANDSHAKE_CONFIG'
  await expect(test.Double!({ Input: 2 }, { timeoutMs: Number.NaN })).rejects.toMatchObject({ code })
})

it('stays until a reattached plugin has ended', async () => {
  await using first = pluginClient({ ...testPlugin(), plugins: { test: Test } })
  await first.start()
  const index = join(import.meta.dirname, '../src/index.ts')
  const program = `const { pluginClient } = await import(${JSON.stringify(index)})
    const reattach = ${JSON.stringify(first.reattachConfig())}
    const client = pluginClient({ handshake: ${JSON.stringify(handshake)}, plugins: {}, reattach })
    await client.start()
    await client.kill()
    console.log('ended')`
  const args = ['--conditions=@backplane/source', '--input-type=module', '-e', program]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout).toBe('ended\n')
}, 60_000)

it.each([
  [{ startTimeoutMs: Number.NaN }],
  [{ startTimeoutMs: -1 }],
  [{ gracePeriodMs: '5' as never }],
  [{ health: { intervalMs: Number.NaN } }],
  [{ retry: { backoffMs: -5 } }],
])('refuses the times %j', (odd) => {
  expect(() => pluginClient({ ...testPlugin(), ...odd })).toThrow(
    expect.objectContaining({
      code: 'BP_HANDSHAKE_CONFIG',
      message: expect.stringMatching(/not a number of milliseconds/),
    }),
  )
})

it('tells the end of a plugin that never ran', async () => {
  const killed = pluginClient(testPlugin())
  await killed.kill()
  expect(await killed.exited).toEqual({})
  const failed = pluginClient({ ...testPlugin(), command: '/bin/sh', args: ['-c', 'exit 7'] })
  await expect(failed.start()).rejects.toMatchObject({ code: 'BP_HANDSHAKE_EXITED' })
  expect(await failed.exited).toEqual({ code: 7 })
})

it.skipIf(process.platform !== 'linux')('does not take another process for the plugin that had its id', async () => {
  await using first = pluginClient(testPlugin())
  await first.start()
  const config = first.reattachConfig()!
  expect(config.pidStart).toMatch(/^\d+$/)
  const stranger = pluginClient({ handshake, plugins: {}, reattach: { ...config, pidStart: '1' } })
  await expect(stranger.start()).rejects.toMatchObject({ code: 'BP_HANDSHAKE_REATTACH' })
  // A runner that attached to what is gone since sends its signal to nobody.
  const runner = new ReattachedRunner({ ...config, pidStart: '1' })
  runner.kill()
  expect(await runner.wait()).toEqual({})
  await first.ping()
})
