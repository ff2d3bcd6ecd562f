/** A thousand starts and ends of Go plugins, each at another moment, and what they leave behind. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackplaneError } from '@backplane/core'
import { pluginClient } from '@backplane/handshake-grpc'
import type { Interop } from '../harness.ts'
import type { Built } from './build.ts'
import { basicHandshake, KV } from './plugins/definitions.ts'

const cycles = 1000

export async function killCycles({ check }: Interop, built: Built): Promise<void> {
  await check(
    `TypeScript host: ${cycles} kill cycles leave no process, no socket, no handle`,
    async () => {
      const command = built.examplePlugin('grpc')
      // A temporary folder of its own: who else is at work on this machine must not count.
      const folder = mkdtempSync(join(tmpdir(), 'kc-'))
      const before = { folder: process.env.TMPDIR, handles: handles() }
      process.env.TMPDIR = folder
      const pids: number[] = []
      const outcomes = new Map<string, number>()
      let next = 0
      const lane = async () => {
        for (let cycle = next++; cycle < cycles; cycle = next++) {
          const client = pluginClient({
            handshake: basicHandshake,
            plugins: { kv: KV },
            command,
            cwd: tmpdir(),
            autoMtls: cycle % 5 === 0,
            multiplex: cycle % 3 === 0,
            stdin: 'ignore',
            hooks: { started: ({ id }) => pids.push(Number(id)) },
          })
          const use = client.dispense('kv').then(async (kv) => {
            if (cycle % 4 === 0) process.kill(client.pid!, 'SIGKILL')
            for (;;)
              await kv.Get!({ key: 'none' }).catch(
                (error: BackplaneError) => error.details.grpcCode === 2 || Promise.reject(error),
              )
          })
          const ended = use.catch((error: { code?: string }) => error.code ?? String(error))
          // Every other one is up before it is killed, however slow the machine; the others are killed at any moment.
          if (cycle % 2 === 0) await client.start().catch(() => {})
          await new Promise((resolve) => setTimeout(resolve, (cycle * 7) % 60))
          await client.kill()
          const code = String(await ended)
          outcomes.set(code, (outcomes.get(code) ?? 0) + 1)
        }
      }
      await Promise.all([lane(), lane(), lane(), lane()])
      assert.deepEqual(
        [...outcomes.keys()].filter((code) => !code.startsWith('BP_')),
        [],
      )
      assert.deepEqual(pids.filter(alive), [])
      // Timers of what has ended run out, and with them the last handles.
      await new Promise((resolve) => setTimeout(resolve, 6000))
      assert.deepEqual(readdirSync(folder), [])
      rmdirSync(folder)
      if (before.folder === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before.folder
      // What earlier checks left may have ended by now, so there may be fewer.
      const more = handles()
      for (const kind of before.handles) if (more.includes(kind)) more.splice(more.indexOf(kind), 1)
      assert.deepEqual(more, [])
      assert.ok(pids.length > cycles / 4, `only ${pids.length} were started before they were killed`)
    },
    { timeoutMs: 300_000 },
  )
}

/** A host that is killed takes its stock Go plugins with it: they know nothing of its end themselves. */
export async function killedHosts({ check, scratch }: Interop, built: Built): Promise<void> {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
    await check(`TypeScript host that gets ${signal}: its 22 Go plugins end, and their folders go`, async () => {
      const folder = scratch()
      const host = spawn(
        process.execPath,
        ['--conditions=@backplane/source', join(import.meta.dirname, 'many.ts'), built.examplePlugin('grpc'), '22'],
        { env: { ...process.env, TMPDIR: folder }, stdio: ['ignore', 'pipe', 'inherit'] },
      )
      let out = ''
      for await (const chunk of host.stdout) {
        out += chunk
        if (out.includes('\n')) break
      }
      const pids = out.trim().split(' ').map(Number)
      assert.equal(pids.length, 22)
      assert.ok(pids.every(alive))
      host.kill(signal)
      for (let waited = 0; waited < 30_000 && (pids.some(alive) || readdirSync(folder).length > 0); waited += 50) {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      assert.deepEqual(pids.filter(alive), [])
      assert.deepEqual(readdirSync(folder), [])
    })
  }
}

/** What keeps this process alive, timers apart. */
function handles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => kind !== 'Timeout' && kind !== 'Immediate')
    .sort()
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
