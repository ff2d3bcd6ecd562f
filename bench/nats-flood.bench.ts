/**
 * How a neighbour fares while somebody floods the broker: calls a second of one who asks and one who answers, quiet and
 * beside a publisher that never stops, on the embedded broker and on nats-server. And how late timers of the process
 * are in which the embedded broker runs. Who answers, who floods and the broker have a thread each.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { silentLogger, systemClock } from '@backplane/core'
import { natsBroker } from '@backplane/nats-broker'
import { natsTransport } from '@backplane/transport-nats'
import type { Row, Subject } from './harness.ts'
import { bareNatsServer, type Stage } from './nats-stage.ts'

const measureMs = 1000
const components = { logger: silentLogger, clock: systemClock }

type Role =
  | { readonly role: 'broker' }
  | { readonly role: 'answer'; readonly url: string }
  | { readonly role: 'flood'; readonly url: string; readonly bytes: number; readonly clients: number }

if (!isMainThread) await play(workerData as Role)

async function play(role: Role): Promise<void> {
  if (role.role === 'broker') await beBroker()
  else if (role.role === 'answer') await answer(role.url)
  else flood(role.url, role.bytes, role.clients)
}

/**
 * The embedded broker; when asked, says how late the worst timer of its thread was since it was asked last. A busy
 * machine keeps any thread waiting: only as much counts as this thread worked meanwhile.
 */
async function beBroker(): Promise<void> {
  const broker = natsBroker({ port: 0 })()
  await broker.listen()
  const everyMs = 5
  const workedMs = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  }
  let worst = 0
  const arm = () => {
    const due = performance.now() + everyMs
    const before = workedMs()
    setTimeout(() => {
      worst = Math.max(worst, Math.min(performance.now() - due, workedMs() - before))
      arm()
    }, everyMs)
  }
  arm()
  parentPort!.on('message', () => {
    parentPort!.postMessage(worst)
    worst = 0
  })
  parentPort!.postMessage(broker.url)
}

async function answer(url: string): Promise<void> {
  const transport = natsTransport({ servers: url })(components)
  await transport.connect()
  await transport.serve('echo', ({ payload }) => payload)
  parentPort!.postMessage('ready')
}

/** Publishes without end on a subject that nobody hears, from `start` to `stop`. */
function flood(url: string, bytes: number, clients: number): void {
  const message = `PUB flood ${bytes}\r\n${'x'.repeat(bytes)}\r\n`
  const block = Buffer.from(message.repeat(Math.ceil((1 << 18) / message.length)))
  let on = false
  const { hostname, port } = new URL(url)
  const sockets = Array.from({ length: clients }, () => {
    const socket = connect(Number(port), hostname)
    socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n')
    const pump = () => {
      while (on && socket.write(block));
    }
    socket.on('drain', pump).on('data', (chunk) => {
      if (chunk.includes('PING')) socket.write('PONG\r\n')
    })
    return pump
  })
  parentPort!.on('message', (wanted: boolean) => {
    on = wanted
    for (const pump of sockets) pump()
  })
  parentPort!.postMessage('ready')
}

/** Starts a thread; resolves with the first that it says. */
async function thread(role: Role): Promise<{ readonly worker: Worker; readonly said: string }> {
  const worker = new Worker(import.meta.filename, { workerData: role })
  return { worker, said: await heard<string>(worker) }
}

async function heard<T>(worker: Worker): Promise<T> {
  const [message] = await once(worker, 'message')
  return message
}

interface Flood {
  /** Of one message; none for a quiet broker. */
  readonly bytes: number | undefined
  readonly clients?: number
}

/** A broker, a responder on it and a publisher that floods it. */
async function scene(server: Stage, { bytes, clients = 1 }: Flood) {
  const answers = await thread({ role: 'answer', url: server.url })
  const floods = bytes === undefined ? undefined : await thread({ role: 'flood', url: server.url, bytes, clients })
  return {
    async beside<T>(measure: () => Promise<T>): Promise<T> {
      floods?.worker.postMessage(true)
      await sleep(100)
      try {
        return await measure()
      } finally {
        floods?.worker.postMessage(false)
        await sleep(200)
      }
    },
    async [Symbol.asyncDispose]() {
      await floods?.worker.terminate()
      await answers.worker.terminate()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function embedded(): Promise<Stage & { worst(): Promise<number> }> {
  const { worker, said } = await thread({ role: 'broker' })
  return {
    url: said,
    worst() {
      worker.postMessage('worst')
      return heard<number>(worker)
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  }
}

/** Calls of one neighbour, one after the other, in a second. */
const calls = (make: () => Promise<Stage>, flooded: Flood) => async (): Promise<Subject> => {
  const server = await make()
  const stage = await scene(server, flooded)
  const transport = natsTransport({ servers: server.url })(components)
  await transport.connect()
  const payload = new Uint8Array(64)
  return {
    run: () =>
      stage.beside(async () => {
        const end = performance.now() + measureMs
        let count = 0
        for (; performance.now() < end; count++) await transport.request('echo', payload, { timeoutMs: 10_000 })
        return (count * 1000) / measureMs
      }),
    async [Symbol.asyncDispose]() {
      await transport.close()
      await stage[Symbol.asyncDispose]()
    },
  }
}

/**
 * How late a timer is in the embedded broker's thread; for a bare one, in a thread like it while nats-server is
 * flooded.
 */
const lateness = (flooded: Flood, make: () => Promise<Stage>) => async (): Promise<Subject> => {
  const host = await embedded()
  const stage = await scene(make === embedded ? host : await make(), flooded)
  return {
    run: () =>
      stage.beside(async () => {
        await host.worst()
        await sleep(measureMs)
        return host.worst()
      }),
    async [Symbol.asyncDispose]() {
      await stage[Symbol.asyncDispose]()
      await host[Symbol.asyncDispose]()
    },
  }
}

const floods: readonly (readonly [string, Flood])[] = [
  ['a quiet broker', { bytes: undefined }],
  ['a flood of 16 B', { bytes: 16 }],
  ['a flood of 8 KiB', { bytes: 8192 }],
  ['16 floods of 16 B', { bytes: 16, clients: 16 }],
]

export const rows: Row[] = [
  ...floods.map(
    ([name, flooded]): Row => ({
      case: `calls of a neighbour beside ${name}`,
      unit: 'calls/s',
      bar: '>= 0.3 x nats-server',
      once: true,
      ours: calls(embedded, flooded),
      peer: calls(bareNatsServer, flooded),
    }),
  ),
  ...floods.slice(1).map(
    ([name, flooded]): Row => ({
      case: `latest timer of the host beside ${name}`,
      unit: 'ms',
      bar: '<= 20 ms',
      once: true,
      ours: lateness(flooded, embedded),
      baseline: lateness(flooded, bareNatsServer),
    }),
  ),
]
