/** What a plugin's thread costs over a bare MessagePort, and a plugin in process over calling its function. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { PluginSource } from '@backplane/core'
import { systemClock as clock, createHost, silentLogger } from '@backplane/core'
import { nodeRuntime } from '@backplane/runtime-node'
import type { Row, Subject } from './harness.ts'
import { callsOf, never, params, started } from './runtime-stage.ts'

const greet = ({ name = 'world' }: { readonly name?: string }) => ({ message: `Hello, ${name}!` })
const code = `export default { functions: {
  greet: ({ name = 'world' }) => ({ message: 'Hello, ' + name + '!' }),
  crash: () => process.exit(1),
} }
`

async function folder(): Promise<{ source: PluginSource; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'backplane-bench-'))
  await writeFile(join(dir, 'plugin.mjs'), code)
  return {
    source: { manifest: { id: 'bench', entry_point: 'plugin.mjs' }, dir },
    remove: () => rm(dir, { recursive: true }),
  }
}

const runtimeOf = (isolation: 'worker' | 'none') => nodeRuntime({ isolation })({ logger: silentLogger, clock })

const plugin = (isolation: 'worker' | 'none') => async (): Promise<Subject> => {
  const { source, remove } = await folder()
  return callsOf(await started(runtimeOf(isolation), source), remove)
}

/** A call as an application makes it: through registry, deadline and slot, then into the thread. */
async function throughHost(): Promise<Subject> {
  const { source, remove } = await folder()
  const host = createHost({ identity: { deviceId: 'bench' }, runtimes: [nodeRuntime()] })
  await host.load(source)
  return {
    run: () => host.call('greet', params),
    async [Symbol.asyncDispose]() {
      await host.stop()
      await remove()
    },
  }
}

/** The same call over a bare channel: one message there, one back, told apart by a number. */
async function bareChannel(): Promise<Subject> {
  const script = `
    const { workerData: { port } } = require('node:worker_threads')
    port.on('message', ([id, { name }]) => port.postMessage([id, { message: 'Hello, ' + name + '!' }]))`
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(script, { eval: true, workerData: { port: port2 }, transferList: [port2] })
  const waiting = new Map<number, (value: unknown) => void>()
  port1.on('message', ([id, value]: [number, unknown]) => {
    waiting.get(id)?.(value)
    waiting.delete(id)
  })
  let last = 0
  return {
    run: () =>
      new Promise((resolve) => {
        waiting.set(++last, resolve)
        port1.postMessage([last, params])
      }),
    async [Symbol.asyncDispose]() {
      port1.close()
      await worker.terminate()
    },
  }
}

const reload = async (): Promise<Subject> => {
  const { source, remove } = await folder()
  return {
    async run() {
      const instance = await started(runtimeOf('worker'), source)
      await instance.stop({ signal: never })
    },
    [Symbol.asyncDispose]: remove,
  }
}

/** A worker that imports the same file and says so, without anything of ours. */
const bareWorker = async (): Promise<Subject> => {
  const { source, remove } = await folder()
  const script = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData).then(() => parentPort.postMessage('ready'))`
  return {
    async run() {
      const worker = new Worker(script, { eval: true, workerData: join(source.dir ?? '', 'plugin.mjs') })
      await new Promise((resolve) => worker.once('message', resolve))
      await worker.terminate()
    },
    [Symbol.asyncDispose]: remove,
  }
}

/** How long a plugin is away after a crash, without the wait that its restart policy would add. */
const crash = async (): Promise<Subject> => {
  const { source, remove } = await folder()
  const host = createHost({ identity: { deviceId: 'bench' }, runtimes: [nodeRuntime()] })
  await host.load({ ...source, manifest: { ...source.manifest, restart: { backoff_ms: 0, intensity: 1000 } } })
  return {
    async run() {
      const back = new Promise<void>((resolve) => {
        const off = host.on(({ type }) => {
          if (type !== 'plugin.restarted') return
          off()
          resolve()
        })
      })
      await host.call('crash').catch(() => {})
      await back
      await host.call('greet', params)
    },
    async [Symbol.asyncDispose]() {
      await host.stop()
      await remove()
    },
  }
}

const reloads = Number(process.env.BACKPLANE_BENCH_RELOADS ?? 200)

/** How much the heap holds after many reloads over what it held before, once what can be freed has been. */
const growth = async (): Promise<Subject> => {
  const { source, remove } = await folder()
  const once = async () => (await started(runtimeOf('worker'), source)).stop({ signal: never })
  return {
    async run() {
      for (let warm = 0; warm < 10; warm++) await once()
      const before = await settledHeap()
      for (let count = 0; count < reloads; count++) await once()
      return ((await settledHeap()) - before) / 2 ** 20
    },
    [Symbol.asyncDispose]: remove,
  }
}

async function settledHeap(): Promise<number> {
  for (let pass = 0; pass < 5; pass++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return process.memoryUsage().heapUsed
}

export const rows: Row[] = [
  { case: 'call, worker', unit: 'us', bar: '<= 2 x bare MessagePort', ours: plugin('worker'), baseline: bareChannel },
  { case: 'call, worker, through a host', unit: 'us', ours: throughHost, baseline: bareChannel },
  { case: 'call, worker, 64 in flight', unit: 'calls/s', inFlight: 64, ours: plugin('worker'), baseline: bareChannel },
  {
    case: 'call, in process',
    unit: 'ns',
    bar: '<= 1 us',
    ours: plugin('none'),
    baseline: () => ({ run: async () => greet(params) }),
  },
  {
    case: 'load, start and stop, worker, from source',
    unit: 'ms',
    rounds: 5,
    sliceMs: 1500,
    ours: reload,
    baseline: bareWorker,
  },
  { case: 'from a crash to serving again, worker, from source', unit: 'ms', rounds: 5, sliceMs: 1500, ours: crash },
  {
    case: `heap after ${reloads} reloads`,
    unit: 'MiB',
    bar: '<= 5 MiB after 1,000',
    once: true,
    rounds: 5,
    ours: growth,
  },
]
