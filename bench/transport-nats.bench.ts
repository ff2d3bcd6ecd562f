/**
 * Request and reply through the transport, beside the client library's own `request()` on the same server, and beside
 * the same library with nothing but a Map on top (the baseline: no deadlines, no errors). A thread of its own answers.
 */
import { globSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { silentLogger, systemClock } from '@backplane/core'
import { natsTransport } from '@backplane/transport-nats'
import { natsBroker } from '@backplane/transport-nats/broker'
import { connect, createInbox } from '@nats-io/transport-node'
import { startProcess } from '../interop/running-process.ts'
import { cacheDir } from '../tools/workspace.ts'
import { absent, type Row, type Subject } from './harness.ts'

const payload = new Uint8Array(64).fill(7)
const components = { logger: silentLogger, clock: systemClock }

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
  if (!binary) return absent('no nats-server in the cache; `npm run interop -- nats` puts one there')
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
  ...requests('nats-server', natsServer),
  ...requests('embedded broker', answering),
  {
    case: 'requests, 64 in flight, embedded broker against nats-server',
    unit: 'calls/s',
    rounds: 10,
    ours: ours(shared(answering)),
    peer: ours(shared(natsServer)),
  },
]
