import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeUser, fmtCreds } from '@nats-io/jwt'
import { createAccount, createUser } from '@nats-io/nkeys'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MessagingInit, readCredentialsFile, readMessaging, zenohConfig } from '../src/credentials/index.ts'

const fixtures = join(import.meta.dirname, 'fixtures/tls')
const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(fixtures, name)) as [
  string,
  string,
  string,
]
const now = Date.parse('2026-11-22T07:00:00Z')

let dir: string
let jwt: string
let seed: string
let creds: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backplane-credentials-'))
  const [user, account] = [createUser(), createAccount()]
  jwt = await encodeUser('device', user, account, {}, { exp: now / 1000 + 3600 })
  seed = new TextDecoder().decode(user.getSeed())
  creds = new TextDecoder().decode(fmtCreds(jwt, user))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function file(name: string, content: object | string): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const nats = (more: object = {}) => ({
  device_id: 'dev-press-4',
  auth_type: 'jwt',
  tenant: 'dev',
  nats: { urls: ['nats://broker:4222'], jwt, nkey_seed: seed, ...more },
})
const read = (init: MessagingInit = {}) => readMessaging({ env: {}, cwd: dir, now, ...init })

describe('a credentials file', () => {
  test('of a portal says who, where and with what', async () => {
    const path = await file('a.creds.json', nats({ tls: { ca_file: ca } }))
    expect(await read({ credentialsFile: path })).toEqual({
      backend: 'nats',
      urls: ['nats://broker:4222'],
      deviceId: 'dev-press-4',
      tenant: 'dev',
      auth: { jwt, nkeySeed: seed },
      authFile: path,
      tls: { caFile: ca },
      allowInsecure: false,
      from: { urls: path, credentials: path, tls: path },
      expiresAt: now + 3_600_000,
    })
  })

  test('of NATS tools has a JWT and its seed, and gives way to a richer one beside it', async () => {
    const path = await file('b.creds', creds)
    expect(await read({ credentialsFile: path, urls: 'nats://here' })).toMatchObject({ auth: { jwt, nkeySeed: seed } })
    await file('b.creds.json', nats())
    expect(await read({ credentialsFile: path })).toMatchObject({
      deviceId: 'dev-press-4',
      urls: ['nats://broker:4222'],
    })
  })

  test('for Zenoh has certificates, as files or texts, also beside it', async () => {
    const tls = { ca_file: 'ca.pem', cert_file: 'cert.pem', key_file: 'key.pem' }
    const zenoh = { urls: ['zenoh+tls://router:7447'], tls }
    const path = join(fixtures, '..', 'tls', 'press-4.creds.json')
    expect(await read({ credentialsFile: path })).toMatchObject({
      backend: 'zenoh',
      tenant: 'dev',
      urls: zenoh.urls,
      tls: { caFile: ca, certFile: cert, keyFile: key },
    })
    const [caText, certText, keyText] = await Promise.all([ca, cert, key].map(text))
    const inline = { ca_pem: caText, cert_pem: certText, key_pem: keyText }
    const other = await file('z.creds.json', { zenoh: { urls: ['tls/router:7447'], tls: inline } })
    const messaging = await read({ credentialsFile: other })
    expect(messaging).toMatchObject({ backend: 'zenoh', tls: { ca: caText, cert: certText, key: keyText } })
    const base64 = (content = '') => Buffer.from(content).toString('base64')
    expect(await zenohConfig(messaging)).toEqual({
      mode: 'client',
      connect: { endpoints: ['tls/router:7447'] },
      scouting: { multicast: { enabled: false }, gossip: { enabled: false } },
      transport: {
        link: {
          tls: {
            root_ca_certificate_base64: base64(caText),
            connect_certificate_base64: base64(certText),
            connect_private_key_base64: base64(keyText),
            enable_mtls: true,
          },
        },
      },
    })
  })

  test('with both sections is for Zenoh unless NATS is named', async () => {
    const both = await file('both.creds.json', { ...nats(), zenoh: { urls: ['tcp/router:7447'] } })
    expect(await read({ credentialsFile: both })).toMatchObject({ backend: 'zenoh', urls: ['tcp/router:7447'] })
    expect(await read({ credentialsFile: both, backend: 'nats' })).toMatchObject({ backend: 'nats' })
    expect(await read({ credentialsFile: both, env: { MESSAGING_BACKEND: 'NATS' } })).toMatchObject({ backend: 'nats' })
    expect(await read({ credentialsFile: both, urls: 'tls://n:4222', allowInsecure: true })).toMatchObject({
      backend: 'nats',
      urls: ['tls://n:4222'],
    })
  })
})

describe('what counts first', () => {
  test('addresses: what is said, MESSAGING_URLS, NATS_URL, ZENOH_CONNECT, the file', async () => {
    const path = await file('c.creds.json', nats())
    const env = { ZENOH_CONNECT: 'tcp/a:7447, tcp/b:7447', NATS_URL: 'nats://b', MESSAGING_URLS: 'nats://c,nats://d' }
    const found = async (init: MessagingInit) => {
      const { backend, urls, from } = await read({ credentialsFile: path, ...init })
      return [backend, urls.join(), from.urls]
    }
    expect(await found({ urls: ['nats://e'], env })).toEqual(['nats', 'nats://e', 'option'])
    expect(await found({ env })).toEqual(['nats', 'nats://c,nats://d', 'MESSAGING_URLS'])
    expect(await found({ env: { ...env, MESSAGING_URLS: '' } })).toEqual(['nats', 'nats://b', 'NATS_URL'])
    expect(await found({ env: {} })).toEqual(['nats', 'nats://broker:4222', path])
    const { backend, urls } = await read({ env: { ZENOH_CONNECT: env.ZENOH_CONNECT } })
    expect([backend, urls]).toEqual(['zenoh', ['tcp/a:7447', 'tcp/b:7447']])
    expect(await read({})).toMatchObject({ backend: 'zenoh', urls: [], from: { urls: 'default' } })
  })

  test('files: what is said, MESSAGING_CREDENTIALS_FILE, NATS_CREDENTIALS_FILE', async () => {
    const [a, b, c] = await Promise.all(
      ['1', '2', '3'].map((name) => file(`${name}.creds.json`, { ...nats(), device_id: name })),
    )
    const env = { NATS_CREDENTIALS_FILE: c, MESSAGING_CREDENTIALS_FILE: b }
    expect((await read({ credentialsFile: a!, env })).deviceId).toBe('1')
    expect((await read({ env })).deviceId).toBe('2')
    expect((await read({ env: { NATS_CREDENTIALS_FILE: c } })).deviceId).toBe('3')
  })

  test('a JWT: the file, then the environment; TLS: the environment, then files, then texts', async () => {
    const path = await file('d.creds.json', nats({ tls: { ca_pem: await text(ca), ca_file: 'nowhere.pem' } }))
    const env = { NATS_JWT: 'a.b.c', NATS_NKEY_SEED: 'SUAX', NATS_TLS_CA_FILE: cert, MESSAGING_TLS_CA_FILE: ca }
    expect(await read({ credentialsFile: path, env })).toMatchObject({ auth: { jwt }, tls: { caFile: ca } })
    expect(await read({ credentialsFile: path, env: { NATS_TLS_CA_FILE: cert } })).toMatchObject({
      tls: { caFile: cert },
    })
    const own = { NATS_JWT: jwt, NATS_NKEY_SEED: seed, NATS_URL: 'nats://b' }
    expect(await read({ env: own })).toMatchObject({
      auth: { jwt, nkeySeed: seed },
      from: { credentials: 'NATS_JWT and NATS_NKEY_SEED' },
    })
  })

  test('the device id and the tenant: what is said, then the file', async () => {
    const path = await file('e.creds.json', nats())
    const whole = { credentialsFile: path, allowInsecure: true }
    expect(await read({ ...whole, deviceId: 'other' })).toMatchObject({ deviceId: 'other', tenant: 'dev' })
    expect(await read({ ...whole, tenant: 'default' })).toMatchObject({ deviceId: 'dev-press-4', tenant: 'dev' })
    expect(await read({ ...whole, tenant: 'hall' })).toMatchObject({ tenant: 'hall' })
    expect(await read({ ...whole, env: { TENANT: 'hall', DEVICE_ID: 'x' } })).toMatchObject({
      tenant: 'hall',
      deviceId: 'x',
    })
  })

  test('a portal: the newest file of its folder, over NATS', async () => {
    const home = await mkdtemp(join(dir, 'portal-'))
    for (const [name, age] of [
      ['old', 60],
      ['new', 0],
      ['older', 90],
    ] as const) {
      const { nats: section, ...rest } = nats()
      const path = join(home, `${name}.creds.json`)
      await writeFile(path, JSON.stringify({ ...rest, device_id: name, nats: { ...section, urls: [] }, zenoh: {} }))
      await utimes(path, now / 1000 - age, now / 1000 - age)
    }
    await writeFile(join(home, 'newest.txt'), 'no')
    const env = { PORTAL_CREDENTIALS_DIR: home, MESSAGING_URLS: 'tcp/a', MESSAGING_BACKEND: 'zenoh' }
    expect(await read({ portal: true, env })).toMatchObject({
      backend: 'nats',
      deviceId: 'new',
      urls: ['nats://portal.deviceconnect.dev:4222'],
    })
    expect((await read({ portal: { dir: home, glob: 'old*' } })).deviceId).toBe('old')
    await expect(read({ portal: { dir: join(home, 'none') } })).rejects.toMatchObject({
      code: 'BP_DEVICE_CONNECT_CREDENTIALS_MISSING',
      next: expect.stringContaining(join(home, 'none')),
    })
  })
})

describe('secure by default', () => {
  test.each([
    ['no credentials for NATS', { urls: 'nats://a' }, 'MISSING'],
    ['no authority for TLS', { urls: 'tls://a', env: 'jwt' }, 'MISSING'],
  ] as const)('%s is refused, unless it is allowed', async (_, { urls, ...rest }, code) => {
    const env: Record<string, string> = 'env' in rest ? { NATS_JWT: jwt, NATS_NKEY_SEED: seed } : {}
    await expect(read({ urls, env })).rejects.toMatchObject({ code: `BP_DEVICE_CONNECT_CREDENTIALS_${code}` })
    expect(await read({ urls, env, allowInsecure: true })).toMatchObject({ allowInsecure: true })
    expect(await read({ urls, env: { ...env, DEVICE_CONNECT_ALLOW_INSECURE: 'YES' } })).toMatchObject({
      backend: 'nats',
    })
  })

  test('a JWT and a seed go together, unless it is allowed', async () => {
    const bearer = await file('bearer.creds.json', nats({ nkey_seed: undefined }))
    expect(await read({ credentialsFile: bearer, allowInsecure: true })).toMatchObject({ auth: { jwt } })
    const nkey = await file('nkey.creds.json', nats({ jwt: undefined }))
    expect((await read({ credentialsFile: nkey, allowInsecure: true })).auth).toEqual({ nkeySeed: seed })
    await expect(read({ credentialsFile: nkey })).rejects.toThrow(/no JWT/)
  })

  test('ZENOH_CONNECT is for Zenoh, and a file of NATS says nothing of that', async () => {
    const path = await file('h.creds.json', nats())
    const env = { ZENOH_CONNECT: 'tcp/a:7447', MESSAGING_BACKEND: 'nats' }
    expect(await read({ env, credentialsFile: path })).toMatchObject({ backend: 'zenoh', urls: ['tcp/a:7447'] })
    await expect(read({ backend: 'zenoh', credentialsFile: path })).rejects.toThrow(/no section 'zenoh'/)
  })

  test('the id of another device is refused, unless it is allowed; Zenoh demands nothing at start', async () => {
    const path = await file('f.creds.json', nats())
    for (const init of [{ deviceId: 'other' }, { env: { DEVICE_ID: 'other' } }]) {
      await expect(read({ credentialsFile: path, ...init })).rejects.toMatchObject({
        code: 'BP_DEVICE_CONNECT_CREDENTIALS_MISMATCH',
        details: { deviceId: 'dev-press-4', asked: 'other' },
      })
    }
    expect(await read({ urls: 'tls/router:7447' })).toMatchObject({ backend: 'zenoh' })
  })
})

describe('what cannot be used is said so, without the secret', () => {
  const bad: readonly [string, () => object | string, string, RegExp][] = [
    ['no JSON', () => '{"nats":', 'INVALID', /not JSON/],
    ['neither form', () => 'hello', 'INVALID', /no JWT block/],
    ['no section', () => ({ device_id: 'a' }), 'INVALID', /no section/],
    ['only MQTT', () => ({ mqtt: { username: 'a' } }), 'INVALID', /MQTT/],
    ['a device id that is a number', () => ({ ...nats(), device_id: 5 }), 'INVALID', /device_id is no text/],
    ['a section that is none', () => ({ nats: 5 }), 'INVALID', /no object/],
    ['odd addresses', () => nats({ urls: [5] }), 'INVALID', /addresses/],
    ['no seed', () => nats({ nkey_seed: undefined }), 'INVALID', /no seed/],
    ['no JWT', () => nats({ jwt: '' }), 'INVALID', /no JWT/],
    ['a JWT that is none', () => nats({ jwt: 'abc' }), 'INVALID', /three parts/],
    ["an account's seed", () => nats({ nkey_seed: seed.replace('SU', 'SA') }), 'INVALID', /seed/],
    ['an authority that is not there', () => nats({ tls: { ca_file: 'gone.pem' } }), 'INVALID', /gone\.pem/],
    ['a key in place of a certificate', () => nats({ tls: { ca_file: key } }), 'INVALID', /not one in PEM/],
    ['a certificate without a key', () => nats({ tls: { ca_file: ca, cert_file: cert } }), 'INVALID', /no key/],
    ['a key without a certificate', () => nats({ tls: { ca_file: ca, key_file: key } }), 'INVALID', /no certificate/],
    ['a certificate for a key', () => nats({ tls: { cert_file: cert, key_file: cert } }), 'INVALID', /no private key/],
  ]
  test.each(bad)('%s', async (name, content, code, message) => {
    const path = await file(`bad ${name}.creds.json`, content())
    const error = await read({ credentialsFile: path }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: `BP_DEVICE_CONNECT_CREDENTIALS_${code}`, next: expect.stringMatching(/./) })
    expect(error.message).toMatch(message)
    expect(JSON.stringify(error.toJSON())).not.toContain(seed)
    expect(JSON.stringify(error.toJSON())).not.toContain(jwt)
  })

  test('what is over by now', async () => {
    const path = await file('g.creds.json', nats())
    await expect(read({ credentialsFile: path, now: now + 3_600_001 })).rejects.toMatchObject({
      code: 'BP_DEVICE_CONNECT_CREDENTIALS_EXPIRED',
      details: { what: 'JWT' },
    })
    const press = join(fixtures, 'press-4.creds.json')
    await expect(read({ credentialsFile: press, now: Date.parse('2200-01-01') })).rejects.toMatchObject({
      code: 'BP_DEVICE_CONNECT_CREDENTIALS_EXPIRED',
      details: { what: expect.stringContaining('certificate') },
    })
  })

  test('a file that is not there, the wrong section, and a backend that is none', async () => {
    await expect(readCredentialsFile(join(dir, 'none.creds'))).rejects.toMatchObject({
      code: 'BP_DEVICE_CONNECT_CREDENTIALS_INVALID',
      message: expect.stringContaining('there is no such file'),
    })
    const press = join(fixtures, 'press-4.creds.json')
    await expect(read({ credentialsFile: press, urls: 'nats://a' })).rejects.toThrow(/no section 'nats'/)
    await expect(read({ env: { MESSAGING_BACKEND: 'mqtt' } })).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
    await expect(read({ urls: 'mqtt://a' })).rejects.toMatchObject({ code: 'BP_INVALID_ARGUMENT' })
  })
})

test.each([
  ['zenoh://h:7447', 'tcp/h:7447'],
  ['zenoh+tls://h', 'tls/h:7447'],
  ['tcp/h:1', 'tcp/h:1'],
  ['tls/h', 'tls/h:7447'],
  ['h:5', 'tcp/h:5'],
  ['[::1]', 'tcp/[::1]:7447'],
])('the address %s is %s to Zenoh', async (url, endpoint) => {
  expect(await zenohConfig({ urls: [url] })).toMatchObject({ connect: { endpoints: [endpoint] } })
})

async function text(path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  return readFile(path, 'utf8')
}
