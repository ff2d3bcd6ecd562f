import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { putPlugin, run, start, type Up, up } from './command.ts'

// Each test starts processes, on machines that may be slow.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const examples = join(import.meta.dirname, '../../../examples')
let plugins: string
let host: Up

beforeAll(async () => {
  plugins = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  for (const name of ['hello-world', 'demo']) await cp(join(examples, name), join(plugins, name), { recursive: true })
  host = await up(plugins)
})
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  await rm(plugins, { recursive: true, force: true })
})

test('says what it has loaded', () => {
  expect(host.loaded.map(({ id }) => id)).toEqual(['demo', 'hello-world'])
  expect(host.failed).toEqual([])
})

test('the command that it proposes works as it stands', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'sums'))
  await writeFile(join(folder, 'sums', 'manifest.json'), JSON.stringify({ id: 'sums', entry_point: 'plugin.mjs' }))
  const parameters = (type: string) => JSON.stringify({ type: 'object', properties: { x: { type } }, required: ['x'] })
  const code = `export default { functions: {
  area: { parameters: ${parameters('object')}, run: async ({ x }) => x.width * x.height },
  twice: { parameters: ${parameters('number')}, run: async ({ x }) => 2 * x },
} }`
  await writeFile(join(folder, 'sums', 'plugin.mjs'), code)
  await using process = start(['up', '--plugins', folder, '--broker-port', '0'])
  const said = await process.printed(/Ctrl\+C/)
  const [, words = ''] = /npx backplane (invoke .*)/.exec(said) ?? []
  expect(words).toMatch(/^invoke twice --params '\{"x":1\}' --nats /)
  expect(await run(words.replaceAll("'", '').split(' '))).toMatchObject({ code: 0, out: '2\n' })
})

test('invoke prints the result and nothing else', async () => {
  const args = ['invoke', 'hello_world', '--params', '{"name":"plugin"}', ...host.nats]
  expect(await run(args)).toEqual({ code: 0, out: '{"message":"Hello, plugin!"}\n', err: '' })
})

test('parameters that miss the schema are refused with their path, as a usage error', async () => {
  const { code, out, err } = await run(['invoke', 'hello_world', '--params', '{"name":5}', ...host.nats])
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/name must be string.*\[BP_PARAMS_INVALID\]\nNext: /s)
})

test('list, status and discover show the host and its functions, for people and machines', async () => {
  const listed = await run(['list', ...host.nats])
  expect(listed.out).toMatch(/hello-world +0\.1\.0 +running +node +0 +\d.* +hello_world/)
  const status = await run(['status', '--json', ...host.nats])
  expect(JSON.parse(status.out)).toMatchObject({ status: 'success', connected: true, loaded_count: 2 })
  const found = async () =>
    JSON.parse((await run(['discover', 'device(type:plugin_host)', '--json', ...host.nats])).out)
  const functions = ['hello_world', 'load_plugin'].map((name) => expect.objectContaining({ name }))
  await expect
    .poll(found, { timeout: 60_000 })
    .toMatchObject([{ deviceId: 'plugin-host-1', functions: expect.arrayContaining(functions) }])
})

test('unload takes the function back, load and reload bring it again, and events tell of each', async () => {
  const events = start(['events', '--event', 'plugin_loaded', '--count', '2', '--json', ...host.nats])
  const follow = start(['events', '--event', 'plugin_unloaded', '--count', '1', '--json', ...host.nats])
  // A follower is known to listen once it heard something, so it is asked again until it did.
  let heardBoth = false
  const both = Promise.all([events.ended, follow.ended]).finally(() => {
    heardBoth = true
  })
  do {
    const unloaded = await run(['unload', 'hello-world', ...host.nats])
    expect(unloaded).toMatchObject({ code: 0, out: 'Unloaded hello-world\n' })
    const gone = await run(['invoke', 'hello_world', ...host.nats])
    expect(gone).toMatchObject({ code: 1, out: '', err: expect.stringContaining('BP_FUNCTION_UNKNOWN') })
    const loaded = await run(['load', 'hello-world', ...host.nats])
    expect(loaded).toMatchObject({ code: 0, out: 'Loaded hello-world: hello_world\n' })
  } while (!heardBoth)
  const [heard, left] = await both
  expect(JSON.parse(heard.out.split('\n')[0] as string)).toMatchObject({
    device: 'plugin-host-1',
    event: 'plugin_loaded',
    payload: { plugin_id: 'hello-world', functions: ['hello_world'] },
  })
  expect(JSON.parse(left.out)).toMatchObject({ payload: { plugin_id: 'hello-world' } })
  expect(await run(['reload', 'hello-world', ...host.nats])).toMatchObject({
    code: 0,
    out: 'Reloaded hello-world: hello_world\n',
  })
})

test('what a host refuses is an error with the next step', async () => {
  const unloaded = await run(['unload', 'nobody', ...host.nats])
  expect(unloaded).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/Plugin 'nobody' is not loaded.*\nNext: /s),
  })
  const loaded = await run(['load', '../outside', '--json', ...host.nats])
  expect(JSON.parse(loaded.err).error.message).toContain("'../outside'")
})

test('a second host with the same id is refused, and the first is untouched', async () => {
  const second = await run(['up', '--plugins', plugins, ...host.nats])
  expect(second).toMatchObject({ code: 1, out: '', err: expect.stringContaining('BP_IDENTITY_TAKEN') })
  expect((await run(['invoke', 'ping', ...host.nats])).code).toBe(0)
})

test('another host joins under its own id, and is found by what only it offers', async () => {
  const other = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  await run(['new', 'elsewhere', '--dir', other])
  await using second = await up(other, ['--device-id', 'second', ...host.nats])
  expect(second.loaded.map(({ id }) => id)).toEqual(['elsewhere'])
  expect(await run(['invoke', 'greet', ...host.nats])).toMatchObject({ code: 0, out: '{"message":"Hello, world!"}\n' })
  expect(await run(['invoke', 'ping', '--device', 'second', ...host.nats])).toMatchObject({ code: 1 })
  await rm(other, { recursive: true })
})

test('a port in use is said with the two ways out', async () => {
  const port = new URL(host.nats[1]).port
  const { code, err } = await run(['up', '--plugins', plugins, '--broker-port', port, '--device-id', 'other'])
  expect(code).toBe(1)
  expect(err).toContain('[BP_PORT_IN_USE]')
  expect(err).toContain(`--nats nats://127.0.0.1:${port}`)
  expect(err).toContain('--broker-port 0')
})

describe('unreachable', () => {
  test.each([
    ['a broker that is not there', ['list', '--nats', 'nats://127.0.0.1:1'], 'BP_CONNECT_FAILED'],
    ['a host that joins a dead broker', ['up', '--nats', 'nats://127.0.0.1:1'], 'BP_CONNECT_FAILED'],
  ])('%s', async (_, args, code) => {
    expect(await run(args)).toMatchObject({ code: 4, out: '', err: expect.stringContaining(code) })
  })

  test('a device that is not there', async () => {
    const ended = await run(['list', '--device', 'nobody', ...host.nats])
    expect(ended).toMatchObject({ code: 4, err: expect.stringContaining('BP_NO_RESPONDER') })
  })
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 0],
] as const)('%s ends a host gracefully with %i, and nobody listens any more', async (signal, code) => {
  const one = await up(plugins)
  one.process.kill(signal)
  expect(await one.process.ended).toMatchObject({ code })
  expect((await run(['list', ...one.nats])).code).toBe(4)
})

test('SIGINT ends a command that follows', async () => {
  const follow = start(['events', ...host.nats])
  let heard = false
  const hearing = follow.printed(/plugin_loaded/).then(() => {
    heard = true
  })
  while (!heard) await run(['reload', 'demo', ...host.nats])
  await hearing
  follow.kill('SIGINT')
  expect((await follow.ended).code).toBe(130)
})

test('unload --cascade ends those that need the plugin too, and a host that starts again leaves them out', async () => {
  const home = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const folder = join(home, 'plugins')
  const needs = (...plugins: string[]) => ({ dependencies: { plugins } })
  await putPlugin(folder, 'base', 'export default { functions: { base: () => 1 } }')
  await putPlugin(folder, 'top', 'export default { functions: { top: () => 1 } }', needs('base'))
  await putPlugin(folder, 'other', 'export default { functions: { other: () => 1 } }')
  const args = ['--broker-port', '0', '--state-dir', join(home, 'state')]
  {
    await using host = await up(folder, args)
    const refused = await run(['unload', 'base', ...host.nats])
    expect(refused.code).not.toBe(0)
    expect(refused.err).toMatch(/top.*\[BP_PLUGIN_NEEDED\]\nNext: .*cascade/s)
    const unloaded = await run(['unload', 'base', '--cascade', ...host.nats])
    expect(unloaded).toMatchObject({ code: 0, out: 'Unloaded top, base\n' })
  }
  await using again = await up(folder, args)
  expect(again.loaded.map(({ id }) => id)).toEqual(['other'])
})

test('list and status say of which functions the schema cannot be used', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const schema = '{ type: "object", properties: { a: { pattern: "(a)\\\\1" } } }'
  const code = `export default { functions: { bad: { parameters: ${schema}, run: () => 1 }, good: () => 2 } }`
  await putPlugin(folder, 'p', code)
  await using host = await up(folder)
  expect((await run(['list', ...host.nats])).out).toMatch(/bad \(unusable schema\), good/)
  expect((await run(['status', ...host.nats])).out).toMatch(/Unusable p: .*'bad'.*linear time/)
})

test('list says why a plugin is not loaded, and an unknown id what was looked for where', async () => {
  const home = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  await putPlugin(home, 'wrong', 'export default { setup() { throw new TypeError("no sensor") } }')
  await using one = await up(home)
  expect((await run(['list', ...one.nats])).out).toMatch(/wrong +broken.*no sensor.*Next: /s)
  const { err } = await run(['reload', 'nobody', ...one.nats])
  expect(err).toContain(`Cannot reload 'nobody': no folder of ${home}`)
  expect(err).toContain('it has wrong')
})

test('a terminal that closes ends a host as gracefully as SIGTERM does', async () => {
  const home = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  await putPlugin(
    home,
    'late',
    'export default { functions: { a: () => 1 }, teardown({ logger }) { logger.warn("flushed") } }',
  )
  await using one = await up(home)
  one.process.kill('SIGHUP')
  expect(await one.process.ended).toMatchObject({ code: 0, err: expect.stringContaining('flushed') })
})

test('configuration of a running host is read and changed, and its plugin runs with it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const config = { word: { type: 'string', description: 'Word', default: 'Hello' } }
  await putPlugin(home, 'say', 'export default { functions: { say: (_, { config }) => config.word } }', { config })
  await using one = await up(home)
  expect((await run(['config', 'set', 'say', 'word=Hi', ...one.nats])).out).toBe('word: Hello -> Hi\n')
  expect((await run(['invoke', 'say', ...one.nats])).out).toBe('"Hi"\n')
  expect((await run(['config', 'rollback', 'say', '1', ...one.nats])).code).toBe(0)
  expect((await run(['config', 'get', 'say', 'word', ...one.nats])).out).toBe('Hello\n')
})

test('up --wait waits for its broker, and says in one line what happens to plugins', async () => {
  const home = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  await putPlugin(home, 'one', 'export default { functions: { a: () => 1 } }')
  await using broker = await up(home)
  const [, address] = broker.nats
  const port = new URL(address).port
  await broker.process[Symbol.asyncDispose]()
  await using waiting = start(['up', '--plugins', home, '--nats', address, '--wait', '--device-id', 'late'])
  await waiting.printed(/Waiting for the network/)
  await using _again = await up(home, ['--broker-port', port])
  await waiting.printed(/Ctrl\+C/)
  const args = ['--nats', address, '--device', 'late']
  expect((await run(['reload', 'one', ...args])).code).toBe(0)
  expect((await run(['unload', 'one', ...args])).code).toBe(0)
  waiting.kill('SIGTERM')
  expect((await waiting.ended).out).toMatch(/Reloaded one: a\nUnloaded one\nStopping 'late' …\n$/)
})

test("up --fledge-rest serves Fledge's routes to this machine's programs, and to no page of a browser", async () => {
  const home = await mkdtemp(join(tmpdir(), 'backplane-cli-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const config = { word: { type: 'string', description: 'Word', default: 'Hello' } }
  await putPlugin(home, 'say', 'export default { functions: { say: (_, { config }) => config.word } }', { config })
  await using one = start(['up', '--plugins', home, '--broker-port', '0', '--fledge-rest', '0'])
  const [, url = ''] = /(http:\S+category)/.exec(await one.printed(/fledge\/category\n/)) ?? []
  const put = { method: 'PUT', body: JSON.stringify({ value: 'Hi' }) }
  expect((await fetch(`${url}/say/word`, put)).status).toBe(200)
  expect(await (await fetch(`${url}/say/word`)).json()).toMatchObject({ value: 'Hi' })
  expect((await fetch(url, { headers: { origin: 'http://elsewhere.example' } })).status).toBe(403)
})
