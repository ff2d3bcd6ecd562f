/**
 * What a Python plugin's process costs over a bare pipe echo between Node and Python, what loading costs over Python's
 * own import, and what a call over NATS costs beside a real Python device (device-connect-edge) on the same server.
 */
import { execFile, spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PluginSource } from '@backplane/core'
import { systemClock as clock, createHost, silentLogger } from '@backplane/core'
import { pythonRuntime } from '@backplane/runtime-python'
import { connect } from '@nats-io/transport-node'
import { eventually } from '../interop/eventually.ts'
import { startProcess } from '../interop/running-process.ts'
import { cacheDir, root } from '../tools/workspace.ts'
import { absent, type Row, type Subject } from './harness.ts'
import { bareNatsServer, shared } from './nats-stage.ts'
import { pythonEdge } from './python-edge.ts'
import { callsOf, context, never, params, started } from './runtime-stage.ts'

const execute = promisify(execFile)
const worker = join(root, 'packages/runtime-python/python')
const shims = `${worker}/shims/device_connect_edge:${worker}`

const code = `import asyncio
import json

from device_connect_edge.drivers import rpc


class Greeter:
    def __init__(self, device):
        self.device = device

    @rpc()
    async def greet(self, name: str = "world") -> dict:
        """Greets by name."""
        return {"message": "Hello, " + name + "!"}

    @rpc()
    async def pause(self, name: str = "world") -> dict:
        """Greets a millisecond later."""
        await asyncio.sleep(0.001)
        return {"message": "Hello, " + name + "!"}
`

const echo = `import os
while True:
    data = os.read(0, 65536)
    if not data:
        break
    os.write(1, data)
`

/** The same with a message in it: what any worker has to do. */
const echoOfJson = `import json, sys
for line in sys.stdin.buffer:
    method = json.loads(line)
    sys.stdout.buffer.write(json.dumps({"message": "Hello, " + method["params"]["name"] + "!"}).encode() + b"\\n")
    sys.stdout.buffer.flush()
`

/** The Python of all contenders: one that has device-connect-edge. */
function python(): string {
  const found = globSync(cacheDir('venv-*', 'lib', 'python3*', 'site-packages', 'device_connect_edge'))[0]
  if (!found) return absent('no device-connect-edge in the cache; `npm run interop -- device-connect` puts one there')
  return join(found, '../../../../bin/python')
}

async function plainPython(): Promise<string> {
  const { stdout } = await execute('python3', ['-c', 'import sys; print(sys.executable)'])
  return stdout.trim()
}

async function folder(): Promise<{ plugins: string; source: PluginSource; remove(): Promise<void> }> {
  const plugins = await mkdtemp(join(tmpdir(), 'backplane-bench-'))
  const dir = join(plugins, 'bench')
  const manifest = { id: 'bench', entry_point: 'capability.py', class_name: 'Greeter' }
  await mkdir(dir)
  await writeFile(join(dir, 'capability.py'), code)
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest))
  return { plugins, source: { manifest, dir }, remove: () => rm(plugins, { recursive: true }) }
}

const runtimeOf = (python: string) => pythonRuntime({ python })({ logger: silentLogger, clock })

async function plugin(): Promise<Subject> {
  const { source, remove } = await folder()
  return callsOf(await started(runtimeOf(await plainPython()), source), remove)
}

async function throughHost(): Promise<Subject> {
  const { source, remove } = await folder()
  const home = createHost({
    identity: { deviceId: 'bench' },
    runtimes: [pythonRuntime({ python: await plainPython() })],
  })
  await home.start()
  await home.load(source)
  return {
    run: () => home.call('bench.greet', params),
    async [Symbol.asyncDispose]() {
      await home.stop()
      await remove()
    },
  }
}

/**
 * What the operating system and the two languages cost: the same JSON there and back, a message at a time or several.
 */
const pipe = (script: string) => async (): Promise<Subject> => {
  const child = spawn(await plainPython(), ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: ((value: unknown) => void)[] = []
  let held = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (held + chunk).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) waiting.shift()?.(JSON.parse(line))
  })
  return {
    run: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        child.stdin.write(`${JSON.stringify({ name: 'greet', params })}\n`)
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
    },
  }
}

const loading = (interpreter: () => string | Promise<string>) => async (): Promise<Subject> => {
  const { source, remove } = await folder()
  const runtime = runtimeOf(await interpreter())
  return {
    async run() {
      const began = performance.now()
      const instance = await runtime.load(source, context(), { signal: never })
      const took = performance.now() - began
      await instance.stop({ signal: never })
      return took
    },
    [Symbol.asyncDispose]: remove,
  }
}

const importing = (interpreter: () => string | Promise<string>, path?: string) => async (): Promise<Subject> => {
  const { source, remove } = await folder()
  const command = await interpreter()
  const env = { ...process.env, PYTHONPATH: [source.dir, path].filter(Boolean).join(':') }
  return {
    async run() {
      const began = performance.now()
      await execute(command, ['-c', 'import capability'], { env })
      return performance.now() - began
    },
    [Symbol.asyncDispose]: remove,
  }
}

const nats = shared(bareNatsServer)

/** Starts who answers on a server. */
type Answering = (url: string) => Promise<AsyncDisposable>

const ours: Answering = async (url) => {
  const { plugins, remove } = await folder()
  const script = join(import.meta.dirname, 'runtime-python-host.ts')
  const args = ['--conditions=@backplane/source', '--disable-warning=ExperimentalWarning', script, plugins]
  const host = await startProcess(process.execPath, args, { ready: /READY/, env: { NATS_URL: url }, cwd: root })
  return {
    async [Symbol.asyncDispose]() {
      await host.stop()
      await remove()
    },
  }
}

const real: Answering = (url) =>
  pythonEdge({ NATS_URL: url, MESSAGING_BACKEND: 'nats', DEVICE_CONNECT_ALLOW_INSECURE: 'true', TENANT: 'bench' })

const overNats = (answering: Answering, id: string, method: string) => async (): Promise<Subject> => {
  const at = await nats()
  const answers = await answering(at.url)
  const client = await connect({ servers: at.url })
  const payload = JSON.stringify({ jsonrpc: '2.0', id: 'd2d-0123456789ab', method, params })
  const run = async () => {
    const answer = await client.request(`device-connect.bench.${id}.cmd`, payload, { timeout: 10_000 })
    const { result } = answer.json<{ result?: { message: string } }>()
    if (result?.message !== 'Hello, plugin!') throw new Error(`it answered ${answer.string()}`)
  }
  // Neither says when its subscriptions have reached the server.
  await eventually(() => run().then(() => true))
  return {
    run,
    async [Symbol.asyncDispose]() {
      await client.close()
      await answers[Symbol.asyncDispose]()
      await at[Symbol.asyncDispose]()
    },
  }
}

export const rows: Row[] = [
  { case: 'call', unit: 'us', bar: '<= 1.5 x a bare pipe echo', ours: plugin, baseline: pipe(echo) },
  { case: 'call, beside an echo that reads and writes JSON', unit: 'us', ours: plugin, baseline: pipe(echoOfJson) },
  { case: 'call, through a host', unit: 'us', ours: throughHost, baseline: pipe(echo) },
  { case: 'calls, 64 in flight', unit: 'calls/s', inFlight: 64, ours: plugin, baseline: pipe(echo) },
  {
    case: 'load, with device-connect-edge',
    unit: 'ms',
    once: true,
    bar: '<= 1.3 x the import by Python itself',
    ours: loading(python),
    baseline: importing(python),
  },
  {
    case: 'load, with our decorators',
    unit: 'ms',
    once: true,
    bar: '<= 1.3 x the import by Python itself',
    ours: loading(plainPython),
    baseline: importing(plainPython, shims),
  },
  {
    case: 'call over nats-server',
    unit: 'us',
    bar: '<= 1 x a Python device',
    sliceMs: 2000,
    ours: overNats(ours, 'ours', 'greet'),
    peer: overNats(real, 'python-echo', 'greet'),
  },
  {
    case: 'calls over nats-server, 64 in flight, each waits 1 ms',
    unit: 'calls/s',
    inFlight: 64,
    bar: '>= 3 x a Python device',
    ours: overNats(ours, 'ours', 'pause'),
    peer: overNats(real, 'python-echo', 'pause'),
  },
]
