/** Stock Python Device Connect and a host of ours on Zenoh, device to device. */
import { cpSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { zenohTransport } from '@backplane/transport-zenoh'
import { root } from '../../tools/workspace.ts'
import { agentSession, deviceSession } from '../device-connect/sessions.ts'
import type { Interop } from '../harness.ts'
import type { Venv } from '../venv.ts'
import { startBridge, type ZenohBridge } from '../zenoh-bridge.ts'

const tenant = 'dev'
const deviceId = 'plugin-host-1'

/** Runs both sessions with an address of the bridge, and with nothing but multicast. */
export async function deviceConnectSessions(kit: Interop, python: Venv, binary: string): Promise<void> {
  {
    await using bridge = await startBridge(binary)
    await sessions(kit, python, 'by address', bridge, { ZENOH_CONNECT: bridge.locator })
  }
  const reachable = Object.values(networkInterfaces()).flat().length > 0
  await using bridge = await startBridge(binary, { multicast: true })
  if (reachable) await sessions(kit, python, 'by multicast', bridge, {})
}

async function sessions(
  kit: Interop,
  python: Venv,
  name: string,
  bridge: ZenohBridge,
  address: Record<string, string>,
): Promise<void> {
  const plugins = kit.scratch()
  cpSync(join(root, 'examples', 'hello-world'), join(plugins, 'hello-world'), { recursive: true })
  const script = join(import.meta.dirname, 'host.ts')
  const args = ['--conditions=@backplane/source', script, bridge.endpoint, deviceId, tenant, plugins]
  await using host = await kit.start(process.execPath, args, { ready: /READY/, cwd: root })
  const env = {
    ...address,
    MESSAGING_BACKEND: 'zenoh',
    DEVICE_CONNECT_DISCOVERY_MODE: 'd2d',
    TENANT: tenant,
    DEVICE_CONNECT_ALLOW_INSECURE: 'true',
    DEVICE_CONNECT_LOG_LEVEL: 'WARNING',
  }
  await agentSession(kit, { python, name, env, deviceId })
  const transport = zenohTransport({ endpoint: bridge.endpoint })
  await deviceSession(kit, { python, name, env, deviceId, tenant, transport, host })
}
