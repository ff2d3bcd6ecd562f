/** What others see of the command's process: neither its environment nor passwords of its command line. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { up as upCommand } from '../src/commands/up.ts'
import { Reporter } from '../src/reporter.ts'
import { bin, putPlugin, run, start, up } from './command.ts'
import { fakeIo } from './io.ts'

vi.setConfig({ testTimeout: 90_000 })

const look = `import { readFileSync } from 'node:fs'
export default { functions: {
  look: () => readFileSync('/proc/' + process.pid + '/environ', 'latin1'),
  mine: () => process.env.SENSOR_TOKEN ?? null,
} }`

const env = {
  SENSOR_TOKEN: 'hunter2 ä😀=x',
  SOME_SETTING: 'hunter2',
  EMPTY: '',
  NATS_NKEY_SEED: 'hunter2',
  MESSAGING_URLS: 'nats://hunter2@nowhere.invalid:4222',
}

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'backplane-hidden-'))
  for (const isolation of ['none', 'worker'])
    await putPlugin(home, `look-${isolation}`, look, { isolation, permissions: { env: ['SENSOR_TOKEN'] } })
})
afterAll(() => rm(home, { recursive: true, force: true }))

test.runIf(process.platform === 'linux')('nobody finds the environment of the host in /proc', async () => {
  await using host = await up(home, ['--broker-port', '0', '--log-level', 'error'], { env })
  const seen = await readFile(`/proc/${host.process.pid}/environ`, 'latin1')
  expect(seen.length).toBeGreaterThan(100)
  expect(seen.replaceAll('\0', '')).toBe('')
  for (const level of ['none', 'worker']) {
    const call = async (name: string) =>
      JSON.parse((await run(['invoke', `look-${level}.${name}`, ...host.nats])).out) as string
    expect((await call('look')).replaceAll('\0', '')).toBe('')
    expect(await call('mine')).toBe(env.SENSOR_TOKEN)
  }
  expect(host.process.err).toBe('')
})

test.runIf(process.platform === 'linux')(
  'credentials work, and a password of the command line is not shown',
  async () => {
    await using host = await up(home, ['--broker-port', '0', '--log-level', 'error'], { env })
    const [, address = ''] = host.nats
    const withPassword = address.replace('//', '//someone:hunter2@')
    await using command = start(['events', '--nats', withPassword], {})
    const seen = async () => readFile(`/proc/${command.pid}/cmdline`, 'latin1')
    await expect.poll(seen).toContain('nats://***************@')
    expect(await seen()).toContain('events')
    expect((await run(['invoke', 'look-none.mine'], { env: { MESSAGING_URLS: withPassword } })).code).toBe(0)
  },
)

test.each([
  ['SIGTERM', 0],
  ['SIGINT', 130],
] as const)('%s ends it as ever', async (signal, code) => {
  const host = await up(home, ['--broker-port', '0', '--log-level', 'error'], { env })
  host.process.kill(signal)
  expect((await host.process.ended).code).toBe(code)
})

test('in a bare environment, and with no place for temporary files, it runs', async () => {
  for (const bare of [{}, { API_KEY: 'x' }, { API_KEY: 'x', TMPDIR: '/proc/nowhere' }]) {
    const child = spawn(process.execPath, [bin, '--version'], { env: bare })
    let out = ''
    child.stderr.resume()
    child.stdout.on('data', (data) => (out += data))
    await once(child, 'close')
    expect(out).toMatch(/^\d/)
  }
})

test('where the system does not let it, a host names what can be read, and never the values', async () => {
  const controller = new AbortController()
  controller.abort()
  const process = fakeIo({
    env: { API_KEY: 'hunter2', EDITOR: 'vi' },
    environmentHidden: false,
    signal: controller.signal,
  })
  const reporter = new Reporter(process.io, { json: false, quiet: false })
  await upCommand({ brokerPort: '0', plugins: home }, { io: process.io, reporter }).catch(() => {})
  expect(process.err).toMatch(/can read secrets in the environment.*API_KEY/s)
  expect(process.err).not.toMatch(/hunter2|EDITOR/)
})
