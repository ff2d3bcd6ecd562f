/** The worker's end of docs/worker-protocol.md: a bare script drives the worker. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
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
