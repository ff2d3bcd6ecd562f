/**
 * The transport suite on a remote-api peer in this process; and on a real bridge where `BACKPLANE_ZENOH_BRIDGE` names
 * the program.
 */
import { transportCompliance } from '@backplane/conformance'
import { afterAll } from 'vitest'
import { startBridge } from '../../../interop/zenoh-bridge.ts'
import { zenohTransport } from '../src/index.ts'
import { startPeer } from './remote-api-peer.ts'

/** A bridge that can go and come back on its port. */
interface Bridge {
  readonly endpoint: string
  kill(): Promise<void>
  restart(): Promise<void>
}

const authorization = 'Bearer secret'
const peer = async (): Promise<Bridge> => {
  const running = await startPeer()
  running.faults.authorization = authorization
  return { endpoint: running.endpoint, kill: () => running.stop(), restart: () => running.listen() }
}

const program = process.env.BACKPLANE_ZENOH_BRIDGE
if (program) certify('zenoh-bridge-remote-api', () => startBridge(program), false)
else certify('peer in this process', peer, true)

function certify(name: string, start: () => Promise<Bridge>, guarded: boolean): void {
  let bridge: Bridge | undefined
  let up = false
  afterAll(() => bridge?.kill())
  const ensure = async () => {
    if (!bridge) bridge = await start()
    else if (!up) await bridge.restart()
    up = true
    return bridge.endpoint
  }
  transportCompliance({
    name,
    async setup() {
      const fast = { endpoint: await ensure(), reconnectMinMs: 10, reconnectMaxMs: 50 }
      return {
        transport: zenohTransport({ ...fast, headers: { authorization } }),
        ...(guarded ? { unauthorized: zenohTransport(fast) } : {}),
        async interrupt() {
          up = false
          await bridge?.kill()
        },
        async restore() {
          await ensure()
        },
      }
    },
  })
}
