/** What a host holds a program to that speaks the worker protocol, and what it says of one that does not. */
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHost, type HostEvent, type HostInit, type Manifest } from '@backplane/core'
import { expect, onTestFinished, test } from 'vitest'
import { type WorkerRuntimeInit, workerRuntime } from '../src/index.ts'

const program = join(import.meta.dirname, 'fixtures', 'behaviours.mjs')
const node = process.execPath

async function folder(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'backplane-worker-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(dir, name), text)
    await chmod(join(dir, name), 0o755)
  }
  return dir
}

function hostOf(init: WorkerRuntimeInit = {}, more: Partial<HostInit> = {}) {
  const events: HostEvent[] = []
  const runtimes = [workerRuntime({ hangMs: 300, ...init })]
  const restart = { backoff_ms: 1, intensity: 100 }
  const host = createHost({ identity: { deviceId: 'box-1' }, runtimes, restart, ...more })
  host.on((event) => events.push(event))
  onTestFinished(() => host.stop())
  return { host, events }
}

const plain = (more: Partial<Manifest> = {}): Manifest => ({
  id: 'plain',
  runtime: 'worker',
  worker: { command: node, args: [program, 'plain'] },
  ...more,
})

/** A worker in shell: says one message, then waits. */
function saying(message: unknown): string {
  const json = JSON.stringify(message)
  const length = Buffer.byteLength(json) + 1
  const head = [length >>> 24, length >>> 16, length >>> 8, length, 0].map((n) => `\\${(n & 255).toString(8)}`)
  return `#!/bin/sh\nprintf '${head.join('')}' >&4\nprintf %s '${json}' >&4\ncat <&3 >/dev/null\n`
}

test('a program is named by the manifest, by the entry point, or by the runtime for an ending', async () => {
  const dir = await folder({ 'run.sh': `#!/bin/sh\nexec '${node}' '${program}' plain\n`, 'code.mine': '' })
  const { host } = hostOf()
  await host.load({ dir, manifest: { id: 'one', worker: { command: './run.sh' } } })
  await host.load({ dir, manifest: { id: 'two', runtime: 'worker', entry_point: 'run.sh' } })
  expect(await host.call('one.echo', { value: 1 })).toBe(1)
  expect(await host.call('two.echo', { value: 2 })).toBe(2)
  const mine = hostOf({ kind: 'mine', command: [node, program, 'plain'], endings: ['.mine'] })
  await mine.host.load({ dir, manifest: { id: 'three', entry_point: 'code.mine' } })
  expect(await mine.host.call('echo', { value: 3 })).toBe(3)
})

test.each([
  ['no program', { worker: {} }, 'neither worker.command nor entry_point names its program'],
  ['a file that is not there', { worker: { command: './gone' } }, "'./gone' is not a file in its folder"],
  ['a program that nobody has', { worker: { command: 'no-such-program' } }, "no program 'no-such-program' on the PATH"],
  ['an empty command', { worker: { command: '' } }, 'arguments go to worker.args'],
  ['arguments that are no texts', { worker: { command: 'sh', args: [1] } }, 'worker.args must be a list of texts'],
  ['variables that are no texts', { worker: { command: 'sh', env: { A: 1 } } }, 'worker.env must map names to texts'],
])('%s is refused with its reason', async (_, manifest, reason) => {
  const { host } = hostOf()
  const source = { dir: await folder(), manifest: { id: 'bad', runtime: 'worker', ...manifest } as Manifest }
  await expect(host.load(source)).rejects.toMatchObject({
    code: 'BP_PLUGIN_LOAD_FAILED',
    message: expect.stringContaining(reason),
  })
})

test('a file that may not be run is named, with what helps', async () => {
  const dir = await folder({ 'run.sh': 'exit 0' })
  await chmod(join(dir, 'run.sh'), 0o644)
  const { host } = hostOf()
  const loading = host.load({ dir, manifest: { id: 'bad', worker: { command: './run.sh' } } })
  await expect(loading).rejects.toThrow('may not be run: chmod +x it')
})

test.each([
  ['functions are no list', { functions: 'read' }, "'functions' of its description is not a list"],
  ['a function has no name', { functions: [{ name: 'a' }, {}] }, 'item 1 is not an object with a `name`'],
  ['nothing is said', null, 'its description is not an object'],
])('a description in which %s is refused', async (_, description, reason) => {
  const { host } = hostOf()
  const dir = await folder({ 'run.sh': saying(['ready', description]) })
  const loading = host.load({ dir, manifest: { id: 'bad', worker: { command: './run.sh' } } })
  await expect(loading).rejects.toMatchObject({
    code: 'BP_PLUGIN_LOAD_FAILED',
    message: expect.stringContaining(reason),
  })
})

test('what it writes to stderr before it ends stands in the error', async () => {
  const { host } = hostOf()
  const dir = await folder({ 'run.sh': '#!/bin/sh\necho no license >&2\nexit 3\n' })
  const loading = host.load({ dir, manifest: { id: 'bad', worker: { command: './run.sh' } } })
  await expect(loading).rejects.toThrow('it exited with code 3; its stderr ends with: no license')
})

test('a call that goes on past its deadline costs the process, and the plugin comes back', async () => {
  const { host, events } = hostOf()
  await host.load({ dir: await folder(), manifest: plain() })
  await expect(host.call('spin', {}, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  await expect.poll(() => events.map(({ type }) => type), { timeout: 10_000 }).toContain('plugin.restarted')
  expect(await host.call('echo', { value: 1 })).toBe(1)
})

test('a value beyond the limit fails its call and not the plugin', async () => {
  const { host } = hostOf({ maxMessageBytes: 10_000 })
  await host.load({ dir: await folder(), manifest: plain() })
  const value = 'x'.repeat(20_000)
  await expect(host.call('echo', { value })).rejects.toMatchObject({ code: 'BP_PAYLOAD_TOO_LARGE' })
  expect(await host.call('echo', { value: 1 })).toBe(1)
})

test('a first message that is too long for its line is refused with its reason', async () => {
  const { host } = hostOf({ maxMessageBytes: 1000 })
  const manifest = plain({ description: 'x'.repeat(2000) })
  await expect(host.load({ dir: await folder(), manifest })).rejects.toThrow('what it is given cannot be sent')
})

const showsLimits = '#!/bin/sh\nulimit -n >&2; ulimit -t >&2; ulimit -d >&2; exit 1\n'
test.runIf(process.platform === 'linux')('limits are set before the program runs', async () => {
  const { host } = hostOf()
  const dir = await folder({ 'run.sh': showsLimits })
  const limits = { open_files: 50, cpu_seconds: 7, memory_mb: 100 }
  const loading = host.load({ dir, manifest: { id: 'bad', worker: { command: './run.sh' }, limits } })
  await expect(loading).rejects.toThrow('its stderr ends with: 50 / 7 / 102400')
})

test('only variables that were named reach it', async () => {
  const { host } = hostOf({ env: ['PATH'] })
  const dir = await folder({ 'run.sh': '#!/bin/sh\necho "$HOME,$MINE" >&2\nexit 1\n' })
  const worker = { command: './run.sh', env: { MINE: 'yes' } }
  await expect(host.load({ dir, manifest: { id: 'bad', worker } })).rejects.toThrow('its stderr ends with: ,yes')
})

test('its state folder is there, and its path is told', async () => {
  const state = join(await folder(), 'state', 'plain')
  const { host } = hostOf({}, { stateDir: () => state })
  await host.load({ dir: await folder(), manifest: plain() })
  expect(await host.call('info')).toMatchObject({ plugin_id: 'plain', state_dir: state })
  expect((await stat(state)).isDirectory()).toBe(true)
})

test.each([
  ['hangMs', { hangMs: 0 }],
  ['maxMessageBytes', { maxMessageBytes: Number.NaN }],
  ['busyPollMs', { busyPollMs: 11 }],
  ['kind', { kind: 'My Kind' }],
])('%s out of range is refused', (what, init) => {
  expect(() => workerRuntime(init)).toThrow(what)
})
