/** What Device Connect capabilities may count on, and what breaks on the driver that they come from. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { memoryMesh, memoryNetwork } from '@backplane/core/memory'
import { expect, onTestFinished, test } from 'vitest'
import { capability, newestPython, next, testHost, until } from './harness.ts'
import { pythonsHere } from './pythons.ts'

const execute = promisify(execFile)

const head = `import asyncio, os, threading, time
from device_connect_edge.drivers import before_emit, emit, get_rpc_source_device, on, periodic, rpc

class Plugin:
    def __init__(self, device):
        self.device = device
        self.heard = []
        self.ticks = 0
        self.began = time.monotonic()

`
const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const plugin = (body: string) => capability(head + body.replace(/^(?=.)/gm, '    '))

test('functions, events and labels are advertised as their code says', async () => {
  const { host } = testHost()
  await host.load(
    await plugin(`@rpc(labels={"direction": "write", "modality": ["rgb", "4k"]})
async def take(self, width: int, mode: "str | None" = None, ratio: float = 0.5, tags: list = [], **options) -> dict:
    """Takes a picture.

    Args:
        width (int): How wide
            it is to be
        mode: Which one
    """

@rpc(name="shout", description="Says it loudly")
def say(self, text: str) -> str:
    return text.upper()

@emit(labels={"safety": "critical"})
async def moved(self, zone: str, confidence: float = 1.0):
    """Something moved."""

@periodic(interval=60)
async def watch(self):
    pass
`),
  )
  const { functions, events, routines } = host.plugin('test-plugin')!
  expect(functions).toEqual([
    {
      name: 'shout',
      description: 'Says it loudly',
      parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    },
    {
      name: 'take',
      description: 'Takes a picture.',
      labels: { direction: 'write', modality: ['rgb', '4k'] },
      parameters: {
        type: 'object',
        properties: {
          width: { type: 'integer', description: 'How wide it is to be' },
          mode: { type: 'string', default: null, description: 'Which one' },
          ratio: { type: 'number', default: 0.5 },
          tags: { type: 'array', default: [] },
        },
        required: ['width'],
        additionalProperties: true,
      },
    },
  ])
  expect(events).toEqual([
    {
      name: 'moved',
      description: 'Something moved.',
      labels: { safety: 'critical' },
      payload: {
        type: 'object',
        properties: { zone: { type: 'string' }, confidence: { type: 'number', default: 1 } },
        required: ['zone'],
      },
    },
  ])
  expect(routines).toEqual(['watch'])
  expect(await host.call('shout', { text: 'hey' })).toBe('HEY')
})

test('@emit, @before_emit and @on work, from the loop and from threads', async () => {
  const { host, events } = testHost()
  await host.load(
    await plugin(`@emit()
async def moved(self, zone: str):
    self.heard.append("body " + zone)

@emit(name="quiet")
def hush(self, zone: str):
    """A synchronous one."""

@before_emit("moved")
async def look(self, zone, **rest):
    if zone == "secret":
        return False
    return {"zone": zone.upper(), **rest}

@before_emit("quiet", suppress_propagation=True)
def swallow(self, **payload):
    self.heard.append("swallowed " + payload["zone"])

@on(event_name="moved")
async def hear(self, device_id, event_name, payload):
    self.heard.append([device_id, event_name, payload["zone"]])

@on(device_id="other-*", event_name="moved")
async def never(self, device_id, event_name, payload):
    self.heard.append("never")

def get_event_subscriptions(self):
    return [{"device_type": "camera", "event": "moved", "handler": self.also}]

def also(self, device_id, event_name, payload):
    self.heard.append("also " + threading.current_thread().name[:9])

@rpc()
async def go(self, zone: str):
    await self.moved(zone)
    await self.hush(zone)

@rpc()
def go_thread(self, zone: str):
    self.moved(zone)

@rpc()
async def all(self) -> list:
    return self.heard
`),
  )
  await host.call('go', { zone: 'a' })
  await host.call('go', { zone: 'secret' })
  await host.call('go_thread', { zone: 'b' })
  await until(async () => ((await host.call('all')) as unknown[]).length >= 9, 'all have heard')
  const heard = (await host.call('all')) as unknown[]
  expect(heard).toEqual(
    expect.arrayContaining([
      'body a',
      'swallowed a',
      'body secret',
      'swallowed secret',
      'body b',
      ['box-1', 'moved', 'A'],
      ['box-1', 'moved', 'B'],
    ]),
  )
  expect(heard.filter((each) => each === 'also backplane')).toHaveLength(2)
  expect(heard).not.toContain('never')
  expect(events.map(({ type }) => type)).not.toContain('plugin.exited')
})

test('an @emit method called from a thread gives what upstream gives: a coroutine for whoever wants one', async () => {
  const { host, log } = testHost()
  await host.load(
    await plugin(`@emit()
async def done(self, job: str):
    if job == "bad":
        raise ValueError("no such job")
    return "body " + job

@emit()
def sync(self, job: str):
    return "sync " + job

@on(event_name="done")
async def hear(self, device_id, event_name, payload):
    self.heard.append(payload["job"])

@on(event_name="custom")
async def hear_custom(self, device_id, event_name, payload):
    self.heard.append("custom")

def in_thread(self, work):
    answer = []
    thread = threading.Thread(target=lambda: answer.append(work()))
    thread.start()
    return thread, answer

async def asked(self, work):
    thread, answer = self.in_thread(work)
    while thread.is_alive():
        await asyncio.sleep(0.001)
    return answer[0]

@rpc()
async def from_threads(self) -> list:
    loop = asyncio.get_running_loop()
    ask = lambda made: asyncio.run_coroutine_threadsafe(made, loop).result(5)
    return [
        await self.asked(lambda: ask(self.done("a"))),
        await self.asked(lambda: ask(self.sync(job="b"))),
        await self.asked(lambda: asyncio.run(self.wait_for(self.done("c")))),
        await self.asked(lambda: ask(self.device.enqueue_event("custom", {}))),
        await self.asked(lambda: ask(self.device.invoke_remote("box-1", "name"))["result"]),
        await self.asked(lambda: self.device.invoke("box-1", "name")["result"]),
        await self.asked(lambda: asyncio.iscoroutine(self.done("d"))),
    ]

async def wait_for(self, coroutine):
    return await asyncio.wait_for(coroutine, 5)

@rpc()
async def joined(self) -> bool:
    """The loop waits for the thread, which emits."""
    thread, _ = self.in_thread(lambda: self.done("e"))
    thread.join(5)
    return thread.is_alive()

@rpc()
def plainly(self) -> str:
    return asyncio.run(self.wait_for(self.done("f")))

@rpc()
async def failing(self) -> str:
    loop = asyncio.get_running_loop()
    error = await self.asked(lambda: asyncio.run_coroutine_threadsafe(self.done("bad"), loop).exception(5))
    self.in_thread(lambda: self.done("bad") and None)
    return str(error)

@rpc()
async def name(self) -> str:
    return "box"

@rpc()
async def all(self) -> list:
    return self.heard
`),
  )
  expect(await host.call('from_threads')).toEqual(['body a', 'sync b', 'body c', null, 'box', 'box', true])
  expect(await host.call('joined')).toBe(false)
  expect(await host.call('plainly')).toBe('body f')
  expect(await host.call('failing')).toBe('no such job')
  await until(() => log.some(({ message }) => message.includes('no such job')), 'the failure is told')
  await until(async () => ((await host.call('all')) as unknown[]).length >= 6, 'all have heard')
  expect(((await host.call('all')) as string[]).toSorted()).toEqual(['a', 'c', 'custom', 'd', 'e', 'f'])
})

test('a function that fails is told of once in the log, whose-ever wrapper it has', async () => {
  const { host, log } = testHost()
  const code = `import logging
logger = logging.getLogger("device_connect.drivers")

def wrapped(function):
    async def method(self):
        try:
            return await function(self)
        except Exception as error:
            logger.warning("%s -> FAILED: %s", "<<< RPC EXEC", error)
            raise
    method._is_device_function, method._function_name, method._original_func = True, "fail", function
    return method

class Plugin:
    def __init__(self, device):
        pass

    @wrapped
    async def fail(self):
        logger.warning("of its own")
        raise ValueError("no such job")
`
  await host.load(await capability(code))
  await expect(host.call('fail')).rejects.toMatchObject({ message: expect.stringContaining('no such job') })
  await until(() => log.some(({ message }) => message === 'of its own'), 'it has logged')
  expect(log.filter(({ message, fields }) => /no such job/.test(message + JSON.stringify(fields)))).toHaveLength(1)
})

test('@on with a device_type keeps other kinds out, its own host among them', async () => {
  const network = memoryNetwork()
  const on = (device: { id: string; type?: string }) => {
    const { id: deviceId, type: deviceType } = device
    const identity = deviceType === undefined ? { deviceId } : { deviceId, deviceType }
    return testHost({ device }, { identity, mesh: memoryMesh({ network }) }).host
  }
  const emitting = `@emit()
async def seen(self):
    pass

@rpc()
async def look(self):
    await self.seen()
`
  const listening = `@on(device_type="Camera", event_name="seen")
async def hear(self, device_id, event_name, payload):
    self.heard.append(device_id)

def get_event_subscriptions(self):
    return [{"device_type": "robot", "event": "seen", "handler": self.also}]

async def also(self, device_id, event_name, payload):
    self.heard.append("also " + device_id)

@rpc()
async def all(self) -> list:
    return self.heard
`
  const host = on({ id: 'box-1', type: 'plugin_host' })
  await host.start()
  await host.load(await plugin(emitting + listening))
  for (const device of [{ id: 'cam', type: 'camera' }, { id: 'arm', type: 'robot' }, { id: 'any' }]) {
    const other = on(device)
    await other.start()
    await other.load(await plugin(emitting))
    await other.call('look')
  }
  await host.call('look')
  const all = async () => [...((await host.call('all')) as string[])].sort()
  await until(async () => (await all()).length >= 4, 'all have heard')
  expect(await all()).toEqual(['also any', 'also arm', 'any', 'cam'])
})

test('where the host keeps no state, the working directory goes with the plugin', async () => {
  const { host } = testHost()
  const source = await plugin(`@rpc()
async def where(self) -> list:
    import os
    open("note.txt", "w").close()
    return [os.getcwd(), self.device.state_dir]
`)
  await host.load(source)
  const [folder, state] = (await host.call('where')) as [string, null]
  expect([state, await readdir(folder)]).toEqual([null, ['note.txt']])
  expect(await readdir(source.dir)).toEqual(['capability.py'])
  await host.unload('test-plugin')
  await until(() => !existsSync(folder), 'the folder is gone')
})

test('decorators need no parentheses', async () => {
  const { host } = testHost()
  const { functions, events, routines } = await host.load(
    await plugin(`@rpc
async def plain(self, n: int) -> int:
    """Plain."""
    return n

@emit
async def said(self, n: int):
    pass

@periodic
async def now_and_then(self):
    self.ticks += 1
`),
  )
  expect(functions).toMatchObject([{ name: 'plain', description: 'Plain.' }])
  expect(events).toMatchObject([{ name: 'said' }])
  expect(routines).toEqual(['now_and_then'])
  expect(await host.call('plain', { n: 3 })).toBe(3)
})

test.each(['"2"', '0', '-1', 'float("nan")', 'None', 'True'])(
  '@periodic refuses an interval of %s',
  async (interval) => {
    const { host } = testHost()
    const source = await plugin(`@periodic(interval=${interval})\nasync def tick(self):\n    pass\n`)
    await expect(host.load(source)).rejects.toMatchObject({
      code: 'BP_PLUGIN_LOAD_FAILED',
      message: expect.stringContaining("the interval of @periodic 'tick' is"),
    })
  },
)

test('periodic tasks run from the start of a plugin that is loaded later, and end with it', {
  timeout: 30_000,
}, async () => {
  const { host } = testHost()
  const source = await plugin(`@periodic(interval=0.02)
async def tick(self):
    self.ticks += 1
    if self.ticks == 2:
        raise RuntimeError("one turn fails")

@periodic(interval=0.02, wait_for_completion=False)
def beside(self):
    self.heard.append(1)
    time.sleep(0.1)

@rpc()
async def counts(self) -> dict:
    return {"pid": os.getpid(), "counts": [self.ticks, len(self.heard)], "seconds": time.monotonic() - self.began}
`)
  // Neither is faster than its interval, as one would be that ran twice or counted on from a former start.
  const bothHaveRun = async () => {
    let told = { pid: 0, counts: [0], seconds: 0 }
    const look = async () => {
      told = (await host.call('counts')) as typeof told
      return told.counts.every((count) => count > 4)
    }
    await until(look, 'both have run')
    expect(Math.max(...told.counts)).toBeLessThanOrEqual(told.seconds / 0.02 + 2)
    return told.pid
  }
  const ended = (pid: number) => until(() => !isRunning(pid), 'its process has ended, and its periodic tasks with it')
  await host.start()
  await host.load(source)
  const first = await bothHaveRun()
  await host.reload('test-plugin')
  const second = await bothHaveRun()
  expect(second).not.toBe(first)
  await ended(first)
  await host.unload('test-plugin')
  await ended(second)
})

test('start, stop, the constructor and a function each have the event loop', async () => {
  const { host, log } = testHost()
  await host.load(
    await capability(`import asyncio
from device_connect_edge.drivers import rpc

class Plugin:
    def __init__(self, device):
        self.events = ["init " + type(asyncio.get_running_loop()).__name__[:1]]
        self.queue = asyncio.Queue()

    def start(self):
        self.events.append("start")

    async def stop(self):
        print("stopping after", *self.events)

    @rpc()
    async def seen(self) -> list:
        async with asyncio.Lock():
            await asyncio.wait_for(asyncio.sleep(0), 1)
        self.events.append(asyncio.current_task() is not None)
        return self.events
`),
  )
  expect(await host.call('seen')).toEqual([expect.stringMatching(/^init ./), 'start', true])
  await host.unload('test-plugin')
  expect(log.some(({ message }) => message?.startsWith('stopping after init'))).toBe(true)
})

test('it calls functions of its host and of other devices, as upstream and with all that a plugin may', async () => {
  const network = memoryNetwork()
  const { host } = testHost({ device: { id: 'box-1', tenant: 'lab' } }, { mesh: memoryMesh({ network }) })
  await host.start()
  await host.load(
    await plugin(`@rpc()
async def add(self, a: int, b: int) -> int:
    return a + b

@rpc()
async def ask(self, device: str, name: str, params: dict = {}):
    return await self.device.invoke(device, name, timeout=5, **params)

@rpc()
def ask_thread(self):
    return self.device.call_function("add", {"a": 20, "b": 22})

@rpc()
async def who(self) -> dict:
    return {"id": self.device.device_id, "tenant": self.device.tenant, "from": get_rpc_source_device()}
`),
  )
  expect(await host.call('ask', { device: 'box-1', name: 'add', params: { a: 1, b: 2 } })).toEqual({ result: 3 })
  expect(await host.call('ask', { device: 'box-1', name: 'nope' })).toMatchObject({ error: { code: -32601 } })
  expect(await host.call('ask_thread')).toBe(42)
  expect(await host.call('who')).toEqual({ id: 'box-1', tenant: 'lab', from: null })
})

test('models of devices can be imported from where upstream has them', async () => {
  const { host } = testHost()
  await host.load(
    await capability(`from device_connect_edge import DeviceRuntime, DeviceStatus
from device_connect_edge.drivers import rpc
from device_connect_edge.types import DeviceStatus as Same

class Plugin:
    def __init__(self, device):
        self.status = DeviceStatus(availability="busy")

    @rpc()
    async def state(self) -> dict:
        return {"same": DeviceStatus is Same, "availability": self.status.availability}
`),
  )
  expect(await host.call('state')).toEqual({ same: true, availability: 'busy' })
})

const driver = `from device_connect_edge import DeviceRuntime
from device_connect_edge.drivers import DeviceDriver, rpc
class Base(DeviceDriver): pass
class Plugin(Base):
    @rpc()
    async def state(self) -> dict: return {}
if __name__ == "__main__":
    DeviceRuntime(driver=Plugin()).run()
`

test.each([
  ['a driver', driver, "its class 'Plugin' is a DeviceDriver", 'Run it by device-connect-edge'],
  [
    'a part of upstream',
    'from device_connect_edge import Gateway',
    "cannot import name 'Gateway'",
    'Name device-connect-edge',
  ],
  [
    'a module of upstream',
    'import device_connect_edge.messaging',
    "'device_connect_edge.messaging'",
    'Name device-connect-edge',
  ],
  ['a package', 'import nothing_like_this', "named 'nothing_like_this'", "Install what provides 'nothing_like_this'"],
])('%s cannot be loaded, and it says what to do', async (_, code, message, next) => {
  const { host } = testHost()
  const error = await host.load(await capability(code)).catch((thrown) => thrown)
  expect(error).toMatchObject({ code: 'BP_PLUGIN_LOAD_FAILED', message: expect.stringContaining(message) })
  expect(error.next).toContain(next)
})

test('its own files are imported afresh with each load, and its folder stays as it was', async () => {
  const { host } = testHost()
  const body =
    'from helper import VALUE\nfrom device_connect_edge.drivers import rpc\n\nclass Plugin:\n    def __init__(self, device):\n        pass\n\n    @rpc()\n    async def value(self) -> int:\n        return VALUE\n'
  const source = await capability(
    body,
    {},
    { 'helper.py': 'VALUE = 1\n', 'json.py': 'raise RuntimeError("not this one")' },
  )
  await host.load(source)
  expect(await host.call('value')).toBe(1)
  const { writeFile } = await import('node:fs/promises')
  await writeFile(join(source.dir, 'helper.py'), 'VALUE = 2\n')
  await host.reload('test-plugin')
  expect(await host.call('value')).toBe(2)
  expect((await readdir(source.dir)).sort()).toEqual(['capability.py', 'helper.py', 'json.py'])
})

test('it works in its state folder, with an environment of its own', async () => {
  const state = await mkdtemp(join(tmpdir(), 'backplane-state-'))
  onTestFinished(() => rm(state, { recursive: true, force: true }))
  process.env.BACKPLANE_SECRET = 'x'
  process.env.BACKPLANE_SHOWN = 'y'
  onTestFinished(() => {
    delete process.env.BACKPLANE_SECRET
    delete process.env.BACKPLANE_SHOWN
  })
  const { host } = testHost({}, { stateDir: (id: string) => join(state, id) })
  const source = await plugin(`@rpc()
async def look(self) -> dict:
    import os
    return {"cwd": os.getcwd(), "env": sorted(name for name in os.environ if name.startswith("BACKPLANE"))}
`)
  await host.load({ ...source, manifest: { ...source.manifest, permissions: { env: ['BACKPLANE_SHOWN'] } } })
  expect(await host.call('look')).toEqual({ cwd: join(state, 'test-plugin'), env: ['BACKPLANE_SHOWN'] })
})

test.runIf(process.platform === 'linux')('limits hold, and what the system cannot hold is said', async () => {
  const { host } = testHost()
  const source = await plugin(`@rpc()
def grab(self, mb: int):
    return len(bytearray(mb << 20))

@rpc()
def burn(self):
    while True:
        pass

@rpc()
def open_many(self):
    return [open("/dev/null") for _ in range(200)] and None
`)
  const limits = { memory_mb: 512, cpu_seconds: 1, open_files: 64, processes: 4 }
  await host.load({ ...source, manifest: { ...source.manifest, limits } })
  expect(host.plugin('test-plugin')?.unenforced).toEqual(process.getuid?.() === 0 ? ['limits.processes'] : [])
  expect(await host.call('grab', { mb: 8 })).toBe(8 << 20)
  await expect(host.call('grab', { mb: 1024 })).rejects.toMatchObject({
    code: 'BP_PLUGIN_FAILED',
    message: 'MemoryError',
  })
  await expect(host.call('open_many')).rejects.toMatchObject({
    message: expect.stringContaining('Too many open files'),
  })
  const restarted = next(host, 'plugin.restarted')
  await expect(host.call('burn')).rejects.toMatchObject({
    code: 'BP_PLUGIN_EXITED',
    message: expect.stringContaining('limits.cpu_seconds'),
  })
  await restarted
})

/** Forks until the system refuses, as a user whose processes it counts: it does not count root's. */
const forking = `import os, resource, signal, sys, time
sys.path.insert(0, sys.argv[1])
from backplane_worker import limits

if os.getuid() == 0:
    os.setuid(65534)
limits.apply({"processes": 4})
children = []
try:
    while len(children) < 300:
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        children.append(pid)
except BlockingIOError:
    pass
for pid in children:
    os.kill(pid, signal.SIGKILL)
print(len(children))
`

test.runIf(process.platform === 'linux')('limits.processes ends a flood of children', async () => {
  const worker = join(import.meta.dirname, '../python')
  const { stdout } = await execute(newestPython, ['-c', forking, worker])
  expect(Number(stdout)).toBeGreaterThanOrEqual(4)
  // Beside the four there is room for the threads of the worker itself.
  expect(Number(stdout)).toBeLessThanOrEqual(4 + 80)
})

test('calls that wait a moment all end, many at once and again and again', async () => {
  const { host } = testHost()
  await host.load(
    await plugin(`@rpc()
async def pause(self, n: int):
    await asyncio.sleep(0.001)
    return n

@rpc()
async def at_once(self, n: int):
    return n

@rpc()
def in_thread(self, n: int):
    return n
`),
  )
  for (let n = 0; n < 5; n++) expect(await host.call('pause', { n }, { timeoutMs: 4000 })).toBe(n)
  for (let round = 0; round < 30; round++) {
    const names = ['pause', 'at_once', 'in_thread']
    const calls = Array.from({ length: 64 }, (_, n) =>
      host.call(names[(n * (round % 3)) % 3]!, { n }, { timeoutMs: 8000 }),
    )
    expect(await Promise.all(calls)).toEqual(calls.map((_, n) => n))
  }
}, 30_000)

test.each([...pythonsHere()])(
  "asyncio's own means work in Python %s: subprocesses, executors, sockets, child processes",
  async (_, python) => {
    const { host } = testHost({ python })
    await host.load(
      await plugin(`@rpc()
async def run(self) -> str:
    child = await asyncio.create_subprocess_exec("echo", "hello", stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    return out.decode().strip()

@rpc()
async def executor(self) -> int:
    return await asyncio.get_running_loop().run_in_executor(None, sum, [1, 2, 3])

@rpc()
async def socket(self) -> str:
    async def serve(reader, writer):
        writer.write(await reader.readline())
        writer.close()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"line\\n")
    line = await reader.readline()
    writer.close()
    server.close()
    return line.decode().strip()

@rpc()
def forked(self) -> int:
    import multiprocessing
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=queue.put, args=(7,))
    child.start()
    value = queue.get()
    child.join()
    return value

@rpc()
def spawned(self) -> int:
    import math, multiprocessing
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(math.factorial, (5,))
`),
    )
    expect(await host.call('run')).toBe('hello')
    expect(await host.call('executor')).toBe(6)
    expect(await host.call('socket')).toBe('line')
    expect(await host.call('forked')).toBe(7)
    expect(await host.call('spawned')).toBe(120)
  },
)
