/** The protocol of docs/python-worker-protocol.md, from both ends: a bare script drives the worker, and another worker takes its place. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { type RuntimeContext, silentLogger } from '@backplane/core'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeFrame, FrameReader } from '../src/worker/frames.ts'
import { protocolVersion } from '../src/worker/protocol.ts'
import { PythonWorker } from '../src/worker/python-worker.ts'
import { capability, newestPython } from './harness.ts'

test('a bare script drives the worker', async () => {
  const { dir, manifest } = await capability(`from device_connect_edge.drivers import emit, rpc

class Plugin:
    def __init__(self, device):
        self.device = device

    @rpc()
    async def echo(self, value=None):
        return value

    @rpc()
    async def tell(self):
        await self.device.emit("told", {"n": 1})
        return await self.device.call_function("other", {"a": 1}, timeout=2)
`)
  const start = join(import.meta.dirname, '../python/start.py')
  const child = spawn(newestPython, [start], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const stdio = child.stdio as unknown as [null, null, null, Writable, Readable]
  const messages: unknown[][] = []
  let wake = () => {}
  let held = Buffer.alloc(0)
  stdio[4].on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
      const end = 4 + held.readUInt32BE(0)
      expect(held[4]).toBe(0)
      messages.push(JSON.parse(held.toString('utf8', 5, end)))
      held = held.subarray(end)
    }
    wake()
  })
  const heard = async () => {
    while (messages.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return messages.shift()!
  }
  const say = (message: unknown) => {
    const body = Buffer.from(JSON.stringify(message))
    const head = Buffer.from([0, 0, 0, 0, 0])
    head.writeUInt32BE(body.length + 1)
    stdio[3].write(Buffer.concat([head, body]))
  }

  const plugin = { id: 'test-plugin', manifest, dir, entry: join(dir, 'capability.py') }
  say([
    'init',
    {
      protocol: 1,
      plugin,
      context: { config: {}, simulated: false },
      limits: {},
      settings: { message_bytes: 1 << 20 },
    },
  ])
  expect(await heard()).toEqual([
    'ready',
    expect.objectContaining({ functions: [expect.objectContaining({ name: 'echo' }), expect.anything()] }),
  ])
  say(['ask', 1, 'start', null])
  expect(await heard()).toEqual(['result', 1, expect.objectContaining({ events: [] })])
  const about = { left_ms: 10_000, caller: { kind: 'local' } }
  say(['call', 2, 'echo', { value: ['ä', 1.5, null] }, about])
  expect(await heard()).toEqual(['result', 2, ['ä', 1.5, null]])
  say(['a message of another version', 1])
  say(['call', 3, 'nothing', {}, about])
  expect(await heard()).toEqual(['error', 3, { code: 'BP_FUNCTION_UNKNOWN', message: 'Unknown method: nothing' }])
  say(['call', 4, 'tell', {}, about])
  expect(await heard()).toEqual(['emit', 1, 'told', { n: 1 }])
  say(['answer', 1, null])
  expect(await heard()).toEqual(['invoke', 2, 'other', { a: 1 }, { timeout_ms: 2000 }])
  say(['refuse', 2, { code: 'BP_TIMEOUT', message: 'too late' }])
  expect(await heard()).toEqual(['error', 4, expect.objectContaining({ code: 'BP_TIMEOUT', message: 'too late' })])
  say(['ask', 5, 'ping', null])
  expect(await heard()).toEqual(['result', 5, null])
  const exit = new Promise((resolve) => child.once('exit', resolve))
  say(['ask', 6, 'stop', null])
  expect(await heard()).toEqual(['result', 6, null])
  expect(await exit).toBe(0)
})

test('a worker in another language takes its place', async () => {
  const context: RuntimeContext = {
    pluginId: 'other',
    logger: silentLogger,
    config: {},
    signal: new AbortController().signal,
    permissions: {},
    simulated: false,
    emit: async () => {},
    invoke: async (name) => `answer of ${name}`,
    exited() {},
    changed() {},
  }
  const worker = new PythonWorker({
    command: process.execPath,
    args: [join(import.meta.dirname, 'fixtures/other-worker/worker.mjs')],
    cwd: import.meta.dirname,
    env: {},
    context,
    hangMs: 1000,
    busyPollMs: 0,
    now: Date.now,
    init: {
      protocol: protocolVersion,
      plugin: { id: 'other', manifest: { id: 'other' }, dir: '/', entry: '/' },
      context: { config: {}, simulated: false },
      limits: {},
      settings: { message_bytes: 1 << 20, threads: 1 },
    },
  })
  const { signal } = new AbortController()
  expect((await worker.ready).functions).toHaveLength(3)
  await worker.start({ signal })
  const items: unknown[] = []
  const call = (name: string, params: Record<string, number | string>) =>
    worker.invoke({
      name,
      params,
      signal,
      deadline: Date.now() + 10_000,
      caller: { kind: 'local' },
      send: async (item) => void items.push(item),
    })
  expect(await call('echo', { value: 'x' })).toBe('x')
  expect(await call('ask', { name: 'other' })).toBe('answer of other')
  expect(await call('count', { to: 3 })).toBe(3)
  expect(items).toEqual([0, 1, 2])
  await expect(call('nothing', {})).rejects.toMatchObject({ code: 'BP_FUNCTION_UNKNOWN' })
  await worker.stop(signal)
})

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom('$bytes', '"$bytes"', '__proto__'),
)
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('$bytes', '$bytes_')), tie('value'), {
      maxKeys: 4,
    }),
  ),
})).value

describe('frames', () => {
  test('carry every value, however they are cut', () => {
    const lists = fc.array(value, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(lists, fc.array(fc.integer({ min: 1, max: 50 })), (values, cuts) => {
        const bytes = Buffer.concat(values.map((each) => encodeFrame(['x', each])))
        const reader = new FrameReader(1 << 24)
        const got: unknown[] = []
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const size = cuts[n] ?? bytes.length
          reader.push(bytes.subarray(at, at + size), (message) => got.push(message[1]))
          at += size
        }
        // Dictionaries of fast-check have no prototype, what is parsed has.
        expect(got).toEqual(values)
      }),
    )
  })

  test.each([
    ['over the limit', Buffer.from([1, 0, 0, 0, 0])],
    ['of another kind', Buffer.from([0, 0, 0, 3, 9, 91, 93])],
    ['without a body', Buffer.from([0, 0, 0, 1, 0])],
    ['not JSON', Buffer.from('\0\0\0\x03\0[,')],
    ['no list', Buffer.from('\0\0\0\x03\0{}')],
    ['bytes that are not there', encodeFrame(['x', new Uint8Array(3)]).subarray(0, -7)],
  ])('%s are refused', (_, frame) => {
    const bytes = Buffer.from(frame)
    if (bytes[4] === 1) bytes.writeUInt32BE(bytes.length - 4, 0)
    expect(() => new FrameReader(1 << 20).push(bytes, () => {})).toThrow()
  })
})
