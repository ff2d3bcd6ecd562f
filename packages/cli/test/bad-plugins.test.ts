import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { putPlugin, run, type Up, up } from './command.ts'

// Each test starts processes, on machines that may be slow.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const offering = (...names: string[]) =>
  `export default { functions: { ${names.map((name) => `${name}: () => '${name}'`).join(', ')} } }`

let home: string
let host: Up

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'backplane-bad-'))
  await mkdir(join(home, 'no-plugin'))
  await putPlugin(home, 'broken-json', offering('a'), '{"id": "broken-json",')
  await putPlugin(home, 'bad-manifest', offering('a'), { functions: [{ name: 'not a name' }] })
  await putPlugin(home, 'escaping', offering('a'), { entry_point: '../good/plugin.mjs' })
  await putPlugin(home, 'no-code', offering('a'), { entry_point: 'missing.mjs' })
  await putPlugin(home, 'syntax', 'export default {')
  await putPlugin(home, 'throws-at-import', `throw new Error('on purpose at import')`)
  await putPlugin(home, 'throws-in-setup', `export default { setup() { throw new Error('on purpose in setup') } }`)
  await putPlugin(home, 'exits-in-setup', `export default { setup() { process.exit(3) } }`)
  await putPlugin(home, 'hangs', `export default { setup: () => new Promise(() => {}) }`, {
    limits: { start_timeout_ms: 700 },
  })
  await putPlugin(home, 'spins', `export default { setup() { for (;;); } }`, { limits: { start_timeout_ms: 700 } })
  await putPlugin(
    home,
    'floods',
    `export default { functions: { flood(_, { logger }) { for (let i = 0; i < 50_000; i++) logger.warn('line ' + i); return 'done' } } }`,
    { limits: { log_lines_per_second: 100 } },
  )
  await putPlugin(home, 'exits', `export default { functions: { die() { process.exit(3) }, live: () => 'alive' } }`)
  await putPlugin(home, 'good', offering('fine', 'shared', 'get_status'))
  await putPlugin(home, 'later', offering('shared'))
  await putPlugin(home, 'twin', offering('twin'), { id: 'good' })
  host = await up(home)
})
afterAll(async () => {
  await host?.[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

test('each bad plugin fails with its code and a next step, and the rest are loaded', async () => {
  // On a busy machine some come after the overview, so what was said of each is taken, early or late.
  const failed = () =>
    host.process.err
      .split('\n')
      .filter((line) => line.startsWith('{"warning":'))
      .map((line) => JSON.parse(line).warning as { about: string; code: string; next: string })
  await expect.poll(() => failed().length, { timeout: 60_000 }).toBe(11)
  expect(
    failed()
      .map(({ about, code }) => [about.slice('Not loaded: '.length, -1), code])
      .sort(),
  ).toEqual([
    ['bad-manifest', 'BP_MANIFEST_INVALID'],
    ['broken-json', 'BP_MANIFEST_INVALID'],
    ['escaping', 'BP_MANIFEST_INVALID'],
    ['exits-in-setup', expect.stringMatching(/^BP_PLUGIN_(LOAD_FAILED|EXITED)$/)],
    ['hangs', 'BP_TIMEOUT'],
    ['no-code', 'BP_PLUGIN_LOAD_FAILED'],
    ['spins', 'BP_TIMEOUT'],
    ['syntax', 'BP_PLUGIN_LOAD_FAILED'],
    ['throws-at-import', 'BP_PLUGIN_LOAD_FAILED'],
    ['throws-in-setup', 'BP_PLUGIN_LOAD_FAILED'],
    ['twin', 'BP_PLUGIN_ID_TAKEN'],
  ])
  for (const { next } of failed()) expect(next).toMatch(/[.!)]$/)

  const listed = async () => Object.keys(JSON.parse((await run(['list', '--json', ...host.nats])).out).loaded).sort()
  await expect.poll(listed, { timeout: 20_000 }).toEqual(['exits', 'floods', 'good', 'later'])
}, 90_000)

test('the first owner keeps a bare name, qualified names reach both, and no plugin shadows the host', async () => {
  expect((await run(['invoke', 'good.shared', ...host.nats])).out).toBe('"shared"\n')
  expect((await run(['invoke', 'later.shared', ...host.nats])).out).toBe('"shared"\n')
  expect((await run(['invoke', 'get_status', ...host.nats])).out).toContain('"status":"success"')
  expect((await run(['invoke', 'good.get_status', ...host.nats])).out).toBe('"get_status"\n')
})

test('a plugin that exits comes back, and takes nobody with it', async () => {
  const died = await run(['invoke', 'die', ...host.nats])
  expect(died).toMatchObject({ code: 1, out: '' })
  expect((await run(['invoke', 'fine', ...host.nats])).out).toBe('"fine"\n')
  await expect
    .poll(async () => (await run(['invoke', 'live', ...host.nats])).out, { timeout: 20_000 })
    .toBe('"alive"\n')
})

test('a plugin that floods its log is cut down, and the host answers on', async () => {
  expect((await run(['invoke', 'flood', ...host.nats])).out).toBe('"done"\n')
  expect((await run(['invoke', 'fine', ...host.nats])).out).toBe('"fine"\n')
  host.process.kill('SIGTERM')
  const { code, err } = await host.process.ended
  expect(code).toBe(0)
  expect(err.split('\n').filter((line) => line.includes('line ')).length).toBeLessThan(5_000)
})
