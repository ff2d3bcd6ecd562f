/**
 * Issued credentials on real brokers: user JWTs on a nats-server in operator mode, through the portal preset and the
 * command, and certificates on a Zenoh router, with stock Python agents on the same credentials.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readMessaging, zenohConfig } from '@backplane/mesh-device-connect/credentials'
import { encodeUser } from '@nats-io/jwt'
import { createAccount, createUser } from '@nats-io/nkeys'
import { root } from '../../tools/workspace.ts'
import { agentSession } from '../device-connect/sessions.ts'
import { startEtcd } from '../etcd.ts'
import { eventually } from '../eventually.ts'
import { type Interop, interop } from '../harness.ts'
import { type Identities, makeIdentities } from '../nats/identities.ts'
import { freePort } from '../ports.ts'
import type { Venv } from '../venv.ts'
import { bridgeBinary, buildBridge, startBridge } from '../zenoh-bridge.ts'
import { command, type Ended } from './command.ts'
import { precedence } from './precedence.ts'

const execute = promisify(execFile)
const tenant = 'dev'
const deviceId = 'dev-press-4'
const pem = (name: string) => join(root, 'packages/transport-nats/test/fixtures', name)

await interop('credentials', async (kit) => {
  const python = await kit.venv([
    'device-connect-edge[predicate]==0.2.5',
    'device-connect-agent-tools==0.2.5',
    'eclipse-zenoh==1.10.2',
  ])
  await precedence(kit, python, pem)
  await jwt(kit, python)
  await renewal(kit)
  await registered(kit)
  await tls(kit)
  await mtls(kit, python)
})

/** A credentials file as a portal issues it. */
function issue(folder: string, name: string, device: string, section: object): string {
  const path = join(folder, `${name}.creds.json`)
  writeFileSync(path, JSON.stringify({ device_id: device, tenant, ...section }), { mode: 0o600 })
  return path
}

function natsSection({ jwt, seed }: Pick<Identities, 'jwt' | 'seed'>, url: string, tls?: object): object {
  return { auth_type: 'jwt', nats: { urls: [url], jwt, nkey_seed: seed, ...(tls ? { tls } : {}) } }
}

function plugins(kit: Interop): string {
  const folder = kit.scratch()
  cpSync(join(root, 'examples/hello-world'), join(folder, 'hello-world'), { recursive: true })
  return folder
}

async function jwt(kit: Interop, python: Venv): Promise<void> {
  const identities = await makeIdentities(tenant)
  await using server = await kit.natsServer({ config: identities.config })
  const folder = kit.scratch()
  const own = issue(folder, 'host', deviceId, natsSection(identities, server.url))
  const agents = issue(folder, 'agent', 'agent-1', natsSection(identities, server.url))
  const portal = ['--preset', 'portal', '--credentials', own]
  {
    const args = [...portal, '--discovery-mode', 'd2d', '--plugins', plugins(kit), '--no-auto-load']
    await using _ = await command.start(kit, ['up', ...args])
    await agentSession(kit, {
      python,
      name: 'portal preset, JWT',
      deviceId,
      env: {
        MESSAGING_BACKEND: 'nats',
        NATS_URL: server.url,
        MESSAGING_CREDENTIALS_FILE: agents,
        DEVICE_CONNECT_DISCOVERY_MODE: 'd2d',
        TENANT: tenant,
        DEVICE_CONNECT_LOG_LEVEL: 'WARNING',
      },
    })
    await kit.check('the command finds and calls the host with the same credentials, which name both', async () => {
      assert.deepEqual(await command.json(['status', ...portal, '--discovery-mode', 'd2d']), {
        status: 'success',
        connected: true,
      })
      const env = { MESSAGING_CREDENTIALS_FILE: own, DEVICE_CONNECT_PORTAL: '1', DEVICE_CONNECT_DISCOVERY_MODE: 'd2d' }
      const found = (await command.json(['discover'], env)) as { deviceId: string }[]
      assert.deepEqual(
        found.map((device) => device.deviceId),
        [deviceId],
      )
    })
    await kit.check('the doctor says which credentials were found, and that all is well', async () => {
      const report = await command.run(['doctor', ...portal, '--discovery-mode', 'd2d', '--json'])
      const { ok, checks } = JSON.parse(report.out) as { ok: boolean; checks: { name: string; facts?: object }[] }
      assert.equal(ok, true, report.out)
      const facts = checks.find(({ name }) => name === 'credentials')?.facts
      assert.deepEqual(facts, { source: own, by: '--credentials', deviceId, tenant, allowInsecure: false })
      assert.ok(!report.out.includes(identities.jwt) && !report.out.includes(identities.seed), 'no secret is shown')
    })
  }
  await kit.check(
    'without a registry a portal host is up all the same, and the doctor says what is missing',
    async () => {
      await using _ = await command.start(kit, ['up', ...portal, '--plugins', plugins(kit)])
      const answer = await command.run(['invoke', 'hello_world', '--device', deviceId, ...portal])
      assert.equal(answer.out, '{"message":"Hello, world!"}\n', answer.err)
      const report = await command.run(['doctor', ...portal])
      assert.equal(report.code, 4, report.out)
      assert.match(report.out, /failed +registry/)
    },
  )

  const refused = async (file: string, more: readonly string[] = []): Promise<Ended> =>
    command.run(['up', '--preset', 'portal', '--credentials', file, '--plugins', plugins(kit), ...more])
  const says = ({ code, err }: Ended, wanted: number, error: string) => {
    assert.match(err, new RegExp(`\\[${error}\\]\\nNext: .`))
    assert.equal(code, wanted, err)
  }
  await kit.check('a JWT that has expired is refused before anybody is asked', async () => {
    const user = createUser()
    const old = await encodeUser('old', user, createAccount(), {}, { exp: 1_700_000_000 })
    const section = natsSection({ jwt: old, seed: new TextDecoder().decode(user.getSeed()) }, server.url)
    says(await refused(issue(folder, 'old', deviceId, section)), 1, 'BP_DEVICE_CONNECT_CREDENTIALS_EXPIRED')
  })
  await kit.check("another operator's JWT is refused by the server, and said so", async () => {
    const stranger = await makeIdentities(tenant)
    says(await refused(issue(folder, 'strange', deviceId, natsSection(stranger, server.url))), 4, 'BP_AUTH_FAILED')
  })
  await kit.check("a JWT with another user's seed is refused by the server, and said so", async () => {
    const { seed } = await makeIdentities(tenant)
    const mixed = natsSection({ jwt: identities.jwt, seed }, server.url)
    says(await refused(issue(folder, 'mixed', deviceId, mixed)), 4, 'BP_AUTH_FAILED')
  })
  await kit.check('another device id is refused', async () => {
    says(await refused(own, ['--device-id', 'other']), 1, 'BP_DEVICE_CONNECT_CREDENTIALS_MISMATCH')
  })
  await kit.check('another tenant is what the server does not allow, and it is said so in time', async () => {
    const ended = await refused(own, ['--tenant', 'elsewhere', '--discovery-mode', 'd2d'])
    assert.notEqual(ended.code, 0, ended.out)
    assert.match(ended.err, /\[BP_(REFUSED|AUTH_FAILED)\]\nNext: ./)
  })
  await kit.check('no credentials are refused; --allow-insecure leaves it to the server', async () => {
    const nothing = ['up', '--preset', 'portal', '--credentials-dir', kit.scratch(), '--nats', server.url]
    says(await command.run(nothing), 1, 'BP_DEVICE_CONNECT_CREDENTIALS_MISSING')
    const bare = issue(folder, 'bare', deviceId, { nats: { urls: [server.url] } })
    says(await refused(bare), 1, 'BP_DEVICE_CONNECT_CREDENTIALS_MISSING')
    says(await refused(bare, ['--allow-insecure']), 4, 'BP_AUTH_FAILED')
  })
  await kit.check("the classic .creds of NATS's own tools does as well, with an address", async () => {
    const path = join(kit.scratch(), 'device.creds')
    writeFileSync(path, identities.creds)
    const args = ['--preset', 'portal', '--credentials', path, '--nats', server.url, '--tenant', tenant]
    await using _ = await command.start(kit, ['up', ...args, '--plugins', plugins(kit), '--discovery-mode', 'd2d'])
    assert.equal((await command.run(['invoke', 'hello_world', ...args])).out, '{"message":"Hello, world!"}\n')
  })
}

/** A JWT that ends while the host is up: it says so, and takes the one that its file holds by then. */
async function renewal(kit: Interop): Promise<void> {
  const identities = await makeIdentities(tenant)
  await using server = await kit.natsServer({ config: identities.config })
  const folder = kit.scratch()
  const soon = await identities.again({ exp: Math.floor(Date.now() / 1000) + 8 })
  const path = issue(folder, 'short', deviceId, natsSection(soon, server.url))
  await kit.check('a host whose JWT ends says so, and comes back with the renewed one', async () => {
    const args = ['up', '--credentials', path, '--plugins', plugins(kit), '--discovery-mode', 'd2d']
    await using host = await command.start(kit, args)
    const said = async (text: RegExp) => eventually(async () => text.test(host.output()) || undefined, 30_000)
    await said(/did not accept the credentials: .*expired[\s\S]*The mesh is away/i)
    issue(folder, 'short', deviceId, natsSection(identities, server.url))
    await said(/The mesh is back/)
    const answer = await command.run(['invoke', 'hello_world', '--credentials', path, '--discovery-mode', 'd2d'])
    assert.equal(answer.out, '{"message":"Hello, world!"}\n', answer.err)
  })
}

/** The whole of a portal's network but the portal: the real registry on etcd, and everybody with a JWT of their own. */
async function registered(kit: Interop): Promise<void> {
  // The same environment as that of the sessions with the registry.
  const python = await kit.venv([
    ...['server[all]', 'agent-tools[mcp]', 'edge'].map((name) => `device-connect-${name}==0.2.5`),
    'fastmcp<3',
  ])
  const identities = await makeIdentities(tenant)
  const folder = kit.scratch()
  await using etcd = await startEtcd(kit, kit.scratch())
  await using server = await kit.natsServer({ config: identities.config })
  const own = issue(folder, 'host', deviceId, natsSection(identities, server.url))
  const env = (file: string) => ({
    MESSAGING_BACKEND: 'nats',
    NATS_URL: server.url,
    MESSAGING_CREDENTIALS_FILE: file,
    TENANT: tenant,
    ETCD_HOST: '127.0.0.1',
    ETCD_PORT: String(etcd.port),
    DC_FLEET_CACHE_TTL: '0',
  })
  const service = issue(folder, 'registry', 'registry-1', natsSection(identities.service, server.url))
  const module = ['-m', 'device_connect_server.registry.service.main']
  await using _ = await kit.start(python.bin('python'), module, {
    ready: /listening on all tenants/,
    env: env(service),
  })
  await using host = await command.start(kit, ['up', '--credentials', own, '--plugins', plugins(kit)])
  assert.match(host.output(), new RegExp(deviceId))
  await kit.check(
    'a portal host is in the registry, and the command finds it there with its own credentials',
    async () => {
      const found = async () => {
        const devices = (await command.json(['discover', 'function(hello_world)', '--credentials', own])) as object[]
        return devices.length > 0 ? devices : undefined
      }
      const [device] = (await eventually(found)) as { deviceId: string; status: { availability: string } }[]
      assert.equal(device?.deviceId, deviceId)
      assert.equal(device?.status.availability, 'available')
      const fleet = (await command.json(['fleet', '--credentials', own])) as { by_type: object }
      assert.deepEqual(fleet.by_type, { plugin_host: 1 })
    },
  )
  await kit.check('the doctor finds registry, devices and credentials in order', async () => {
    const { code, out } = await command.run(['doctor', '--credentials', own])
    assert.equal(code, 0, out)
    for (const name of ['credentials', 'broker', 'registry', 'devices', 'clock'])
      assert.match(out, new RegExp(`ok +${name}`))
  })
  await kit.check("upstream's own devctl sees it with a JWT, and statectl calls it", async () => {
    const agent = issue(folder, 'agent', 'agent-1', natsSection(identities, server.url))
    const shell = (...args: string[]) =>
      execute(python.bin('python'), ['-m', ...args], { env: { ...process.env, ...env(agent) }, timeout: 50_000 })
    assert.match((await shell('device_connect_server.devctl', 'list')).stdout, new RegExp(deviceId))
    const selector = `device(${deviceId}).function(hello_world)`
    const { stdout } = await shell('device_connect_server.statectl', 'invoke', selector)
    assert.match(stdout, /Hello, world!/)
  })
}

async function tls(kit: Interop): Promise<void> {
  const identities = await makeIdentities(tenant)
  const block = `tls { cert_file: "${pem('server.pem')}", key_file: "${pem('server.key.pem')}" }`
  await using server = await kit.natsServer({ config: `${identities.config}\n${block}` })
  const url = `tls://localhost:${server.port}`
  const folder = kit.scratch()
  const up = (path: string) => ['up', '--preset', 'portal', '--credentials', path, '--plugins', plugins(kit)]
  await kit.check('a JWT over TLS, with the authority as text in the file', async () => {
    const section = natsSection(identities, url, { ca_pem: readFileSync(pem('ca.pem'), 'utf8') })
    const path = issue(folder, 'inline', deviceId, section)
    await using _ = await command.start(kit, up(path))
    const answer = await command.run(['invoke', 'hello_world', '--credentials', path])
    assert.equal(answer.out, '{"message":"Hello, world!"}\n', answer.err)
  })
  await kit.check('tls:// without an authority is refused; with the wrong one the server is not believed', async () => {
    const without = await command.run(up(issue(folder, 'without', deviceId, natsSection(identities, url))))
    assert.match(without.err, /\[BP_DEVICE_CONNECT_CREDENTIALS_MISSING\]/)
    const other = join(root, 'packages/mesh-device-connect/test/fixtures/tls/ca.pem')
    const wrong = issue(folder, 'wrong', deviceId, natsSection(identities, url, { ca_file: other }))
    for (const more of [[], ['--allow-insecure']]) {
      const ended = await command.run([...up(wrong), ...more])
      assert.equal(ended.code, 4, ended.err)
      assert.match(ended.err, /\[BP_(CONNECT|AUTH)_FAILED\]/)
    }
  })
}

async function mtls(kit: Interop, python: Venv): Promise<void> {
  const built = bridgeBinary()
  const binary = existsSync(built) ? built : await buildBridge(kit.tool('cargo'))
  const port = await freePort()
  const router = [
    join(import.meta.dirname, 'router.py'),
    String(port),
    pem('ca.pem'),
    pem('server.pem'),
    pem('server.key.pem'),
  ]
  await using _ = await kit.start(python.bin('python'), router, { ready: /READY/ })
  const folder = kit.scratch()
  const text = (name: string) => readFileSync(pem(name), 'utf8')
  const files = { ca_file: pem('ca.pem'), cert_file: pem('client.pem'), key_file: pem('client.key.pem') }
  const inline = { ca_pem: text('ca.pem'), cert_pem: text('client.pem'), key_pem: text('client.key.pem') }
  const zenoh = (tls: object) => ({ auth_type: 'mtls', zenoh: { urls: [`zenoh+tls://localhost:${port}`], tls } })
  const own = issue(folder, 'host', deviceId, zenoh(inline))
  const agents = issue(folder, 'agent', 'agent-1', zenoh(files))

  const configuration = join(folder, 'bridge.json')
  const config = await zenohConfig(await readMessaging({ credentialsFile: own, env: {} }))
  writeFileSync(configuration, JSON.stringify(config), { mode: 0o600 })
  await using bridge = await startBridge(binary, { args: ['-m', 'client', '-c', configuration], listens: false })
  const edge = ['--bridge', bridge.endpoint, '--preset', 'edge', '--credentials', own]
  await using host = await command.start(kit, ['up', ...edge, '--plugins', plugins(kit), '--no-auto-load'])
  assert.match(host.output(), new RegExp(deviceId))
  await agentSession(kit, {
    python,
    name: 'edge preset, mTLS',
    deviceId,
    env: {
      MESSAGING_BACKEND: 'zenoh',
      ZENOH_CONNECT: `tls/localhost:${port}`,
      MESSAGING_CREDENTIALS_FILE: agents,
      DEVICE_CONNECT_DISCOVERY_MODE: 'd2d',
      TENANT: tenant,
      DEVICE_CONNECT_LOG_LEVEL: 'WARNING',
    },
  })
  await kit.check('the command finds and calls the host through the bridge', async () => {
    assert.deepEqual(await command.json(['status', ...edge]), { status: 'success', connected: true })
    const report = await command.run(['doctor', ...edge])
    assert.equal(report.code, 0, report.out + report.err)
    assert.match(report.out, new RegExp(`ok +credentials +${own}`))
  })
}
