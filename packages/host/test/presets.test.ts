import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeUser } from '@nats-io/jwt'
import { createAccount, createUser } from '@nats-io/nkeys'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { edgeHost, portalHost } from '../src/index.ts'
import { offering, testFolder } from './plugins.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backplane-presets-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** A credentials file as a portal issues it. */
async function issued(url: string): Promise<string> {
  const user = createUser()
  const jwt = await encodeUser('device', user, createAccount(), {})
  const nkey_seed = new TextDecoder().decode(user.getSeed())
  const path = join(dir, 'press.creds.json')
  const content = { device_id: 'dev-press-4', auth_type: 'jwt', tenant: 'dev', nats: { urls: [url], jwt, nkey_seed } }
  await writeFile(path, JSON.stringify(content))
  return path
}

/** A port of this machine on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('a portal host is whom its credentials were issued to, and goes where they say', async () => {
  const url = `nats://127.0.0.1:${await closedPort()}`
  await issued(url)
  await using host = await portalHost({ credentialsDir: dir, env: {} })
  expect(host.identity).toMatchObject({ deviceId: 'dev-press-4', tenant: 'dev', deviceType: 'plugin_host' })
  expect(host.mesh?.address).toContain(url)
  await expect(host.start()).rejects.toMatchObject({ code: 'BP_CONNECT_FAILED' })
})

test('a portal host takes nobody else for itself, and does not begin without credentials', async () => {
  const credentialsFile = await issued('nats://127.0.0.1:4222')
  await expect(portalHost({ credentialsFile, deviceId: 'other', env: {} })).rejects.toMatchObject({
    code: 'BP_DEVICE_CONNECT_CREDENTIALS_MISMATCH',
  })
  await expect(portalHost({ credentialsDir: join(dir, 'none'), env: {} })).rejects.toMatchObject({
    code: 'BP_DEVICE_CONNECT_CREDENTIALS_MISSING',
  })
})

test('an edge host runs its plugins, and says that no bridge is there', async () => {
  await using plugins = await testFolder()
  await plugins.put('greeter', offering('hello'))
  const bridge = `ws://127.0.0.1:${await closedPort()}`
  await using host = edgeHost({ plugins: plugins.dir, bridge })
  expect(host.mesh?.address).toBe(bridge)
  await expect(host.start()).rejects.toMatchObject({
    code: expect.stringMatching(/^BP_(CONNECT_FAILED|TIMEOUT)$/),
  })
})
