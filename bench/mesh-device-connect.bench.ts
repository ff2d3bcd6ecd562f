/**
 * A JSON-RPC call through the Device Connect mesh over NATS and over Zenoh, beside the client library's own request on
 * the same server with the same JSON text as payload, and beside our transport without the mesh (the baseline); and our
 * mesh beside Python's edge runtime on the same server, as the device that answers and as the caller. A thread answers.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { silentLogger, systemClock, type TransportFactory } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { natsBroker } from '@backplane/nats-broker'
import { natsTransport } from '@backplane/transport-nats'
import { zenohTransport } from '@backplane/transport-zenoh'
import { connect } from '@nats-io/transport-node'
import type { Contender, Row, Subject } from './harness.ts'
import { quantile } from './harness.ts'
import { answering, natsServer, type Stage, shared } from './nats-stage.ts'
import { pythonEdge } from './python-edge.ts'
import { rawZenoh, zenohBridge } from './zenoh-stage.ts'

const components = { logger: silentLogger, clock: systemClock }
const params = { name: 'plugin', values: [1, 2, 3] }
const call = { jsonrpc: '2.0', id: 'd2d-0123456789ab', method: 'echo', params }
const payload = new TextEncoder().encode(JSON.stringify(call))

const isZenoh = (url: string) => url.startsWith('ws')
const transportTo = (url: string): TransportFactory =>
  isZenoh(url) ? zenohTransport({ endpoint: url }) : natsTransport({ servers: url })

if (!isMainThread) await answer(workerData as { url?: string })

/** The thread's side: a device, a served subject of the transport, and the bare library. */
async function answer({ url }: { url?: string }): Promise<void> {
  const broker = natsBroker({ port: 0 })()
  if (url === undefined) await broker.listen()
  const server = url ?? broker.url
  if (isZenoh(server)) await (await rawZenoh(server)).echo('plain')
  else {
    const plain = await connect({ servers: server })
    plain.subscribe('plain', {
      callback: (_, message) => {
        message.respond(message.data)
      },
    })
    await plain.flush()
  }
  const transport = transportTo(server)(components)
  await transport.connect()
  await transport.serve('bare', (request) => request.payload)
  const device = deviceConnect({ transport: transportTo(server) })({ ...components, identity: { deviceId: 'echo' } })
  device.serve(async ({ params: given }) => given)
  await device.connect()
  parentPort!.postMessage(server)
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

const meshTo =
  (device: string): Use =>
  async (url) => {
    const client = deviceConnect({ transport: transportTo(url) })({ ...components, identity: { deviceId: 'caller' } })
    await client.connect()
    return { run: () => client.invoke(device, 'echo', params), end: () => client.close() }
  }

const transport: Use = async (url) => {
  const client = transportTo(url)(components)
  await client.connect()
  return { run: () => client.request('bare', payload), end: () => client.close() }
}

const library: Use = async (url) => {
  if (isZenoh(url)) {
    const client = await rawZenoh(url)
    return { run: () => client.request('plain', payload), end: () => client.close() }
  }
  const connection = await connect({ servers: url })
  return { run: () => connection.request('plain', payload, { timeout: 5000 }), end: () => connection.close() }
}

function calls(name: string, make: () => Promise<Stage>, bar?: string): Row[] {
  const stage = shared(make)
  const contenders = { ours: on(stage, meshTo('echo')), baseline: on(stage, transport), peer: on(stage, library) }
  return [
    { case: `JSON-RPC call, ${name}`, unit: 'us', rounds: 10, ...(bar ? { bar } : {}), ...contenders },
    { case: `JSON-RPC calls, 64 in flight, ${name}`, unit: 'calls/s', rounds: 10, ...contenders },
  ]
}

/** How many calls the median is taken of, for those who call from another process. */
const count = 300

/** Our mesh beside Python's, with our mesh on the other side of both. */
function besidePython(name: string, make: () => Promise<Stage>, env: (stage: Stage) => Record<string, string>): Row[] {
  const stage = shared(async () => {
    const server = await make()
    const device = await pythonEdge(env(server))
    const end = async () => {
      await device[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    }
    return { url: server.url, [Symbol.asyncDispose]: end }
  })
  const ours: Contender = on(stage, async (url) => {
    const { run, end } = await meshTo('echo')(url)
    const measured = async () => {
      const taken: number[] = []
      for (let turn = 0; turn < count; turn++) {
        const began = performance.now()
        await run()
        taken.push((performance.now() - began) * 1000)
      }
      return quantile(taken, 0.5)
    }
    return { run: measured, end }
  })
  const python: Contender = on(stage, async (url) => {
    const client = deviceConnect({ transport: transportTo(url) })({ ...components, identity: { deviceId: 'asker' } })
    await client.connect()
    const measured = async () => {
      const answer = await client.invoke('python-echo', 'measure', { device: 'echo', count }, { timeoutMs: 60_000 })
      return (answer as { median: number }).median
    }
    return { run: measured, end: () => client.close() }
  })
  const answers = { ours: on(stage, meshTo('echo')), peer: on(stage, meshTo('python-echo')) }
  return [
    { case: `our device beside a Python edge device, ${name}`, unit: 'us', rounds: 10, ...answers },
    {
      case: `our caller beside a Python edge device that calls, ${name}`,
      unit: 'us',
      once: true,
      rounds: 6,
      ours,
      peer: python,
    },
  ]
}

const embedded = () => answering(import.meta.filename)
const real = () => natsServer(import.meta.filename)
const zenoh = () => zenohBridge(import.meta.filename)

export const rows: Row[] = [
  ...calls('nats-server', real, '≤ 1.1'),
  ...calls('embedded broker', embedded, '≤ 1.1'),
  ...calls('Zenoh bridge', zenoh),
  ...besidePython('nats-server', real, ({ url }) => ({
    MESSAGING_BACKEND: 'nats',
    NATS_URL: url,
    MESSAGING_URLS: url,
  })),
  ...besidePython('Zenoh bridge', zenoh, (stage) => ({
    MESSAGING_BACKEND: 'zenoh',
    ZENOH_CONNECT: (stage as Awaited<ReturnType<typeof zenohBridge>>).locator,
  })),
]
