/** The transport suite on a real bridge, where `BACKPLANE_ZENOH_BRIDGE` names the program. */
import { transportCompliance } from '@backplane/conformance'
import { afterAll, test } from 'vitest'
import { startBridge, type ZenohBridge } from '../../../interop/zenoh-bridge.ts'
import { zenohTransport } from '../src/index.ts'

const program = process.env.BACKPLANE_ZENOH_BRIDGE

if (program) {
  let bridge: ZenohBridge | undefined
  let up = false
  afterAll(() => bridge?.[Symbol.asyncDispose]())
  const ensure = async () => {
    if (!bridge) bridge = await startBridge(program)
    else if (!up) await bridge.restart()
    up = true
    return bridge.endpoint
  }
  transportCompliance({
    name: 'zenoh-bridge-remote-api',
    async setup() {
      const endpoint = await ensure()
      return {
        transport: zenohTransport({ endpoint, reconnectMinMs: 10, reconnectMaxMs: 50 }),
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
} else {
  test.skip('the suite on a real bridge runs in the interop script', () => {})
}
