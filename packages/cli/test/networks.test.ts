import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { natsBroker } from '@backplane/nats-broker'
import { natsTransport } from '@backplane/transport-nats'
import { encodeUser } from '@nats-io/jwt'
import { createAccount, createUser } from '@nats-io/nkeys'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { run, start } from './command.ts'

// Each test starts processes, on machines that may be slow.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })
/** Who asks who is there may miss somebody that pauses while it asks; it is asked again. */
const patience = { timeout: 60_000 }

const broker = natsBroker({ port: 0 })()
const hostile = 'evil\u001B[2J\u009B31m\u202E'
const open: AsyncDisposable[] = []
let nats: string[]
let dir: string

/** A device of this process. */
async function device(deviceId: string, more: { location?: string; battery?: number; functions?: readonly string[] }) {
  const { location, battery, functions = ['work'] } = more
  const join = deviceConnect({
    transport: natsTransport({ servers: broker.url }),
    status: () => ({ battery: battery ?? 50 }),
  })
  const identity = { deviceId, deviceType: 'lamp', ...(location ? { location } : {}) }
  const mesh = join({ identity, logger: silentLogger, clock: systemClock })
  mesh.serve(async ({ name, params }) => {
    if (name === 'fail') throw new Error(`no light ${hostile}`)
    return { device: deviceId, ...params }
  })
  mesh.advertise({ revision: 1, functions: functions.map((name) => ({ name })), events: [] })
  await mesh.connect()
  open.push(mesh)
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backplane-networks-'))
  await broker.listen()
  nats = ['--nats', broker.url]
  await device('lamp-1', { location: 'hall', battery: 80 })
  await device('lamp-2', { location: 'hall', battery: 20 })
  await device('lamp-3', { functions: ['work', 'fail', hostile] })
})
afterAll(async () => {
  for (const mesh of open) await mesh[Symbol.asyncDispose]()
  await broker.close()
  await rm(dir, { recursive: true, force: true })
})

test('discover ends after --limit, and gives all in one line of JSON', async () => {
  const some = await run(['discover', '--limit', '2', '--json', ...nats])
  expect(JSON.parse(some.out)).toHaveLength(2)
  const all = async () => {
    const { out } = await run(['discover', 'device(type:lamp)', '--json', ...nats])
    return (JSON.parse(out) as { deviceId: string }[]).map(({ deviceId }) => deviceId).sort()
  }
  await expect.poll(all, patience).toEqual(['lamp-1', 'lamp-2', 'lamp-3'])
  expect((await run(['discover', 'device(type:none)', ...nats])).out).toBe('Nobody answered.\n')
  expect((await run(['discover', '--limit', '0', ...nats])).code).toBe(2)
})

test('what a device says of itself does nothing to a terminal', async () => {
  const listed = await run(['discover', 'device(lamp-3)', ...nats])
  expect(listed.out).toContain('evil\\u001b[2J\\u009b31m\\u202e')
  const failed = await run(['invoke', 'fail', '--device', 'lamp-3', ...nats])
  const json = await run(['discover', '--json', ...nats])
  for (const text of [listed.out, failed.err, json.out]) {
    for (const one of ['\u001B', '\u009B', '\u202E']) expect(text).not.toContain(one)
  }
  expect(json.out).toContain(
    JSON.stringify(hostile).slice(1, -1).replace('\u009B', '\\u009b').replace('\u202E', '\\u202e'),
  )
})

test('fleet counts who is there', async () => {
  const counted = async () => {
    const { code, out } = await run(['fleet', '--json', ...nats])
    return { code, ...JSON.parse(out) }
  }
  await expect.poll(counted, patience).toEqual({
    code: 0,
    total_devices: 3,
    total_functions: 5,
    by_type: { lamp: 3 },
    by_location: { hall: 2, unknown: 1 },
    unavailable: [],
  })
  const told = async () => (await run(['fleet', ...nats])).out
  await expect
    .poll(told, patience)
    .toMatch(/^3 devices, 5 functions\n\nTYPE +DEVICES\nlamp +3\n\nLOCATION +DEVICES\nhall +2/)
})

describe('broadcast', () => {
  const lines = (out: string) => out.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))

  test('prints each reply, of those whom the predicate means', async () => {
    const where = ['--where', 'status.battery >= bindings.least', '--bindings', '{"least":50}', '--until', '2']
    const { code, out } = await run(['broadcast', 'work', '--params', '{"n":1}', ...where, '--json', ...nats])
    expect(code).toBe(0)
    expect(lines(out).sort((a, b) => a.device.localeCompare(b.device))).toEqual([
      { device: 'lamp-1', ok: true, result: { device: 'lamp-1', n: 1 }, firedAt: expect.any(Number) },
      { device: 'lamp-3', ok: true, result: { device: 'lamp-3', n: 1 }, firedAt: expect.any(Number) },
    ])
  })

  test('goes to the selected, at a time', async () => {
    const soon = Date.now() + 3000
    const args = ['--select', 'device(location:hall)', '--at', '+3', '--json']
    const { code, out } = await run(['broadcast', 'work', ...args, ...nats])
    expect(code).toBe(0)
    expect(
      lines(out)
        .map(({ device }) => device)
        .sort(),
    ).toEqual(['lamp-1', 'lamp-2'])
    expect(lines(out).every(({ firedAt }) => firedAt >= soon)).toBe(true)
  })

  test('fails with what the devices say, with nobody, and with what is no predicate', async () => {
    const failed = await run(['broadcast', 'fail', '--select', 'device(lamp-3)', ...nats])
    expect(failed).toMatchObject({ code: 1, out: expect.stringMatching(/^lamp-3 failed: no light/) })
    const nobody = await run(['broadcast', 'work', '--where', 'false', '--timeout', '3000', ...nats])
    expect(nobody).toMatchObject({ code: 4, out: '', err: expect.stringContaining('BP_CLI_NO_REPLY') })
    const none = await run(['broadcast', 'work', '--select', 'device(type:door)', ...nats])
    expect(none).toMatchObject({ code: 4, err: expect.stringContaining('BP_CLI_NOBODY_SELECTED') })
    for (const wrong of [
      ['--where', 'status.'],
      ['--bindings', '[]'],
      ['--at', 'soon'],
      ['--late', 'never'],
      ['--until', '-1'],
    ]) {
      expect(await run(['broadcast', 'work', ...wrong, ...nats])).toMatchObject({ code: 2, out: '' })
    }
  })
})

describe('doctor', () => {
  interface Report {
    readonly ok: boolean
    readonly checks: readonly { readonly name: string; readonly state: string; readonly facts?: object }[]
  }
  const report = async (args: readonly string[], env: Record<string, string> = {}) => {
    const { code, out, err } = await run(['doctor', '--json', ...args], { cwd: dir, env })
    const { ok, checks } = JSON.parse(out) as Report
    return { code, ok, err, states: Object.fromEntries(checks.map(({ name, state }) => [name, state])), checks }
  }

  test('says that all is well, and what it found', async () => {
    const { code, ok, states } = await report(nats)
    expect({ code, ok }).toEqual({ code: 0, ok: true })
    expect(states).toEqual({
      node: 'ok',
      backplane: 'ok',
      packages: 'ok',
      settings: 'ok',
      credentials: 'skipped',
      broker: 'ok',
      registry: 'skipped',
      devices: 'ok',
      clock: 'ok',
    })
    const devices = async () => (await report(nats)).checks.find(({ name }) => name === 'devices')?.facts
    await expect.poll(devices, patience).toEqual({ devices: ['lamp-1', 'lamp-2', 'lamp-3'] })
  })

  test('says where a setting is from, and that a registry is missing where one is needed', async () => {
    const { code, states, checks } = await report(nats, { DEVICE_CONNECT_DISCOVERY_MODE: 'infra' })
    expect(code).toBe(4)
    expect(states).toMatchObject({ broker: 'ok', registry: 'failed', devices: 'ok' })
    expect(checks.find(({ name }) => name === 'settings')?.facts).toMatchObject({
      from: { nats: '--nats', discoveryMode: 'DEVICE_CONNECT_DISCOVERY_MODE' },
    })
  })

  test("says that another's clock is wrong", async () => {
    const wire = natsTransport({ servers: broker.url })({ logger: silentLogger, clock: systemClock })
    await wire.connect()
    const late = () => JSON.stringify({ device_id: 'late', ts: Date.now() / 1000 - 90 })
    await wire.subscribe('device-connect.t2.discovery.probe', () =>
      wire.publish('device-connect.t2.late.presence', new TextEncoder().encode(late())),
    )
    await wire.flush()
    const { code, checks } = await report(['--tenant', 't2', ...nats])
    await wire.close()
    expect(code).toBe(0)
    expect(checks.find(({ name }) => name === 'clock')).toMatchObject({
      state: 'warning',
      next: expect.stringContaining('NTP'),
    })
  })

  test.each([
    ['broker', ['--nats', 'nats://127.0.0.1:1'], /Check that it runs/],
    ['bridge', ['--bridge', 'ws://127.0.0.1:1'], /backplane zenoh-bridge/],
  ])('says that no %s is there, and what to do', async (name, args, next) => {
    const { code, out } = await run(['doctor', ...args], { cwd: dir })
    expect(code).toBe(4)
    expect(out).toMatch(new RegExp(`failed +${name} .*BP_CONNECT_FAILED`))
    expect(out).toMatch(next)
  })
})

describe('credentials', () => {
  async function issued(name: string, exp: number): Promise<string> {
    const user = createUser()
    const jwt = await encodeUser('device', user, createAccount(), {}, { exp })
    const nkey_seed = new TextDecoder().decode(user.getSeed())
    const path = join(dir, name)
    const nats = { urls: [broker.url], jwt, nkey_seed }
    await writeFile(path, JSON.stringify({ device_id: 'dev-1', tenant: 'dev', nats }))
    return path
  }

  test.each(['up', 'list', 'discover'])(
    '%s with a portal and none says so, before anything is started',
    async (command) => {
      const ended = await run([command, '--preset', 'portal', '--credentials-dir', join(dir, 'none')], { cwd: dir })
      expect(ended).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringContaining('BP_DEVICE_CONNECT_CREDENTIALS_MISSING'),
      })
    },
  )

  test('that have expired are told from those that soon do', async () => {
    const old = await issued('old.creds.json', 1_700_000_000)
    const ended = await run(['up', '--credentials', old], { cwd: dir })
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('BP_DEVICE_CONNECT_CREDENTIALS_EXPIRED') })
    const soon = await issued('soon.creds.json', Math.round(Date.now() / 1000) + 3_600)
    const { code, out } = await run(['doctor', '--credentials', soon, '--discovery-mode', 'd2d'], { cwd: dir })
    expect({ code }).toEqual({ code: 0 })
    expect(out).toMatch(
      /warning +credentials +\S+soon\.creds\.json \(by --credentials\), of 'dev-1' in tenant 'dev'; they end on/,
    )
  })
})

test('who calls with credentials may call other devices, and cannot be another itself', async () => {
  const issuedTo = join(dir, 'press.creds.json')
  const user = createUser()
  const jwt = await encodeUser('device', user, createAccount(), {})
  const section = { urls: [broker.url], jwt, nkey_seed: new TextDecoder().decode(user.getSeed()) }
  await writeFile(issuedTo, JSON.stringify({ device_id: 'dev-1', tenant: 'default', nats: section }))
  const network = ['--credentials', issuedTo, '--discovery-mode', 'd2d']
  const env = { DEVICE_ID: 'lamp-1' }
  const called = await run(['invoke', 'work', ...network], { cwd: dir, env })
  expect(called).toMatchObject({ code: 0, out: '{"device":"lamp-1"}\n' })
  const status = await run(['status', '--device', 'nobody', ...network], { cwd: dir })
  expect(status).toMatchObject({ code: 4, err: expect.stringContaining('BP_NO_RESPONDER') })
  for (const command of ['up', 'doctor']) {
    const ended = await run([command, ...network], { cwd: dir, env })
    expect(ended.code).toBe(1)
    expect(ended.out + ended.err).toContain('BP_DEVICE_CONNECT_CREDENTIALS_MISMATCH')
  }
  const unregistered = await run(['discover', '--credentials', issuedTo], { cwd: dir })
  expect(unregistered).toMatchObject({ code: 4, err: expect.stringContaining('REGISTRY_UNAVAILABLE') })
})

test('a host says that the network is away, once, and that it is back', async () => {
  const first = natsBroker({ port: 0 })()
  await first.listen()
  const port = Number(new URL(first.url).port)
  await using host = start(['up', '--nats', first.url, '--device-id', 'lonely'], { cwd: dir })
  await host.printed(/Ctrl\+C stops the host/)
  await first.close()
  await host.printed(/The mesh is away/)
  await using second = natsBroker({ port })()
  await second.listen()
  await host.printed(/The mesh is back/)
  expect(host.err.match(/The mesh is away/g)).toHaveLength(1)
})

test('a host of the edge preset says that no bridge is there, and how to get one', async () => {
  await using host = start(['up', '--bridge', 'ws://127.0.0.1:1'], { cwd: dir })
  const { code, err } = await host.ended
  expect(code).toBe(4)
  expect(err).toMatch(/BP_CONNECT_FAILED.*\nNext: Run a bridge that listens on ws:\/\/127\.0\.0\.1:1/s)
})
