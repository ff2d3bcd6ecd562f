/** pyvider-rpcplugin, a Python library for the same protocol, in both directions. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pluginClient } from '@backplane/handshake-grpc'
import type { Interop } from '../harness.ts'
import type { Venv } from '../venv.ts'
import { basicHandshake, KV } from './plugins/definitions.ts'

const execute = promisify(execFile)
const folder = join(import.meta.dirname, 'pyvider')
const plugin = join(import.meta.dirname, '../../examples/kv/plugin.ts')

/** Both directions, plain and with TLS. grpcio sits on BoringSSL, which takes no P-521. */
export async function pyvider({ check, scratch }: Interop, { bin }: Venv): Promise<void> {
  const cases = [
    ['unix, plain', {}, {}],
    ['tcp, plain', { KV_TRANSPORT: 'tcp' }, {}],
    ['unix, AutoMTLS', { KV_MTLS: '1' }, { autoMtls: true }],
    ['tcp, AutoMTLS, P-384', { KV_MTLS: '1', KV_TRANSPORT: 'tcp' }, { autoMtls: { curve: 'P-384' } }],
  ] as const
  for (const [what, env, options] of cases) {
    const run = () =>
      pluginClient({
        handshake: basicHandshake,
        plugins: { kv: KV },
        command: bin('python'),
        args: [join(folder, 'plugin.py')],
        env,
        ...options,
      })
    await check(`TypeScript host, pyvider plugin (${what}): put, get, health, end`, async () => {
      await using client = run()
      const kv = await client.dispense('kv')
      await kv.Put!({ key: 'hello', value: Buffer.from('world') })
      assert.equal(String((await kv.Get!({ key: 'hello' })).value), 'world')
      await client.ping()
      await client.kill()
      assert.deepEqual(client.exit, { code: 0 })
    })
  }
  // It acknowledges knocks and opens nothing: its broker is a stub, so nothing is asked of it here.
  for (const mtls of ['0', '1']) {
    await check(`pyvider host, TypeScript plugin (${mtls === '1' ? 'AutoMTLS' : 'plain'}): put, get, end`, async () => {
      const { stdout } = await execute(
        bin('python'),
        [join(folder, 'host.py'), process.execPath, '--conditions=@backplane/source', plugin],
        { cwd: scratch(), env: { ...process.env, KV_MTLS: mtls }, timeout: 50_000 },
      )
      assert.match(stdout, /got world[\s\S]*closed/)
    })
  }
}
