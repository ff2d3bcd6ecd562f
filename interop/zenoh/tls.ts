/** TLS on both sides of a bridge: from the transport to it, and from it to a router that wants a certificate. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, text } from '../../packages/core/test/transports.ts'
import { root } from '../../tools/workspace.ts'
import type { Interop } from '../harness.ts'
import { freePort } from '../ports.ts'
import { startBridge } from '../zenoh-bridge.ts'
import { connected, failsWith } from './transports.ts'

const path = (name: string) => join(root, 'packages', 'transport-nats', 'test', 'fixtures', name)

/** Runs the checks on bridges of their own. */
export async function tls(kit: Interop, binary: string): Promise<void> {
  await kit.check('wss: to the bridge, with its certificate checked', async () => {
    await using bridge = await startBridge(binary, { tls: { cert: path('server.pem'), key: path('server.key.pem') } })
    const endpoint = `wss://localhost:${bridge.wsPort}`
    await using transport = await connected({ endpoint, tls: { caFile: path('ca.pem') } })
    await transport.serve('echo', ({ payload }) => payload)
    assert.equal(text((await transport.request('echo', bytes('secret'))).payload), 'secret')
    await assert.rejects(connected({ endpoint }), failsWith('BP_CONNECT_FAILED'))
    const elsewhere = { cert: path('elsewhere.pem'), key: path('elsewhere.key.pem') }
    await using misnamed = await startBridge(binary, { tls: elsewhere })
    const wrong = { endpoint: misnamed.endpoint, tls: { caFile: path('ca.pem') } }
    await assert.rejects(connected(wrong), failsWith('BP_CONNECT_FAILED'))
    await using unchecked = await connected({ ...wrong, tls: { ...wrong.tls, checkHostname: false } })
    await unchecked.flush()
  })

  await kit.check(
    '`backplane zenoh-bridge` joins a network with mTLS; a bridge without a certificate does not',
    async () => {
      const folder = kit.scratch()
      const config = (name: string, tls: object) => {
        const file = join(folder, `${name}.json`)
        writeFileSync(file, JSON.stringify({ transport: { link: { tls } } }), { mode: 0o600 })
        return ['-c', file]
      }
      const ca = { root_ca_certificate: path('ca.pem') }
      const server = { ...ca, listen_certificate: path('server.pem'), listen_private_key: path('server.key.pem') }
      const port = await freePort()
      const listens = ['-l', `tls/127.0.0.1:${port}`, ...config('router', { ...server, enable_mtls: true })]
      const connects = ['-m', 'client', '-e', `tls/localhost:${port}`]
      await using inside = await startBridge(binary, { args: listens })
      const files = ['--tls-ca', path('ca.pem'), '--tls-cert', path('client.pem'), '--tls-key', path('client.key.pem')]
      const wsPort = await freePort()
      const command = [
        join(root, 'packages/cli/bin/backplane.js'),
        'zenoh-bridge',
        '--program',
        binary,
        '--port',
        `${wsPort}`,
      ]
      const way = ['--connect', `tls/localhost:${port}`, '--no-multicast', ...files]
      await using _member = await kit.start(process.execPath, [...command, ...way], {
        ready: /Ctrl\+C stops the bridge/,
      })
      await using serving = await connected({ endpoint: inside.endpoint })
      await using asking = await connected({ endpoint: `ws://127.0.0.1:${wsPort}` })
      await serving.serve('echo', ({ payload }) => payload)
      const answer = async () => {
        for (let turn = 0; turn < 100; turn++) {
          const payload = await asking.request('echo', bytes('in')).then(
            (message) => text(message.payload),
            () => undefined,
          )
          if (payload !== undefined) return payload
          await sleep(50)
        }
        return undefined
      }
      assert.equal(await answer(), 'in')
      // A bridge that cannot join ends, or goes on trying: either way nobody is reached through it.
      const outcome = await reach([...connects, ...config('stranger', ca)])
      assert.match(outcome, /^(no bridge|BP_NO_RESPONDER|BP_DISCONNECTED|BP_CONNECT_FAILED)$/)
    },
  )

  /** What becomes of a request through a bridge with these arguments. */
  async function reach(args: readonly string[]): Promise<string> {
    const started = await startBridge(binary, { args, listens: false }).catch(() => undefined)
    if (!started) return 'no bridge'
    await using bridge = started
    try {
      await using transport = await connected({ endpoint: bridge.endpoint })
      await sleep(500)
      await transport.request('echo', bytes('out'))
      return 'answered'
    } catch (thrown) {
      return (thrown as { code?: string }).code ?? String(thrown)
    }
  }
}
