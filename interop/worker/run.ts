/** A plugin in Go, written from docs/worker-protocol.md alone: the program is the one that the page shows. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { configManager } from '@backplane/config-manager'
import { createHost, type HostEvent, type Manifest } from '@backplane/core'
import { workerRuntime } from '@backplane/runtime-worker'
import { root } from '../../tools/workspace.ts'
import { eventually } from '../eventually.ts'
import { interop } from '../harness.ts'

const execute = promisify(execFile)

await interop('worker', async ({ check, tool, scratch }) => {
  const go = tool('go')
  const dir = join(scratch(), 'thermometer')
  mkdirSync(dir)
  const page = readFileSync(join(root, 'docs/worker-protocol.md'), 'utf8')
  const { 1: program = '' } = /```go\n([\s\S]*?)```/.exec(page) ?? []
  const { 1: written = '' } = /A whole worker[\s\S]*?```json\n([\s\S]*?)```/.exec(page) ?? []
  const manifest = JSON.parse(written) as Manifest

  await check('the program of the page is built as it is', async () => {
    writeFileSync(join(dir, 'main.go'), program)
    writeFileSync(join(dir, 'go.mod'), 'module thermometer\n\ngo 1.21\n')
    await execute(go, ['build', '-o', 'thermometer'], { cwd: dir })
    assert.ok(program.split('\n').length <= 80, 'it is longer than a page')
  })

  const config = configManager()({})
  const events: HostEvent[] = []
  await using host = createHost({
    identity: { deviceId: 'box-1' },
    runtimes: [workerRuntime({ hangMs: 300 })],
    config: () => config,
    restart: { backoff_ms: 1, intensity: 100 },
  })
  host.on((event) => events.push(event))
  await host.start()
  const limits = { memory_mb: 200, open_files: 64, cpu_seconds: 60 }
  await host.load({ dir, manifest: { ...manifest, limits } })

  await check('a function reads its configuration, and a change reaches it', async () => {
    assert.deepEqual(await host.call('read', { sensor: 'roof' }), { sensor: 'roof', unit: 'C' })
    await config.set('thermometer', 'unit', 'F')
    assert.deepEqual(await host.call('read', {}), { sensor: null, unit: 'F' })
    assert.equal(host.plugin('thermometer')?.generation, 1)
  })

  await check('it emits events', async () => {
    assert.equal(await host.call('tell', { celsius: 21.5 }), null)
    const emitted = events.flatMap((event) => (event.type === 'event.emitted' ? [event.event.payload] : []))
    assert.deepEqual(emitted, [{ celsius: 21.5 }])
  })

  await check('it calls functions of the host, and their errors come through', async () => {
    assert.deepEqual(await host.call('relay', { name: 'read' }), { sensor: null, unit: 'F' })
    await assert.rejects(host.call('relay', { name: 'nothing' }), { code: 'BP_FUNCTION_UNKNOWN' })
  })

  await check('a call is cancelled by its caller and at its deadline, and the process stays', async () => {
    const signal = AbortSignal.timeout(50)
    await assert.rejects(host.call('watch', {}, { signal }), { code: 'BP_ABORTED' })
    await assert.rejects(host.call('watch', {}, { timeoutMs: 50 }), { code: 'BP_TIMEOUT' })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    assert.equal(host.plugin('thermometer')?.generation, 1)
  })

  await check('a hundred calls at once are answered, each with its own', async () => {
    const sensors = Array.from({ length: 100 }, (_, n) => `s${n}`)
    const answers = await Promise.all(sensors.map((sensor) => host.call('read', { sensor })))
    assert.deepEqual(
      answers,
      sensors.map((sensor) => ({ sensor, unit: 'F' })),
    )
  })

  await check('a reload takes its place without a lost call', async () => {
    const calls = Array.from({ length: 50 }, () => host.call('read', {}))
    await host.reload('thermometer')
    calls.push(host.call('read', {}))
    assert.equal(new Set((await Promise.all(calls)).map((answer) => JSON.stringify(answer))).size, 1)
  })

  await check(
    'one that is stopped (SIGSTOP) is found though nobody calls it; one that is killed comes back',
    async () => {
      const watched = join(scratch(), 'watched')
      cpSync(dir, watched, { recursive: true })
      writeFileSync(join(watched, 'run.sh'), '#!/bin/sh\necho $$ > pid\nexec ./thermometer\n', { mode: 0o755 })
      await using other = createHost({
        identity: { deviceId: 'box-2' },
        runtimes: [workerRuntime({ liveness: { intervalMs: 100, timeoutMs: 300 } })],
        restart: { backoff_ms: 1, intensity: 100 },
      })
      await other.load({ dir: watched, manifest: { ...manifest, worker: { command: './run.sh' } } })
      const pid = () => Number(readFileSync(join(watched, 'pid'), 'utf8'))
      for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
        const former = pid()
        process.kill(former, signal)
        await eventually(
          async () => (pid() !== former && other.plugin('thermometer')?.state === 'running') || undefined,
        )
        assert.deepEqual(await other.call('read', {}), { sensor: null, unit: 'C' })
        assert.throws(() => process.kill(former, 0), 'the former process is still there')
      }
    },
  )
})
