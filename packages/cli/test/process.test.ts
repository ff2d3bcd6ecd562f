/** What the command is as a process among others: signals, closed pipes, children, answers that do not come. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { bin, putPlugin, run, start, type Up, up } from './command.ts'

// Each test starts processes, on machines that may be slow.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const hanging = `let hung = 0
export default {
  functions: {
    hang: () => new Promise(() => hung++),
    hung: () => hung,
    bytes: () => ({ some: new Uint8Array([1, 2, 3]) }),
    nothing: () => null,
    say: (_, { emit }) => emit('said', {}).then(() => null),
  },
  events: { said: {} },
}`

let home: string
let host: Up
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'backplane-process-'))
  await putPlugin(home, 'odd', hanging, { restart: { drain_ms: 100 } })
  // Two that claim one qualified name, `pair.x.go`.
  await putPlugin(home, 'pair', `export default { functions: { 'x.go': () => 'first' } }`)
  await putPlugin(home, 'pair.x', `export default { functions: { go: () => 'second', other: () => 'other' } }`)
  host = await up(home)
})
afterAll(async () => {
  await host?.[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

test('a name that is taken leaves the later plugin out whole, and the former as it was', async () => {
  expect(host.failed).toEqual([{ id: 'pair.x', error: expect.objectContaining({ code: 'BP_FUNCTION_COLLISION' }) }])
  expect((await run(['invoke', 'pair.x.go', ...host.nats])).out).toBe('"first"\n')
  expect((await run(['invoke', 'other', ...host.nats])).code).toBe(1)
  const refused = await run(['load', 'pair.x', ...host.nats])
  expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/\[BP_FUNCTION_COLLISION\]\nNext: /) })
})

test('results print as one line of JSON, with --json and without', async () => {
  const [bytes, quiet, nothing] = await Promise.all([
    run(['invoke', 'bytes', ...host.nats]),
    run(['invoke', 'bytes', '--json', '--quiet', ...host.nats]),
    run(['invoke', 'nothing', '--json', ...host.nats]),
  ])
  expect(bytes.out).toMatch(/^\{"some":.*\}\n$/)
  expect(quiet.out).toBe(bytes.out)
  expect(nothing).toEqual({ code: 0, out: 'null\n', err: '' })
})

test('an answer that does not come is unreachable, and what waits for it can be interrupted', async () => {
  const late = await run(['invoke', 'hang', '--timeout', '300', ...host.nats])
  expect(late).toMatchObject({ code: 4, out: '', err: expect.stringMatching(/\[BP_TIMEOUT\]\nNext: /) })

  const hung = async () => Number((await run(['invoke', 'hung', ...host.nats])).out)
  const before = await hung()
  const waiting = start(['invoke', 'hang', ...host.nats, '--timeout', '60000'])
  await expect.poll(hung, { timeout: 20_000 }).toBeGreaterThan(before)
  waiting.kill('SIGINT')
  expect(await waiting.ended).toEqual({ code: 130, out: '', err: '' })
})

test('a follower whose reader has gone ends by itself', async () => {
  const follower = spawn(process.execPath, [bin, 'events', ...host.nats], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(follower, 'close')
  follower.stdout.destroy()
  let over = false
  void ended.then(() => {
    over = true
  })
  while (!over) await run(['invoke', 'say', ...host.nats])
  expect(await ended).toEqual([0, null])
})

test('a host that is stopped while its plugins start never says that it is up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-slow-'))
  const module = `export default { setup: ({ logger }) => (logger.warn('begun'), new Promise(() => {})) }`
  await putPlugin(folder, 'slow', module)
  await using slow = start(['up', '--json', '--plugins', folder, '--broker-port', '0'])
  await slow.printed(/begun/)
  slow.kill('SIGTERM')
  expect(await slow.ended).toMatchObject({ code: 0, out: '' })
  await rm(folder, { recursive: true, force: true })
})

test.skipIf(process.platform === 'win32')('leaves no process behind', async () => {
  const args = ['up', '--json', '--plugins', home, '--broker-port', '0']
  const group = spawn(process.execPath, [bin, ...args], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  await once(group.stdout, 'data')
  process.kill(group.pid as number, 'SIGTERM')
  expect(await once(group, 'close')).toEqual([0, null])
  expect(() => process.kill(-(group.pid as number), 0)).toThrow('ESRCH')
})
