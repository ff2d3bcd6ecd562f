/**
 * A JSON-RPC call through the Device Connect mesh over NATS, beside the client library's own `request()` on the same
 * server with the same JSON text as payload, and beside our transport without the mesh (the baseline). A thread answers.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { silentLogger, systemClock } from '@backplane/core'
import { deviceConnect } from '@backplane/mesh-device-connect'
import { natsTransport } from '@backplane/transport-nats'
import { natsBroker } from '@backplane/transport-nats/broker'
import { connect } from '@nats-io/transport-node'
import type { Row, Subject } from './harness.ts'
import { answering, natsServer, type Stage, shared } from './nats-stage.ts'

const components = { logger: silentLogger, clock: systemClock }
const params = { name: 'plugin', values: [1, 2, 3] }
const call = { jsonrpc: '2.0', id: 'd2d-0123456789ab', method: 'echo', params }
const payload = new TextEncoder().encode(JSON.stringify(call))

const embedded = () => answering(import.meta.filename)
const real = () => natsServer(import.meta.filename)

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

export const rows: Row[] = [...calls('nats-server', real), ...calls('embedded broker', embedded)]
