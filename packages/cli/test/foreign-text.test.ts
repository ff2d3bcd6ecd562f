import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configManager } from '@backplane/config-manager'
import { fileStore } from '@backplane/config-manager/file'
import { type Mesh, silentLogger, systemClock } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { natsTransport } from '@backplane/transport-nats'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeProgram } from '../src/program.ts'
import { Reporter } from '../src/reporter.ts'
import { runCli } from '../src/run.ts'
import { putPlugin } from './command.ts'
import { fakeIo } from './io.ts'

// Each test starts hosts and plugins, on machines that may be slow.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

/** What a stranger would like the operator to see: each line that begins with `FORGED` would be a success. */
const hostile = 'x\nFORGED\rFORGED\u001B[2J\u001B]0;FORGED\u0007\u009B31m\u202EFORGED\u2028FORGED\u0085FORGED'
const literal = JSON.stringify(hostile)
/** As the name of a folder; a slash is all that it must not hold. */
const folderName = `f${hostile}`

let home: string
let nats: string
let stranger: Mesh
const stop = new AbortController()
const host = fakeIo({ errIsTerminal: true, signal: stop.signal })
let ended: Promise<number>

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'backplane-foreign-'))
  const plugins = join(home, 'plugins')
  const code = `export default {
    functions: {
      answer: () => ({ [${literal}]: ${literal} }),
      fail() { throw new Error(${literal}) },
      log(_, { logger }) { logger.error({ [${literal}]: ${literal} }, ${literal}); console.error(${literal}); return 1 },
      say(_, { emit }) { emit('said', { text: ${literal} }); return 1 },
    },
    events: { said: {} },
  }`
  await putPlugin(plugins, 'loud', code, { version: hostile, description: hostile })
  await putPlugin(plugins, folderName, `throw new Error(${literal})`, { id: 'throws' })
  await putPlugin(plugins, `g${hostile}`, code, `{"id": ${literal}, "entry_point": ${literal}}`)
  await putPlugin(plugins, `h${hostile}`, code, hostile)
  ended = runCli(
    ['up', '--plugins', plugins, '--broker-port', '0', '--log-level', 'debug', '--state-dir', join(home, 'state')],
    host.io,
  )
  await vi.waitFor(() => expect(host.out).toMatch(/Ctrl\+C/), { timeout: 60_000 })
  nats = /on (nats:\/\/\S+)/.exec(host.out)![1]!
  stranger = deviceConnect({ transport: natsTransport({ servers: nats }) })({
    identity: { deviceId: 'stranger', deviceType: hostile, location: hostile },
    logger: silentLogger,
    clock: systemClock,
  })
  await stranger.serve(async () => {
    throw new Error(hostile)
  })
  await stranger.connect()
  stranger.advertise({ functions: [{ name: hostile }, { name: 'answer' }], events: [], revision: 1 })
  const config = configManager({ store: fileStore(join(home, 'config')) })()
  await config.start()
  await config.register('loud', {
    text: { type: 'string', description: hostile, default: hostile, displayName: hostile },
  } as never)
  await config.close()
})
afterAll(async () => {
  await stranger?.close()
  stop.abort()
  await ended
  await rm(home, { recursive: true, force: true })
})

/**
 * Runs a command as for a person at a terminal, and gives what was printed, without what progress takes away itself.
 */
async function said(args: readonly string[], signal?: AbortSignal): Promise<{ code: number; text: string }> {
  const process = fakeIo({ errIsTerminal: true, cwd: home, ...(signal ? { signal } : {}) })
  const code = await runCli(args, process.io)
  return { code, text: `${process.out}\n${process.err}`.replace(/[^\n]*\r +\r/g, '') }
}

function expectHarmless(text: string) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/)
  // Bars mark the further lines of a text that others chose.
  expect(text.split('\n').filter((line) => /^\s*FORGED/.test(line))).toEqual([])
}

const at = () => ['--nats', nats]
const soon = () => AbortSignal.timeout(3_000)

/** Runs of each command that show what strangers chose. */
const runs: Readonly<Record<string, () => Promise<(readonly [readonly string[], AbortSignal?])[]>>> = {
  up: async () => [[['up', '--plugins', join(home, hostile), '--broker-port', '0', '--device-id', hostile], soon()]],
  invoke: async () => [
    [['invoke', 'answer', ...at()]],
    [['invoke', 'fail', ...at()]],
    [['invoke', 'log', ...at()]],
    [['invoke', hostile, '--timeout', '1500', ...at()]],
    [['invoke', hostile, '--device', 'stranger', ...at()]],
    [['invoke', 'answer', '--device', hostile, ...at()]],
  ],
  list: async () => [[['list', ...at()]]],
  status: async () => [[['status', ...at()]]],
  load: async () => [[['load', 'throws', ...at()]], [['load', hostile, ...at()]]],
  unload: async () => [[['unload', hostile, ...at()]]],
  reload: async () => [[['reload', 'loud', ...at()]], [['reload', hostile, ...at()]]],
  discover: async () => [[['discover', '--timeout', '1500', ...at()]], [['discover', hostile, ...at()]]],
  fleet: async () => [[['fleet', '--timeout', '1500', ...at()]]],
  broadcast: async () => [
    [['broadcast', 'answer', '--timeout', '1500', ...at()]],
    [['broadcast', 'fail', '--timeout', '1500', ...at()]],
    [['broadcast', hostile, '--timeout', '1500', '--select', hostile, ...at()]],
  ],
  doctor: async () => [[['doctor', '--timeout', '1000', ...at()]], [['doctor', '--credentials', hostile]]],
  events: async () => {
    const again = setInterval(() => void said(['invoke', 'say', ...at()]), 400)
    const timer = AbortSignal.timeout(20_000)
    timer.addEventListener('abort', () => clearInterval(again), { once: true })
    return [[['events', '--count', '1', ...at()], timer]]
  },
  config: async () => [
    [['config', 'list', '--dir', 'config']],
    [['config', 'get', 'loud', '--dir', 'config']],
    [['config', 'set', 'loud', `text=again${hostile}`, '--dir', 'config']],
    [['config', 'get', hostile, '--dir', 'config']],
    [['config', hostile, '--dir', 'config']],
    [['config', 'diff', hostile, '--dir', 'config']],
  ],
  new: async () => [[['new', hostile]], [['new', 'fine', '--dir', hostile]]],
  validate: async () => {
    const folders = await readdir(join(home, 'plugins'))
    return folders.map((folder) => [['validate', join(home, 'plugins', folder)]] as const)
  },
  plugin: async () => {
    const program = join(home, 'program')
    await writeFile(program, `#!/bin/sh\nprintf '%b' '${hostile.replaceAll('\n', '\\n')}' >&2; exit 3\n`)
    await chmod(program, 0o755)
    return [[['plugin', 'inspect', program]], [['plugin', 'inspect', join(home, hostile)]], [['plugin', hostile, 'x']]]
  },
  wasm: async () => {
    await mkdir(join(home, 'module'), { recursive: true })
    // A module that exports one function of that name.
    const name = Buffer.from(hostile)
    const section = (id: number, ...bytes: number[]) => [id, bytes.length, ...bytes]
    const module = [
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, 1, 0x60, 0, 0),
      ...section(3, 1, 0),
      ...section(7, 1, name.length, ...name, 0, 0),
      ...section(10, 1, 2, 0, 0x0b),
    ]
    await writeFile(join(home, 'module', 'm.wasm'), Uint8Array.from(module))
    const file = join(home, 'module', 'm.wasm')
    return [[['wasm', 'inspect', file]], [['wasm', 'call', file, hostile]], [['wasm', 'call', file, 'nope']]]
  },
  'zenoh-bridge': async () => [[['zenoh-bridge', '--program', join(home, hostile), '--port', '0'], soon()]],
}

test('every command is looked at', () => {
  const { io } = fakeIo()
  const program = makeProgram(io, new Reporter(io, { json: false, quiet: false }))
  expect(Object.keys(runs).sort()).toEqual(program.commands.map((command) => command.name()).sort())
})

test.each(Object.keys(runs))('%s shows what others chose, and obeys none of it', async (name) => {
  for (const [args, signal] of await runs[name]!()) {
    const { text } = await said(args, signal)
    expectHarmless(text)
    expectHarmless((await said([...args, '--json'], signal ? soon() : undefined)).text)
  }
})

test('the host itself shows its plugins, their errors and their logs, and obeys none of them', async () => {
  await said(['invoke', 'log', ...at()])
  await expect.poll(() => host.err, { timeout: 20_000 }).toMatch(/error \[loud\] x\\nFORGED/)
  expect(host.out + host.err).toMatch(/Not loaded: /)
  expectHarmless(`${host.out}\n${host.err}`.replace(/[^\n]*\r +\r/g, ''))
})

test('nothing but the reporter writes to a stream of the process', async () => {
  const folder = join(import.meta.dirname, '../src')
  const files = (await readdir(folder, { recursive: true })).filter((file) => /(?<!\.test)\.ts$/.test(file))
  const writing = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8')
      return /\bio\.(out|err)\(|#io\[|\b(stdout|stderr)\.write\(|\bconsole\./.test(text) ? [file] : []
    }),
  )
  expect(writing.flat().sort()).toEqual(['io.ts', 'reporter.ts'])
})
