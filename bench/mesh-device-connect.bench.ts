/**
 * A JSON-RPC call through the Device Connect mesh over NATS, beside the client library's own `request()` on the same
 * server with the same JSON text as payload, and beside our transport without the mesh (the baseline). A thread answers.
 */
import { globSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { silentLogger, systemClock } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { natsTransport } from '@backplane/transport-nats'
import { natsBroker } from '@backplane/transport-nats/broker'
import { connect } from '@nats-io/transport-node'
import { startProcess } from '../interop/running-process.ts'
import { cacheDir } from '../tools/workspace.ts'
import { absent, type Row, type Subject } from './harness.ts'

const components = { logger: silentLogger, clock: systemClock }
const params = { name: 'plugin', values: [1, 2, 3] }
const call = { jsonrpc: '2.0', id: 'd2d-0123456789ab', method: 'echo', params }
const payload = new TextEncoder().encode(JSON.stringify(call))

if (!isMainThread) await answer(workerData as { url?: string })

/** The thread's side: a device, a served subject of the transport, and a bare subscription of the library. */
async function answer({ url }: { url?: string }): Promise<void> {
  const broker = natsBroker({ port: 0 })()
  if (url === undefined) await broker.listen()
  const server = url ?? broker.url
  const plain = await connect({ servers: server })
  plain.subscribe('plain', {
    callback: (_, message) => {
      message.respond(message.data)
    },
  })
  await plain.flush()
  const transport = natsTransport({ servers: server })(components)
  await transport.connect()
  await transport.serve('bare', (request) => request.payload)
  const device = deviceConnect({ transport: natsTransport({ servers: server }) })({
    ...components,
    identity: { deviceId: 'echo' },
  })
  device.serve(async ({ params: given }) => given)
  await device.connect()
  parentPort!.postMessage(server)
}

/** A server and those who answer on it. */
interface Stage extends AsyncDisposable {
  readonly url: string
}

async function answering(url?: string): Promise<Stage> {
  const worker = new Worker(import.meta.filename, { workerData: { url } })
  const server = await new Promise<string>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { url: server, [Symbol.asyncDispose]: async () => void (await worker.terminate()) }
}

/** A real nats-server, as the interop scripts keep it in the cache. */
async function natsServer(): Promise<Stage> {
  const [binary] = globSync(cacheDir('venv-*', 'bin', 'nats-server'))
  if (!binary) return absent('no nats-server in the cache; `npm run interop -- device-connect` puts one there')
  const ready = /client connections on 127\.0\.0\.1:(\d+)[\s\S]*Server is ready/
  const server = await startProcess(binary, ['-a', '127.0.0.1', '-p', '-1'], { ready })
  const answers = await answering(`nats://127.0.0.1:${server.match[1]}`)
  return {
    url: answers.url,
    async [Symbol.asyncDispose]() {
      await answers[Symbol.asyncDispose]()
      await server.stop()
    },
  }
}

/** All contenders of a row share one server: it is made for the first and ended with the last. */
function shared(make: () => Promise<Stage>): () => Promise<Stage> {
  let stage: Promise<Stage> | undefined
  let users = 0
  return async () => {
    users++
    stage ??= make()
    const { url, [Symbol.asyncDispose]: end } = await stage
    return {
      url,
      async [Symbol.asyncDispose]() {
        if (--users > 0) return
        stage = undefined
        await end()
      },
    }
  }
}

type Use = (url: string) => Promise<{ run: () => unknown; end: () => Promise<void> }>

const on = (stage: () => Promise<Stage>, use: Use) => async (): Promise<Subject> => {
  const server = await stage()
  const { run, end } = await use(server.url)
  return {
    run,
    async [Symbol.asyncDispose]() {
      await end()
      await server[Symbol.asyncDispose]()
    },
  }
}

const mesh: Use = async (servers) => {
  const client = deviceConnect({ transport: natsTransport({ servers }) })({
    ...components,
    identity: { deviceId: 'caller' },
  })
  await client.connect()
  return { run: () => client.invoke('echo', 'echo', params), end: () => client.close() }
}

const transport: Use = async (servers) => {
  const client = natsTransport({ servers })(components)
  await client.connect()
  return { run: () => client.request('bare', payload), end: () => client.close() }
}

const library: Use = async (servers) => {
  const connection = await connect({ servers })
  return { run: () => connection.request('plain', payload, { timeout: 5000 }), end: () => connection.close() }
}

function calls(name: string, make: () => Promise<Stage>): Row[] {
  const stage = shared(make)
  const contenders = { ours: on(stage, mesh), baseline: on(stage, transport), peer: on(stage, library) }
  return [
    { case: `JSON-RPC call, ${name}`, unit: 'us', bar: '≤ 1.1', rounds: 10, ...contenders },
    { case: `JSON-RPC calls, 64 in flight, ${name}`, unit: 'calls/s', rounds: 10, ...contenders },
  ]
}

export const rows: Row[] = [...calls('nats-server', natsServer), ...calls('embedded broker', answering)]
