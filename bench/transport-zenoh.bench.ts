/**
 * Request and reply through the transport, beside the bare client library's `get` on the same bridge (the peer: no
 * deadline of its own, no reconnect, no errors told apart), and publishing the same way. A thread of its own answers.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { silentLogger, systemClock } from '@backplane/core'
import { zenohTransport } from '@backplane/transport-zenoh'
import { loadZenohTs } from '../packages/transport-zenoh/src/zenoh-ts/load.ts'
import type { Row, Subject } from './harness.ts'
import { shared } from './nats-stage.ts'
import { zenohBridge } from './zenoh-stage.ts'

const components = { logger: silentLogger, clock: systemClock }
const nothing = () => {}
const perBatch = 200

if (!isMainThread) await answer(workerData as { url: string })

/** The thread's side: answers on `ours` and on `plain`. */
async function answer({ url }: { url: string }): Promise<void> {
  const { session, KeyExpr } = await bare(url)
  const options = {
    complete: true,
    handler: [
      (query: Parameters<Parameters<typeof session.declareQueryable>[1]['handler'][0]>[0]) => {
        void query.reply(query.keyExpr(), query.payload()!.toBytes())
        void query.finalize()
      },
      nothing,
    ] as const,
  }
  await session.declareQueryable(new KeyExpr('plain'), options)
  const ours = zenohTransport({ endpoint: url })(components)
  await ours.connect()
  await ours.serve('ours', (request) => request.payload)
  parentPort!.postMessage(url)
}

/** The library alone; in a copy that does not write to the console. */
async function bare(url: string) {
  const library = await loadZenohTs()
  return { ...library, session: await library.Session.open(new library.Config(url.replace('://', '/'), 5000)) }
}

const stage = shared(() => zenohBridge(import.meta.filename))

const ours = (use: (transport: Awaited<ReturnType<typeof open>>) => Subject['run']) => async (): Promise<Subject> => {
  const server = await stage()
  const transport = await open(server.url)
  return {
    run: use(transport),
    async [Symbol.asyncDispose]() {
      await transport.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function open(endpoint: string) {
  const transport = zenohTransport({ endpoint })(components)
  await transport.connect()
  return transport
}

const library = (use: (plain: Awaited<ReturnType<typeof bare>>) => Subject['run']) => async (): Promise<Subject> => {
  const server = await stage()
  const plain = await bare(server.url)
  return {
    run: use(plain),
    async [Symbol.asyncDispose]() {
      await plain.session.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

function requests(bytes: number): Pick<Row, 'ours' | 'peer'> {
  const payload = new Uint8Array(bytes).fill(7)
  return {
    ours: ours((transport) => () => transport.request('ours', payload)),
    peer: library(({ session, KeyExpr, Duration }) => {
      const key = new KeyExpr('plain')
      const timeout = Duration.milliseconds.of(5000)
      return () =>
        new Promise((resolve, reject) => {
          const options = { payload, timeout, handler: [resolve, () => reject(new Error('no answer'))] as const }
          session.get(key, options).catch(reject)
        })
    }),
  }
}

function publishes(bytes: number): Pick<Row, 'ours' | 'peer'> {
  const payload = new Uint8Array(bytes).fill(7)
  return {
    ours: ours((transport) => async () => {
      for (let n = 0; n < perBatch; n++) await transport.publish('heard.by.nobody', payload)
      await transport.flush()
    }),
    peer: library(({ session, KeyExpr }) => {
      const key = new KeyExpr('heard/by/nobody')
      return async () => {
        for (let n = 0; n < perBatch; n++) await session.put(key, payload)
        await session.newTimestamp()
      }
    }),
  }
}

export const rows: Row[] = [
  { case: 'request, 64 B', unit: 'us', bar: '≤ 1.1 x zenoh-ts', rounds: 10, ...requests(64) },
  { case: 'request, 8 kB', unit: 'us', rounds: 10, ...requests(8192) },
  { case: 'requests, 1 in flight, 64 B', unit: 'calls/s', inFlight: 1, rounds: 10, ...requests(64) },
  { case: 'requests, 64 in flight, 64 B', unit: 'calls/s', bar: '≥ 0.9 x zenoh-ts', rounds: 10, ...requests(64) },
  { case: 'requests, 64 in flight, 8 kB', unit: 'calls/s', rounds: 10, ...requests(8192) },
  { case: `${perBatch} publishes and a flush, 64 B`, unit: 'us', rounds: 10, ...publishes(64) },
  { case: `${perBatch} publishes and a flush, 8 kB`, unit: 'us', rounds: 10, ...publishes(8192) },
]
