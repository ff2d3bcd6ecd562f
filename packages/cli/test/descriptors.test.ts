/** What a host does that has too few file descriptors for its plugins. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { putPlugin, up } from './command.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 90_000 })

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'backplane-descriptors-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

async function putPython(id: string) {
  const dir = join(home, id)
  await mkdir(dir)
  await writeFile(join(dir, 'manifest.json'), JSON.stringify({ id, entry_point: 'capability.py' }))
  await writeFile(join(dir, 'capability.py'), 'def hello():\n    return 1\n')
}

test.runIf(process.platform === 'linux')(
  'the host stays up, and says of each plugin why it was not loaded',
  async () => {
    for (let n = 10; n < 22; n++) {
      if (n % 3 === 0) await putPython(`p${n}`)
      else if (n % 3 === 1) await putPlugin(home, `p${n}`, 'export default { functions: { x: () => 1 } }')
      else
        await putPlugin(home, `p${n}`, '', { runtime: 'process', process: { command: '/bin/cat' }, entry_point: 'x' })
    }
    await using host = await up(home, ['--broker-port', '0'], { descriptors: 48 })
    const out = host.failed.filter(({ error }) => JSON.stringify(error).includes('EMFILE'))
    expect(out.length).toBeGreaterThan(0)
    for (const { error } of host.failed)
      expect(error).toMatchObject({ code: expect.stringMatching(/^BP_/), next: expect.any(String) })
    host.process.kill('SIGTERM')
    expect(await host.process.ended).toMatchObject({ code: 0 })
  },
)
