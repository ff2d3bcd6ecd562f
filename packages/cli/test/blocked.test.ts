/**
 * How a host ends whose plugin's thread is in a system call that does not return. A child that is left behind would
 * hold on to the host's error output, and the run would not be over.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { putPlugin, start, up } from './command.ts'

vi.setConfig({ testTimeout: 60_000 })

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'backplane-blocked-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const blocking = {
  'a child that is waited for': `import { execSync } from 'node:child_process'
    const block = () => execSync('sleep 300')`,
  'one child after the other': `import { spawnSync } from 'node:child_process'
    const block = () => { for (;;) spawnSync('sleep', ['300'], { stdio: 'inherit' }) }`,
  'a pipe that nobody writes to': `import { execSync } from 'node:child_process'
    import { openSync } from 'node:fs'
    const block = () => openSync(new URL('./pipe', import.meta.url), 'r')
    execSync('mkfifo ' + new URL('./pipe', import.meta.url).pathname)`,
}

test.runIf(process.platform === 'linux').each(Object.entries(blocking))(
  'it ends with its exit code when asked, and at once when interrupted again: %s',
  async (_, blocked) => {
    const plugin = `${blocked}
      export default { functions: { block: () => (process._rawDebug('blocked'), block()) } }`
    for (const signals of [['SIGTERM'], ['SIGINT', 'SIGINT']] as const) {
      await rm(join(home, 'p', 'pipe'), { force: true })
      await putPlugin(home, 'p', plugin, { restart: { drain_ms: 100, stop_ms: 60_000 * (signals.length - 1) + 100 } })
      const host = await up(home)
      const call = start(['invoke', 'block', '--timeout', '1000', ...host.nats])
      await host.process.printed(/blocked/)
      for (const signal of signals) {
        host.process.kill(signal)
        await new Promise((resolve) => setTimeout(resolve, 300))
      }
      expect(await host.process.ended).toMatchObject({ code: signals.length === 1 ? 0 : 130 })
      await call.ended
    }
  },
)
