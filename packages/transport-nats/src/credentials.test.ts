import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCreds, readCredentials } from './credentials.ts'

const jwt = 'eyJ0eXAi.payload.signature'
const seed = 'SUAMK2FG4MI6UE3ACF3FK3OIQBCEIEZV7NSWFFEW63UXMRLFM2XLAXK4GY'
const creds = `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`
const issued = {
  device_id: 'lab-1',
  auth_type: 'jwt',
  tenant: 'lab',
  nats: { urls: ['nats://h:4222'], jwt, nkey_seed: seed },
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backplane-creds-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(content: unknown): string {
  const path = join(folder, 'x.creds.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

describe('a .creds text', () => {
  test('gives its JWT and seed, with either kind of line end', () => {
    expect(parseCreds(creds)).toEqual({ jwt, nkeySeed: seed })
    expect(parseCreds(creds.replaceAll('\n', '\r\n'))).toEqual({ jwt, nkeySeed: seed })
  })

  test('that lacks one of them is refused, without being repeated', () => {
    for (const text of ['', 'x', creds.slice(0, creds.indexOf('****'))]) {
      const error = catching(() => parseCreds(text))
      expect(error).toMatchObject({ code: 'BP_CREDENTIALS_INVALID' })
      expect(JSON.stringify(error)).not.toContain(jwt)
    }
  })
})

describe('a credentials file', () => {
  test('of Device Connect gives servers, identity and TLS files', async () => {
    const tls = { ca_file: '/ca.pem', cert_file: '/c.pem', key_file: '/k.pem' }
    expect(await readCredentials(file({ ...issued, nats: { ...issued.nats, tls } }))).toEqual({
      credentials: { jwt, nkeySeed: seed },
      servers: ['nats://h:4222'],
      tls: { caFile: '/ca.pem', certFile: '/c.pem', keyFile: '/k.pem' },
      deviceId: 'lab-1',
      tenant: 'lab',
    })
  })

  test('of its portal has the PEM texts in place of file names', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n'
    for (const tls of [{ ca_file: pem }, { ca_pem: pem }]) {
      const read = await readCredentials(file({ ...issued, nats: { ...issued.nats, tls } }))
      expect(read.tls).toEqual({ ca: pem })
    }
  })

  test('of the classic kind is taken as it is', async () => {
    expect(await readCredentials(file(creds))).toEqual({ credentials: { creds }, servers: [] })
  })

  test.each([
    ['{', 'not JSON'],
    ['{}', 'no nats.jwt'],
    [{ nats: { jwt } }, 'no nats.nkey_seed'],
    [{ nats: null }, 'no nats.jwt'],
    [{ zenoh: { urls: [] } }, 'no nats.jwt'],
    [{ nats: { jwt: 5, nkey_seed: seed } }, 'no nats.jwt'],
  ])('%j is refused, with its name and the reason', async (content, reason) => {
    const path = file(content)
    const error = await readCredentials(path).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'BP_CREDENTIALS_INVALID' })
    expect(error.message).toContain(path)
    expect(error.message).toContain(reason)
    expect(JSON.stringify(error)).not.toContain(seed)
  })

  test('that is not there is told with its name', async () => {
    const error = await readCredentials(join(folder, 'none.creds')).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'BP_CREDENTIALS_INVALID', message: expect.stringContaining('none.creds') })
  })
})

function catching(run: () => unknown): unknown {
  try {
    return run()
  } catch (thrown) {
    return thrown
  }
}
