/**
 * Request and reply through the transport, beside the client library's own `request()` on the same server, and beside
 * the same library with nothing but a Map on top (the baseline: no deadlines, no errors). A thread of its own answers.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { silentLogger, systemClock } from '@backplane/core'
import { natsBroker } from '@backplane/nats-broker'
import { natsTransport } from '@backplane/transport-nats'
import { connect, createInbox } from '@nats-io/transport-node'
import type { Row, Subject } from './harness.ts'
import { answering, natsServer, type Stage, shared } from './nats-stage.ts'

const payload = new Uint8Array(64).fill(7)
const components = { logger: silentLogger, clock: systemClock }

const embedded = () => answering(import.meta.filename)
const real = () => natsServer(import.meta.filename)

if (!isMainThread) await answer(workerData as { url?: string })

/** The thread's side: answers on `ours` and on `plain`, and is the server as well where it is given none. */
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
  const ours = natsTransport({ servers: server })(components)
  await ours.connect()
  await ours.serve('ours', (request) => request.payload)
  parentPort!.postMessage(server)
}

const ours = (stage: () => Promise<Stage>) => async (): Promise<Subject> => {
  const server = await stage()
  const transport = natsTransport({ servers: server.url })(components)
  await transport.connect()
  return {
    run: () => transport.request('ours', payload),
    async [Symbol.asyncDispose]() {
      await transport.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

const libraryRequest = (stage: () => Promise<Stage>) => async (): Promise<Subject> => {
  const server = await stage()
  const connection = await connect({ servers: server.url })
  return {
    run: () => connection.request('plain', payload, { timeout: 5000 }),
    async [Symbol.asyncDispose]() {
      await connection.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

const bareMux = (stage: () => Promise<Stage>) => async (): Promise<Subject> => {
  const server = await stage()
  const connection = await connect({ servers: server.url })
  const waiting = new Map<string, (answer: Uint8Array) => void>()
  const inbox = `${createInbox()}.`
  connection.subscribe(`${inbox}*`, {
    callback: (_, { subject, data }) => {
      const id = subject.slice(inbox.length)
      waiting.get(id)?.(data)
      waiting.delete(id)
    },
  })
  await connection.flush()
  let next = 0
  return {
    run: () =>
      new Promise((resolve) => {
        const id = String(next++)
        waiting.set(id, resolve)
        connection.publish('plain', payload, { reply: inbox + id })
      }),
    async [Symbol.asyncDispose]() {
      await connection.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

function requests(name: string, make: () => Promise<Stage>): Row[] {
  const stage = shared(make)
  const contenders = { ours: ours(stage), baseline: bareMux(stage), peer: libraryRequest(stage) }
  return [
    { case: `request, 64 B, ${name}`, unit: 'us', bar: '≤ 0.85', rounds: 10, ...contenders },
    { case: `requests, 64 in flight, ${name}`, unit: 'calls/s', bar: '≥ 2', rounds: 10, ...contenders },
  ]
}

export const rows: Row[] = [
  ...requests('nats-server', real),
  ...requests('embedded broker', embedded),
  {
    case: 'requests, 64 in flight, embedded broker against nats-server',
    unit: 'calls/s',
    rounds: 10,
    ours: ours(shared(embedded)),
    peer: ours(shared(real)),
  },
]
