import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost, type Host } from '@backplane/core'
import { describe, expect, it } from 'vitest'
import { type ProcessRuntimeInit, processRuntime } from '../src/index.ts'
import { alive, eventually, type LogRecord, recorder } from './plugin.ts'

/** A host with the test plugin, which is stopped as by SIGSTOP from outside: it neither ends nor answers. */
async function hostWithPlugin(runtime: ProcessRuntimeInit) {
  const dir = mkdtempSync(join(tmpdir(), 'liveness-'))
  const program = join(dir, 'plugin')
  const words = [process.execPath, '--conditions=@backplane/source', join(import.meta.dirname, 'fixtures/grpctest.ts')]
  writeFileSync(program, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`)
  chmodSync(program, 0o755)
  const records: LogRecord[] = []
  const host = createHost({
    identity: { deviceId: 'one' },
    runtimes: [processRuntime(runtime)],
    logger: recorder(records),
    restart: { backoff_ms: 10 },
  })
  const ended: string[] = []
  host.on((event) => {
    if (event.type === 'plugin.exited') ended.push(event.error.message)
  })
  await host.load({
    dir,
    manifest: {
      id: 'test',
      runtime: 'process',
      entry_point: 'plugin',
      process: { cookie: { key: 'TEST_MAGIC_COOKIE', value: 'test' }, names: 'method' },
    },
  })
  const { Output } = (await host.call('test.Double', { Input: -6 })) as { Output: number }
  return { host, ended, pid: Number(Output) }
}

const isUp = (host: Host) => host.plugin('test')?.state === 'running' && host.plugin('test')!.generation > 1

describe.skipIf(process.platform === 'win32')('a go-plugin process that is stopped', () => {
  it('is found while nobody calls it, killed and started again', async () => {
    const { host, ended, pid } = await hostWithPlugin({ liveness: { intervalMs: 100, timeoutMs: 3000 } })
    process.kill(pid, 'SIGSTOP')
    await eventually(() => isUp(host), 60_000)
    expect(ended).toEqual(["Plugin 'test' ended unexpectedly: it did not answer within 3000 ms and was ended"])
    expect(alive(pid)).toBe(false)
    expect(await host.call('test.Double', { Input: 4 })).toEqual({ Output: 8 })
    await host.stop()
  })

  it.each([
    ['by the runtime, which doubts it', { liveness: false, hangMs: 500 } as const],
    ['by its slot', { liveness: { intervalMs: 3_600_000, timeoutMs: 500 }, hangMs: 3_600_000 }],
  ])('is found after a call that ran out of time: %s', async (_by, runtime) => {
    const { host, ended, pid } = await hostWithPlugin(runtime)
    process.kill(pid, 'SIGSTOP')
    const call = host.call('test.Double', { Input: 4 }, { timeoutMs: 1000 })
    await expect(call).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
    await eventually(() => isUp(host), 60_000)
    expect(ended).toHaveLength(1)
    expect(alive(pid)).toBe(false)
    await host.stop()
  })

  it('is found under calls that never cease, and none of them waits for its whole limit', async () => {
    const { host, pid } = await hostWithPlugin({ liveness: false, hangMs: 1000 })
    process.kill(pid, 'SIGSTOP')
    const codes = new Set<string>()
    const lane = async () => {
      while (!isUp(host)) {
        const call = host.call('test.Double', { Input: 4 }, { timeoutMs: 600_000 })
        codes.add(
          await call.then(
            () => 'answered',
            (error) => error.code,
          ),
        )
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    // Each would wait ten minutes.
    await Promise.all(Array.from({ length: 8 }, lane))
    expect([...codes].sort()).toContain('BP_PLUGIN_EXITED')
    await host.stop()
  })
})

// -7 waits and lets the plugin's one thread turn; -8 holds it.
it.each([-7, -8])(
  'a go-plugin process that works long on %d is not mistaken for one that is stopped',
  async (Input) => {
    const { host, ended } = await hostWithPlugin({ liveness: { intervalMs: 50, timeoutMs: 2000 }, hangMs: 1000 })
    const call = host.call('test.Double', { Input }, { timeoutMs: 600_000 })
    expect(await call).toEqual({ Output: Input * 2 })
    expect(ended).toEqual([])
    expect(host.plugin('test')?.generation).toBe(1)
    await host.stop()
  },
)
