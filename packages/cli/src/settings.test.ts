import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeIo } from '../test/io.ts'
import { serversOf } from './network.ts'
import { type Flags, readSettings } from './settings.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'backplane-settings-'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const read = (flags: Flags = {}, env: Record<string, string> = {}) => readSettings(flags, fakeIo({ cwd, env }).io)
const config = (content: unknown, file = 'backplane.json') =>
  writeFileSync(join(cwd, file), typeof content === 'string' ? content : JSON.stringify(content))

test('has defaults, and no servers: a local host brings its own', () => {
  const { from, ...settings } = read()
  expect(new Set(Object.values(from))).toEqual(new Set(['default']))
  expect(settings).toEqual({
    preset: 'local',
    deviceId: 'plugin-host-1',
    tenant: 'default',
    plugins: join(cwd, 'plugins'),
    autoLoad: true,
    installDependencies: false,
    brokerPort: 4222,
    bridge: 'ws://127.0.0.1:10000',
    allowInsecure: false,
    logLevel: 'warn',
  })
  expect(serversOf({ ...settings, from })).toEqual(['nats://127.0.0.1:4222'])
})

test('goes by flags, then environment, then file, then defaults', () => {
  config({ deviceId: 'file', tenant: 'file', plugins: 'from-file', logLevel: 'debug' })
  const env = { BACKPLANE_DEVICE_ID: 'env', BACKPLANE_TENANT: 'env' }
  expect(read({ deviceId: 'flag' }, env)).toMatchObject({
    deviceId: 'flag',
    tenant: 'env',
    plugins: join(cwd, 'from-file'),
    logLevel: 'debug',
    brokerPort: 4222,
  })
})

test.each([
  ['deviceId', 'BACKPLANE_DEVICE_ID', 'DC_PLUGIN_DEVICE_ID', 'DEVICE_ID'],
  ['tenant', 'BACKPLANE_TENANT', 'DC_PLUGIN_TENANT', 'TENANT'],
  ['plugins', 'BACKPLANE_PLUGINS', 'DC_PLUGIN_CAPABILITIES_DIR', 'CAPABILITIES_DIR'],
  ['nats', 'BACKPLANE_NATS', 'MESSAGING_URLS', 'NATS_URL'],
] as const)("takes %s from its own variable before Device Connect's; an empty one is not set", (name, ...variables) => {
  for (const [index, variable] of variables.entries()) {
    const later = variables.slice(index + 1).map((one) => [one, '/later'])
    const sooner = variables.slice(0, index).map((one) => [one, ''])
    const env = { ...Object.fromEntries([...sooner, ...later]), [variable]: '/this' }
    expect(read({}, env)[name]).toBe('/this')
  }
})

test("understands the driver's ways of writing truth and levels", () => {
  for (const no of ['0', 'false', 'No', 'OFF'])
    expect(read({}, { DC_PLUGIN_AUTO_LOAD: no })).toMatchObject({ autoLoad: false })
  for (const yes of ['1', 'True', 'yes', 'on'])
    expect(read({}, { DC_PLUGIN_AUTO_LOAD: yes })).toMatchObject({ autoLoad: true })
  expect(read({ autoLoad: false }, { DC_PLUGIN_AUTO_LOAD: '1' })).toMatchObject({ autoLoad: false })
  expect(read({}, { DC_PLUGIN_LOG_LEVEL: 'WARNING' })).toMatchObject({ logLevel: 'warn' })
})

test('prefers a broker port that is nearer than the servers', () => {
  const env = { NATS_URL: 'nats://a:1, nats://b:2,' }
  expect(serversOf(read({}, env))).toEqual(['nats://a:1', 'nats://b:2'])
  expect(serversOf(read({ brokerPort: '7' }, env))).toEqual(['nats://127.0.0.1:7'])
  expect(serversOf(read({ nats: 'nats://c:3' }, { BACKPLANE_BROKER_PORT: '7' }))).toEqual(['nats://c:3'])
  expect(() => read({ nats: 'nats://c:3', brokerPort: '7' })).toThrow(/exclude/)
})

test.each([
  [{}, {}, 'local', 'default'],
  [{ bridge: 'ws://a:1' }, {}, 'edge', '--bridge'],
  [{ credentials: 'a.creds.json' }, {}, 'portal', '--credentials'],
  [{}, { MESSAGING_BACKEND: 'zenoh' }, 'edge', 'MESSAGING_BACKEND'],
  [{ nats: 'nats://a' }, { MESSAGING_BACKEND: 'zenoh' }, 'local', 'default'],
  [{}, { DC_PLUGIN_PORTAL: 'on' }, 'portal', 'DC_PLUGIN_PORTAL'],
  [{}, { DEVICE_CONNECT_PORTAL: 'no', MESSAGING_BACKEND: 'nats' }, 'local', 'default'],
  [{ preset: 'local' }, { DEVICE_CONNECT_PORTAL: '1' }, 'local', '--preset'],
] as const)('takes %j with %j for the preset %s, by %s', (flags, env, preset, from) => {
  const settings = read(flags, env)
  expect(settings.preset).toBe(preset)
  expect(settings.from.preset).toBe(from)
})

test('takes paths in a config file relative to it, and a list for servers', () => {
  mkdirSync(join(cwd, 'etc'))
  config({ plugins: 'p', stateDir: '/s', nats: ['nats://a:1', 'nats://b:2'], autoLoad: false }, 'etc/host.json')
  const expected = { plugins: join(cwd, 'etc/p'), stateDir: '/s', nats: 'nats://a:1,nats://b:2', autoLoad: false }
  expect(read({ config: 'etc/host.json' })).toMatchObject(expected)
  expect(read({}, { BACKPLANE_CONFIG: 'etc/host.json' })).toMatchObject(expected)
})

test.each([
  [{ brokerPort: '70000' }, '--broker-port'],
  [{ brokerPort: '' }, '--broker-port'],
  [{ logLevel: 'loud' }, '--log-level'],
  [{ preset: 'mesh' }, '--preset'],
  [{ discoveryMode: 'dns' }, '--discovery-mode'],
  [{ deviceId: '' }, '--device-id'],
])('refuses %j and names it', (flags, named) => {
  expect(() => read(flags)).toThrow(expect.objectContaining({ code: 'BP_CLI_USAGE' }))
  expect(() => read(flags)).toThrow(named)
})

test.each([{}, { preset: 'local' }, { nats: 'nats://a' }])('refuses a backend that is not spoken, with %j', (flags) => {
  for (const MESSAGING_BACKEND of ['mqtt', 'natz', 'NATS2']) {
    expect(() => read(flags, { MESSAGING_BACKEND })).toThrow(/^MESSAGING_BACKEND: /)
  }
  for (const MESSAGING_BACKEND of ['NATS', 'nats', '']) expect(() => read(flags, { MESSAGING_BACKEND })).not.toThrow()
})

test('refuses an unusable variable and names it', () => {
  expect(() => read({}, { DC_PLUGIN_AUTO_LOAD: 'maybe' })).toThrow(/^DC_PLUGIN_AUTO_LOAD: 'maybe' is neither/)
})

test.each([
  ['no JSON', '{"a":'],
  ['no object', '[]'],
  ['an unknown setting', { deviceid: 'x' }],
  ['a value that cannot be', { plugins: {} }],
  ['null', { nats: null }],
  ['a list that cannot be', { nats: [1] }],
])('refuses a config file with %s', (_, content) => {
  config(content)
  expect(() => read()).toThrow(expect.objectContaining({ code: 'BP_CLI_CONFIG' }))
})

test('refuses a config file that is named and is not there', () => {
  expect(() => read({ config: 'nowhere.json' })).toThrow(expect.objectContaining({ code: 'BP_CLI_CONFIG' }))
})
