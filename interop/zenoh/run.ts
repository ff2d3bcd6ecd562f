/**
 * The Zenoh transport on a real bridge (the transport suite, restarts, a frozen link, TLS), with Zenoh peers in Python,
 * and with stock Device Connect over an address and over plain multicast.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../tools/workspace.ts'
import { interop } from '../harness.ts'
import { bridgeBinary, buildBridge, startBridge } from '../zenoh-bridge.ts'
import { deviceConnectSessions } from './device-connect.ts'
import { outages } from './outages.ts'
import { pythonSessions } from './python.ts'
import { tls } from './tls.ts'

await interop('zenoh', async (kit) => {
  const built = bridgeBinary()
  const binary = existsSync(built) ? built : await buildBridge(kit.tool('cargo'))
  const python = await kit.venv(['device-connect-edge[predicate]==0.2.5', 'device-connect-agent-tools==0.2.5'])

  await kit.check(
    'the transport passes the transport suite on a bridge',
    () => {
      const vitest = join(root, 'node_modules', '.bin', 'vitest')
      const { status, stdout, stderr } = spawnSync(
        vitest,
        ['run', '--reporter=verbose', 'packages/transport-zenoh/test/compliance.test.ts'],
        {
          cwd: root,
          encoding: 'utf8',
          env: { ...process.env, NO_COLOR: '1', BACKPLANE_ZENOH_BRIDGE: binary },
          timeout: 180_000,
        },
      )
      assert.equal(status, 0, `${stdout}\n${stderr}`)
      const passed = Number(/Tests\s+(\d+) passed/.exec(stdout)?.[1])
      assert.ok(passed >= 140 && stdout.includes('zenoh-bridge-remote-api'), stdout)
    },
    { timeoutMs: 180_000 },
  )
  await outages(kit, binary)
  await tls(kit, binary)
  {
    await using bridge = await startBridge(binary)
    await pythonSessions(kit, python, bridge)
  }
  await deviceConnectSessions(kit, python, binary)
})
