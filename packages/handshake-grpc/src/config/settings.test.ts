import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../tls/certificate.ts'
import { clientInit } from './client-init.ts'
import { loadSettings } from './settings.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('loadSettings', () => {
  it.each([
    ['a.yaml', 'command: ./kv\nargs: [a, b c]\nautoMtls: true\nstartTimeoutMs: 500\nrateLimitPerSecond: 2.5\n'],
    ['a.json', '{"command":"./kv","args":["a","b c"],"autoMtls":true,"startTimeoutMs":500,"rateLimitPerSecond":2.5}'],
    [
      'a.toml',
      'command = "./kv"\nargs = ["a", "b c"]\nautoMtls = true\nstartTimeoutMs = 500\nrateLimitPerSecond = 2.5\n',
    ],
  ])('reads %s', async (name, text) => {
    expect(await loadSettings({ file: file(name, text), env: {} })).toEqual({
      command: './kv',
      args: ['a', 'b c'],
      autoMtls: true,
      startTimeoutMs: 500,
      rateLimitPerSecond: 2.5,
    })
  })

  it('lets variables win over the file, and the file over code', async () => {
    const settings = await loadSettings({
      code: { command: 'code', cwd: 'code', gracePeriodMs: 1 },
      file: file('b.yaml', 'command: file\ncwd: file\n'),
      env: { BACKPLANE_PLUGIN_COMMAND: 'env', BACKPLANE_PLUGIN_AUTO_MTLS: 'off', BACKPLANE_PLUGIN_ARGS: 'x y' },
    })
    expect(settings).toEqual({ command: 'env', cwd: 'file', gracePeriodMs: 1, autoMtls: false, args: ['x', 'y'] })
  })

  it('reads file:// values', async () => {
    const url = pathToFileURL(file('cookie', 'secret\n')).href
    expect(await loadSettings({ env: { MY_COOKIE_VALUE: url }, prefix: 'MY' })).toEqual({ cookieValue: 'secret' })
  })

  it.each([
    [
      { env: { BACKPLANE_PLUGIN_START_TIMEOUT_MS: 'soon' } },
      /startTimeoutMs is not valid: "soon" is not a whole number/,
    ],
    [{ env: { BACKPLANE_PLUGIN_AUTO_MTLS: 'maybe' } }, /"maybe" is not true or false/],
    [{ env: { BACKPLANE_PLUGIN_CURVE: 'P-1' } }, /not P-256, P-384 or P-521/],
    [{ env: { BACKPLANE_PLUGIN_COMMAND: '' } }, /"" is not a text/],
    [{ env: { BACKPLANE_PLUGIN_ARGS: '[1]' } }, /not a list of texts/],
    [{ env: { BACKPLANE_PLUGIN_RATE_LIMIT_PER_SECOND: '0' } }, /not a number above 0/],
    [{ env: { BACKPLANE_PLUGIN_TLS_CA: 'file:///nowhere' } }, /ENOENT/],
    [{ env: {}, code: { comand: 'x' } as never }, /there is no such setting; there are command/],
    [{ env: {}, file: '/nowhere.yaml' }, /ENOENT/],
    [{ env: {}, file: '/etc/passwd' }, /must end in/],
  ])('refuses what is wrong, with its place (%#)', async (init, text) => {
    await expect(loadSettings(init)).rejects.toThrow(expect.objectContaining({ code: 'BP_HANDSHAKE_SETTINGS' }))
    await expect(loadSettings(init)).rejects.toThrow(text)
  })

  it.each([
    ['c.yaml', '- a list'],
    ['c.json', '{'],
    ['c.toml', 'a = '],
    ['d.yaml', 'args: {}'],
  ])('refuses the file %s', async (name, text) => {
    await expect(loadSettings({ env: {}, file: file(name, text) })).rejects.toMatchObject({
      code: 'BP_HANDSHAKE_SETTINGS',
    })
  })
})

describe('clientInit', () => {
  const handshake = { cookieKey: 'K', cookieValue: 'V' }

  it('makes options of everything that is set', async () => {
    const identity = makeCertificate({ curve: 'P-256' })
    const settings = await loadSettings({
      env: {},
      code: {
        command: './kv',
        autoMtls: true,
        curve: 'P-256',
        minPort: 1,
        socketDir: '/tmp',
        checksum: 'ab',
        checksumFiles: ['x'],
        tlsCa: identity.cert,
        tlsCert: identity.cert,
        tlsKey: identity.key,
        retryAttempts: 2,
        rateLimitPerSecond: 5,
        healthIntervalMs: 7,
      },
    })
    expect(clientInit(settings, handshake)).toEqual({
      handshake,
      command: './kv',
      autoMtls: { curve: 'P-256' },
      ports: { min: 1, max: 25_000 },
      unixSocket: { dir: '/tmp' },
      secure: { checksum: 'ab', files: ['x'] },
      tls: { ca: identity.cert, identity: { cert: identity.cert, key: identity.key } },
      retry: { attempts: 2 },
      rateLimit: { perSecond: 5 },
      health: { intervalMs: 7 },
    })
  })

  it('needs a cookie, and a key for a certificate', () => {
    expect(() => clientInit({ command: 'x' })).toThrow(/cookieKey/)
    expect(() => clientInit({ tlsCert: 'x' }, handshake)).toThrow(/tlsKey/)
  })
})
