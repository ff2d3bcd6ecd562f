/** What a plugin does wrong fails by a typed error, and nobody else notices. */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pythonRuntime } from '../src/index.ts'
import { capability, newestPython, next, processesNaming, testHost, until } from './harness.ts'

const head = `import asyncio, os, signal, subprocess, sys, time
from device_connect_edge.drivers import rpc, periodic

class Plugin:
    def __init__(self, device):
        self.device = device

    @rpc()
    async def pid(self) -> int:
        return os.getpid()

`
const bystander = () =>
  capability(`${head}    @rpc()\n    async def ping(self) -> str:\n        return "pong"\n`, { id: 'bystander' })

test.each([
  ['SIGKILL', 'os.kill(os.getpid(), signal.SIGKILL)', 'it was ended by SIGKILL'],
  ['SIGSEGV', 'os.kill(os.getpid(), signal.SIGSEGV)', 'it was ended by SIGSEGV'],
  ['os._exit', 'os._exit(7)', 'it exited with code 7'],
  ['sys.exit', 'sys.exit(5)', 'it exited with code 5'],
  ['a closed channel', 'os.close(4); os.write(2, b"closed"); os._exit(9)', 'it exited with code 9'],
  ['invalid UTF-8 on the channel', 'os.write(4, b"\\x00\\x00\\x00\\x04\\x00\\"\\xff\\"")', 'it broke the protocol'],
  ['text on the channel', 'os.write(4, b"hello, this is no frame")', 'it broke the protocol'],
])('%s ends only its own plugin, which comes back', async (_, code, reason) => {
  const { host } = testHost()
  await host.load(await bystander())
  await host.load(
    await capability(`${head}    @rpc()\n    async def end(self):\n        ${code}\n        await asyncio.sleep(30)\n`),
  )
  const restarted = next(host, 'plugin.restarted')
  await expect(host.call('end')).rejects.toMatchObject({
    code: 'BP_PLUGIN_EXITED',
    message: expect.stringContaining(reason),
  })
  expect(await host.call('ping')).toBe('pong')
  await restarted
  expect(await host.call('test-plugin.pid')).toBeTypeOf('number')
  expect(host.plugin('bystander')).toMatchObject({ generation: 1 })
})

test('a process that is stopped (SIGSTOP) is replaced after a deadline', async () => {
  const { host } = testHost()
  await host.load(await capability(`${head}    @rpc()\n    async def ok(self):\n        return 1\n`))
  process.kill((await host.call('pid')) as number, 'SIGSTOP')
  const restarted = next(host, 'plugin.restarted')
  await expect(host.call('ok', {}, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  await restarted
  expect(await host.call('ok')).toBe(1)
})

test('a synchronous function that is blocked hinders nobody, and its process is replaced after its deadline', async () => {
  const { host, events } = testHost()
  await host.load(
    await capability(
      `${head}    @rpc()\n    def block(self):\n        time.sleep(60)\n\n    @rpc()\n    def quick(self):\n        return "quick"\n`,
    ),
  )
  const restarted = next(host, 'plugin.restarted')
  const blocked = host.call('block', {}, { timeoutMs: 3000 })
  expect(await host.call('quick')).toBe('quick')
  await expect(blocked).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  await restarted
  const exit = events.find(({ type }) => type === 'plugin.exited') as { error?: { message: string } } | undefined
  expect(exit?.error?.message).toContain("a call of 'block' went on past its deadline")
  expect(await host.call('quick')).toBe('quick')
}, 30_000)

test('whoever leaves a stream that has ended leaves its process alone', async () => {
  const { host, events } = testHost({ hangMs: 100 })
  const counting = '    @rpc()\n    async def count(self):\n        for n in range(20):\n            yield n\n'
  await host.load(await capability(`${head}${counting}`))
  const pid = await host.call('pid')
  const stream = host.stream('count', {}, { timeoutMs: 3000 })
  expect(await stream.next()).toEqual({ done: false, value: 0 })
  // This answer comes after the stream's end on the same channel: nineteen items still wait to be taken.
  expect(await host.call('pid')).toBe(pid)
  await stream.return(null)
  // Past the deadline of the stream and what is added to it.
  await new Promise((resolve) => setTimeout(resolve, 3500))
  expect(await host.call('pid')).toBe(pid)
  expect(events.map(({ type }) => type)).not.toContain('plugin.exited')
})

test('an asynchronous function that is merely slow is cancelled, and its process stays', async () => {
  const { host, events } = testHost({ hangMs: 3000 })
  await host.load(await capability(`${head}    @rpc()\n    async def slow(self):\n        await asyncio.sleep(60)\n`))
  const pid = await host.call('pid')
  await expect(host.call('slow', {}, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
  await new Promise((resolve) => setTimeout(resolve, 3300))
  expect(await host.call('pid')).toBe(pid)
  expect(events.map(({ type }) => type)).not.toContain('plugin.exited')
})

test.each([
  ['an exit while it is imported', 'import sys\nsys.exit(3)', 'it called sys.exit(3) while it was imported'],
  ['a hard exit while it is imported', 'import os\nos.write(2, b"so long")\nos._exit(3)', 'so long'],
  ['a syntax error', 'def (:', 'SyntaxError'],
  ['a missing module', 'import surely_no_such_module', "No module named 'surely_no_such_module'"],
  ['a recursion without end', 'def f():\n    f()\nf()', 'RecursionError'],
  ['no class', 'x = 1', "there is no class 'Plugin'"],
  ['a null byte in the source', 'x = "\u0000"', 'null byte'],
  [
    'an error in the constructor',
    'class Plugin:\n    def __init__(self, device):\n        raise RuntimeError("no thanks")',
    'no thanks',
  ],
])('%s fails the load with its text, and nothing is left', async (_, code, text) => {
  const { host } = testHost()
  const source = await capability(code)
  const loading = host.load({ ...source, manifest: { ...source.manifest, permissions: { env: [] } } })
  const error = await loading.then(
    () => undefined,
    (thrown) => thrown,
  )
  expect(error?.code).toMatch(/^BP_PLUGIN_(LOAD_FAILED|FAILED)$/)
  expect(error.message).toContain(text)
  expect(host.plugins()).toEqual([])
})

test('an import without end is given up after the time that the manifest allows', async () => {
  const { host } = testHost()
  const source = await capability('while True:\n    pass', { limits: { start_timeout_ms: 700 } })
  await expect(host.load(source)).rejects.toMatchObject({ code: 'BP_TIMEOUT' })
})

test('a hundred megabytes on stdout and stderr are read, cut and limited, while calls go on', async () => {
  const { host, log } = testHost()
  await host.load(
    await capability(
      `${head}    @rpc()
    def flood(self):
        line = b"x" * 1023 + b"\\n"
        for _ in range(50):
            os.write(1, line * 1024)
            os.write(2, b"y" * (1 << 20))
        return "done"
`,
    ),
  )
  const flooding = host.call('flood', {}, { timeoutMs: 60_000 })
  expect(await host.call('pid', {}, { timeoutMs: 60_000 })).toBeTypeOf('number')
  expect(await flooding).toBe('done')
  expect(Math.max(...log.map(({ message = '' }) => message.length))).toBeLessThanOrEqual(16 * 1024)
}, 90_000)

test('what is printed is logged, whatever its bytes', async () => {
  const { host, log } = testHost()
  await host.load(
    await capability(
      `${head}    @rpc()
    async def speak(self):
        print("grün 😀")
        sys.stderr.write("to stderr\\n")
        os.write(1, b"broken \\xff bytes\\r\\n")
        subprocess.run(["sh", "-c", "echo from a child"])
`,
    ),
  )
  await host.call('speak')
  const said = (text: string) => log.find(({ message }) => message?.includes(text))
  await until(() => said('from a child'), 'the child is heard')
  expect(said('grün 😀')).toMatchObject({ level: 'info', fields: { stream: 'stdout', plugin: 'test-plugin' } })
  expect(said('to stderr')).toMatchObject({ level: 'warn' })
  expect(said('broken \ufffd bytes')).toBeDefined()
})

test('errors that cannot be sent as they are reach whoever waits for them', async () => {
  const { host } = testHost({ maxMessageBytes: 1 << 20 })
  const code = `${head}    @rpc()
    async def fail(self, kind: str):
        from backplane_worker.errors import PluginError
        import json
        loop = []
        loop.append(loop)
        class Mute:
            def __repr__(self): raise ValueError("no text")
        raise {
            "text": lambda: ValueError("x" * (8 << 20)),
            "details": lambda: PluginError("odd", code="BP_TEST_ODD", details={"a": object(), "mute": Mute(), (1, 2): loop}),
            "no dict": lambda: PluginError("odd", code="BP_TEST_ODD", details=object()),
            "large details": lambda: PluginError("odd", code="BP_TEST_ODD", next="n" * (8 << 20), details={"a": "x" * (8 << 20)}),
            "no text": lambda: PluginError({1}, code=7, next=object()),
        }[kind]()
`
  await host.load(await capability(code))
  const fails = (kind: string, error: object) =>
    expect(host.call('fail', { kind }, { timeoutMs: 10_000 }), kind).rejects.toMatchObject(error)
  await fails('text', { code: 'BP_PLUGIN_FAILED', message: expect.stringMatching(/^x{100000}\.\.\.$/) })
  await fails('details', {
    code: 'BP_TEST_ODD',
    message: 'odd',
    details: { a: expect.stringContaining('<object object') },
  })
  await fails('no dict', { code: 'BP_TEST_ODD', message: 'odd' })
  await fails('large details', {
    code: 'BP_TEST_ODD',
    message: 'odd',
    details: { a: expect.stringMatching(/^x+\.\.\.$/) },
  })
  await fails('no text', { message: '{1}' })
  expect(host.plugin('test-plugin')).toMatchObject({ generation: 1 })
})

test('values over the limit, and what is no JSON, fail their own call', async () => {
  const { host } = testHost({ maxMessageBytes: 1 << 20 })
  await host.load(
    await capability(
      `${head}    @rpc()
    async def give(self, kind: str, value=None):
        import json
        loop = []
        loop.append(loop)
        return {
            "large": "x" * (64 << 20) if kind == "large" else None,
            "object": object() if kind == "object" else None,
            "deep": json.loads("[" * 400 + "]" * 400) if kind == "deep" else None,
            "deep bytes": json.loads("[" * 300 + "]" * 300) + [b"x"] if kind == "deep bytes" else None,
            "set": {1, 2} if kind == "set" else None,
            "key": {(1, 2): 3} if kind == "key" else None,
            "loop": loop if kind == "loop" else None,
        }

    @rpc()
    async def deep(self):
        return self._down(0)

    def _down(self, n):
        return self._down(n + 1)

    @rpc()
    async def emit_it(self):
        await self.device.emit("x", {"bad": object()})

    @rpc()
    async def wide(self) -> dict:
        return {"small": 2**53 - 1, "big": 2**64, "list": [-(2**70)], "odd": [float("nan"), -1e400, -0.0]}
`,
    ),
  )
  const pid = await host.call('pid')
  await expect(host.call('give', { kind: 'large' })).rejects.toMatchObject({ code: 'BP_PAYLOAD_TOO_LARGE' })
  for (const kind of ['object', 'deep', 'deep bytes', 'set', 'key', 'loop'])
    await expect(host.call('give', { kind }), kind).rejects.toMatchObject({ code: 'BP_VALUE_INVALID' })
  await expect(host.call('give', { kind: '', value: 'x'.repeat(2 << 20) })).rejects.toMatchObject({
    code: 'BP_PAYLOAD_TOO_LARGE',
  })
  await expect(host.call('give', { kind: '', value: new Date(0) as never })).rejects.toMatchObject({
    code: 'BP_VALUE_INVALID',
  })
  await expect(host.call('deep')).rejects.toMatchObject({
    code: 'BP_PLUGIN_FAILED',
    message: expect.stringContaining('recursion'),
  })
  await expect(host.call('emit_it')).rejects.toMatchObject({ code: 'BP_VALUE_INVALID' })
  expect(await host.call('wide')).toStrictEqual({
    small: Number.MAX_SAFE_INTEGER,
    big: 18446744073709551616n,
    list: [-1180591620717411303424n],
    odd: [Number.NaN, -Infinity, -0],
  })
  expect(await host.call('pid')).toBe(pid)
})

test('sixty-four mebibytes go there and back where the limit allows it', async () => {
  const { host } = testHost({ maxMessageBytes: 256 << 20 })
  await host.load(await capability(`${head}    @rpc()\n    async def back(self, value):\n        return value\n`))
  const bytes = new Uint8Array(64 << 20).fill(7)
  const back = (await host.call('back', { value: bytes }, { timeoutMs: 60_000 })) as Uint8Array
  expect(Buffer.compare(bytes, back)).toBe(0)
  const text = 'ä'.repeat(32 << 20)
  expect((await host.call('back', { value: text }, { timeoutMs: 60_000 })) === text).toBe(true)
}, 120_000)

test.runIf(process.platform === 'linux')('children that a plugin forks end with it, however it ends', async () => {
  const marker = `BACKPLANE_TEST_${process.pid}_${Date.now()}`
  process.env[marker] = '1'
  try {
    const { host } = testHost()
    const source = await capability(
      `${head}    @rpc()
    async def fork(self):
        for _ in range(2):
            if os.fork() == 0:
                while True:
                    time.sleep(1)
        subprocess.Popen(["sleep", "600"])
        return True

    @rpc()
    async def die(self):
        os._exit(1)
`,
      { permissions: { env: [marker] } },
    )
    await host.load(source)
    await host.call('fork')
    await until(() => processesNaming(marker).filter((pid) => pid !== process.pid).length === 5, 'the children run')
    const restarted = next(host, 'plugin.restarted')
    await expect(host.call('die')).rejects.toMatchObject({ code: 'BP_PLUGIN_EXITED' })
    await restarted
    await until(
      () => processesNaming(marker).filter((pid) => pid !== process.pid).length === 2,
      'only the next one and its guard run',
    )
    await host.call('fork')
    await host.unload('test-plugin')
    await until(() => processesNaming(marker).filter((pid) => pid !== process.pid).length === 0, 'nothing runs')
  } finally {
    delete process.env[marker]
  }
})

const daemons = `${head}    @rpc()
    async def begin(self):
        subprocess.Popen(["setsid", "sleep", "600"])
        os.system("setsid sh -c 'setsid sleep 600 &' &")
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.chdir("/")
                os.execvpe("sleep", ["sleep", "600"], dict(os.environ, OTHER="1"))
            os._exit(0)
        return os.getcwd()

    @rpc()
    async def die(self):
        os._exit(1)

    @rpc()
    async def hang(self):
        sum(range(10**12))
`

test.runIf(process.platform === 'linux')(
  'daemons that a plugin starts end with it, in whatever session they are',
  async () => {
    const marker = `BACKPLANE_DAEMON_${process.pid}_${Date.now()}`
    process.env[marker] = '1'
    onTestFinished(() => void delete process.env[marker])
    const { host } = testHost()
    const source = await capability(daemons, { permissions: { env: [marker] } })
    const running = () => processesNaming(marker).filter((pid) => pid !== process.pid).length
    await host.load(source)
    const begin = async () => {
      await host.call('begin')
      await until(() => running() === 5, 'the worker, its guard and three daemons run')
    }
    await begin()
    const restarted = next(host, 'plugin.restarted')
    await expect(host.call('die')).rejects.toMatchObject({ code: 'BP_PLUGIN_EXITED' })
    await restarted
    await until(() => running() === 2, 'only the next one and its guard run')
    await begin()
    await host.reload('test-plugin')
    await until(() => running() === 2, 'only the one after and its guard run')
    await begin()
    await host.unload('test-plugin')
    expect(running()).toBe(0)
    await host.load(source)
    await begin()
    // A call that goes on past its deadline: the process is killed.
    const again = next(host, 'plugin.restarted')
    await expect(host.call('hang', {}, { timeoutMs: 100 })).rejects.toThrow()
    await again
    await until(() => running() === 2, 'only the last one and its guard run')
    await begin()
    await host.stop()
    expect(running()).toBe(0)
  },
  60_000,
)

test.runIf(process.platform === 'linux').each(['it works', 'it is stopped', 'C code holds the interpreter'])(
  'nothing outlives a host that is killed while %s',
  async (how) => {
    const marker = `BACKPLANE_ORPHAN_${process.pid}_${Date.now()}`
    const folder = await mkdtemp(join(tmpdir(), 'backplane-orphan-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const source = await capability(
      `${head}    @rpc()
    async def freeze(self, how: str):
        subprocess.Popen(["sleep", "600"])
        subprocess.Popen(["setsid", "sleep", "600"])
        if how == "it is stopped":
            os.kill(os.getpid(), signal.SIGSTOP)
        if how == "C code holds the interpreter":
            sum(range(10**12))
`,
      { permissions: { env: [marker] } },
    )
    const script = `
      import { createHost } from '@backplane/core'
      import { pythonRuntime } from '@backplane/runtime-python'
      const host = createHost({ identity: { deviceId: 'h' }, runtimes: [pythonRuntime({ python: ${JSON.stringify(newestPython)} })] })
      await host.start()
      await host.load(${JSON.stringify(source)})
      host.call('freeze', { how: ${JSON.stringify(how)} }).catch(() => {})
      setTimeout(() => console.log('READY'), 500)
    `
    const host = spawn(
      process.execPath,
      ['--conditions=@backplane/source', '--input-type=module', '--disable-warning=ExperimentalWarning', '-e', script],
      {
        cwd: join(import.meta.dirname, '..'),
        env: { ...process.env, [marker]: '1', TMPDIR: folder },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    await new Promise((resolve) => host.stdout.once('data', resolve))
    await until(() => processesNaming(marker).length === 5, 'the host, its plugin with guard and children run')
    host.kill('SIGKILL')
    await until(() => processesNaming(marker).length === 0, 'all have ended')
    expect(readdirSync(folder).filter((name) => name.startsWith('backplane-plugin-'))).toEqual([])
  },
  30_000,
)

test('a Python that is not there, or too old, is named', async () => {
  const { host } = testHost({ python: '/nowhere/python3' })
  const source = await capability(head)
  await expect(host.load(source)).rejects.toMatchObject({ code: 'BP_PYTHON_MISSING' })
  const named = { ...source, manifest: { ...source.manifest, python: { interpreter: newestPython } } }
  await host.load(named)
  expect(() => pythonRuntime({ hangMs: 0 })).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
  for (const busyPollMs of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => pythonRuntime({ busyPollMs })).toThrow(expect.objectContaining({ code: 'BP_INVALID_ARGUMENT' }))
})
