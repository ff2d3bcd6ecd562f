/**
 * 100 hosts with 50 functions each on one machine, four processes of 25, over a real nats-server: how long a newcomer
 * needs to find all of them, what an idle one costs, and what a storm of changes makes of the mesh. The rows with a
 * registry run on Device Connect's own, where the interop scripts have put it in the cache.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHost, silentLogger, systemClock } from '@backplane/core'
import { type DiscoveryMode, deviceConnect } from '@backplane/mesh-device-connect'
import { natsTransport } from '@backplane/transport-nats'
import { startEtcd } from '../interop/etcd.ts'
import { startProcess } from '../interop/running-process.ts'
import { cacheDir } from '../tools/workspace.ts'
import { absent, type Row } from './harness.ts'
import type { Usage } from './mesh-scale-hosts.ts'
import { bareNatsServer } from './nats-stage.ts'

const hostCount = 100
const functionCount = 50
const components = { logger: silentLogger, clock: systemClock }
/** Presence comes more often at first; an idle host is one that has been there for a while. */
const settleMs = 13_000
const windowMs = 5_000

interface Fleet extends AsyncDisposable {
  readonly url: string
  usage(): Promise<Usage[]>
}

async function registryOn(url: string): Promise<AsyncDisposable> {
  const [script] = globSync(cacheDir('venv-*', 'bin', 'devctl'))
  if (!script) return absent('no Device Connect registry in the cache; `npm run interop -- registry` puts one there')
  const folder = mkdtempSync(join(tmpdir(), 'backplane-bench-'))
  const skip = (reason: string): never => absent(reason)
  const etcd = await startEtcd({ tool: skip, skip } as never, folder)
  const env = { MESSAGING_BACKEND: 'nats', NATS_URL: url, ETCD_HOST: '127.0.0.1', ETCD_PORT: String(etcd.port) }
  const args = ['-m', 'device_connect_server.registry.service.main']
  const registry = await startProcess(join(script, '..', 'python'), args, { ready: /listening on all tenants/, env })
  return {
    async [Symbol.asyncDispose]() {
      await registry.stop()
      await etcd[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function fleet(discovery: DiscoveryMode, sizes = [25, 25, 25, 25]): Promise<Fleet> {
  const server = await bareNatsServer()
  const registry = discovery === 'infra' ? await registryOn(server.url) : undefined
  let first = 0
  const children = sizes.map((size) => {
    const args = [server.url, discovery, String(first), String(size)]
    first += size
    const execArgv = ['--conditions=@backplane/source', '--expose-gc']
    return fork(join(import.meta.dirname, 'mesh-scale-hosts.ts'), args, { execArgv, stdio: ['ignore', 2, 2, 'ipc'] })
  })
  await Promise.all(children.map((child) => next(child)))
  return {
    url: server.url,
    usage: () =>
      Promise.all(
        children.map((child) => {
          const answer = next(child)
          child.send('usage')
          return answer as Promise<Usage>
        }),
      ),
    async [Symbol.asyncDispose]() {
      const ended = children.map((child) => new Promise((resolve) => child.once('exit', resolve)))
      for (const child of children) child.send('stop')
      await Promise.all(ended)
      await registry?.[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

function next(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the hosts ended (${code})`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message)
    })
  })
}

let newcomers = 0

/** The time from the first word of a newcomer until it knows every host with every function. */
async function discoverAll(url: string, discovery: DiscoveryMode): Promise<number> {
  const mesh = deviceConnect({ transport: natsTransport({ servers: url }), discovery })({
    ...components,
    identity: { deviceId: `newcomer-${++newcomers}`, tenant: 'scale' },
  })
  await using _ = mesh
  const began = performance.now()
  await mesh.connect()
  const found = await mesh.discover('device(host-*)')
  const tookMs = performance.now() - began
  const whole = found.filter(({ functions }) => functions.length === functionCount)
  if (whole.length !== hostCount) throw new Error(`found ${whole.length} of ${hostCount} hosts in ${tookMs} ms`)
  return tookMs
}

function newcomer(discovery: DiscoveryMode) {
  return async () => {
    const hosts = await fleet(discovery)
    await sleep(settleMs)
    return { run: () => discoverAll(hosts.url, discovery), [Symbol.asyncDispose]: () => hosts[Symbol.asyncDispose]() }
  }
}

/**
 * All hosts and a client that searches from the first moment: until it knows all of them, the start of their processes
 * included.
 */
async function startAll(): Promise<number> {
  const server = await bareNatsServer()
  await using _server = server
  const began = performance.now()
  const hosts = await fleet('d2d')
  await using _hosts = hosts
  await discoverAll(hosts.url, 'd2d')
  return performance.now() - began
}

const heap = (all: readonly Usage[]) => all.reduce((sum, { heapBytes }) => sum + heapBytes, 0)
const cpu = (all: readonly Usage[]) => all.reduce((sum, { cpuMs }) => sum + cpuMs, 0)

function idle(figure: (before: Usage[], after: Usage[]) => number, discovery: DiscoveryMode = 'd2d') {
  return async () => {
    const hosts = await fleet(discovery)
    await sleep(settleMs)
    return {
      async run() {
        const before = await hosts.usage()
        await sleep(windowMs)
        return figure(before, await hosts.usage())
      },
      [Symbol.asyncDispose]: () => hosts[Symbol.asyncDispose](),
    }
  }
}

/** A host that changes 200 times within a second, as it loads and unloads plugins: how often it says so. */
async function storm() {
  const server = await bareNatsServer()
  const wire = natsTransport({ servers: server.url })(components)
  await wire.connect()
  let heard = 0
  await wire.subscribe('device-connect.scale.stormy.presence', () => void heard++)
  const mesh = deviceConnect({ transport: natsTransport({ servers: server.url }) })
  const host = createHost({ identity: { deviceId: 'stormy', tenant: 'scale' }, mesh })
  await host.start()
  return {
    async run() {
      await sleep(1_000)
      heard = 0
      for (let revision = 1; revision <= 200; revision++) {
        host.mesh!.advertise({ revision, functions: [{ name: `f${revision}` }], events: [] })
        await sleep(5)
      }
      return heard
    },
    async [Symbol.asyncDispose]() {
      await host.stop()
      await wire.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

export const rows: Row[] = [
  {
    case: 'newcomer finds 100 hosts x 50 functions',
    unit: 'ms',
    bar: '<= 3000 ms',
    once: true,
    ours: newcomer('d2d'),
  },
  {
    case: 'newcomer finds 100 hosts x 50 functions, registry',
    unit: 'ms',
    bar: '<= 3000 ms',
    once: true,
    ours: newcomer('infra'),
  },
  {
    case: '100 hosts start at once, processes included, until all are found',
    unit: 'ms',
    once: true,
    rounds: 5,
    ours: () => ({ run: startAll }),
  },
  {
    case: 'CPU of an idle host among 100',
    unit: 'ms per s',
    bar: 'flat',
    once: true,
    rounds: 5,
    ours: idle((before, after) => (cpu(after) - cpu(before)) / hostCount / (windowMs / 1_000)),
  },
  {
    case: 'CPU of an idle host among 100, registry',
    unit: 'ms per s',
    bar: 'flat',
    once: true,
    rounds: 5,
    ours: idle((before, after) => (cpu(after) - cpu(before)) / hostCount / (windowMs / 1_000), 'infra'),
  },
  {
    case: 'memory of an idle host among 100, what it knows of the others included',
    unit: 'MiB',
    bar: 'flat',
    once: true,
    rounds: 5,
    ours: idle((_, after) => heap(after) / hostCount / 2 ** 20),
  },
  {
    case: 'memory that an idle host among 100 gains in 5 s',
    unit: 'KiB',
    bar: 'flat',
    once: true,
    rounds: 6,
    ours: idle((before, after) => (heap(after) - heap(before)) / hostCount / 2 ** 10),
  },
  {
    case: 'presences of a host that changes 200 times in a second',
    unit: 'messages',
    bar: '<= 15',
    once: true,
    ours: storm,
  },
]
