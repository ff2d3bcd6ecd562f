/**
 * The server that NATS benchmarks share: a real nats-server or the embedded broker, and a thread that answers on it.
 */
import { globSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { startProcess } from '../interop/running-process.ts'
import { cacheDir } from '../tools/workspace.ts'
import { absent } from './harness.ts'

/** A server and those who answer on it. */
export interface Stage extends AsyncDisposable {
  readonly url: string
}

/**
 * Starts `script` as the thread that answers; it posts the server's URL when it is ready. Without `url` it brings the
 * embedded broker.
 */
export async function answering(script: string, url?: string): Promise<Stage> {
  const worker = new Worker(script, { workerData: { url } })
  const server = await new Promise<string>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { url: server, [Symbol.asyncDispose]: async () => void (await worker.terminate()) }
}

/** A real nats-server, as the interop scripts keep it in the cache, on which nobody answers. */
export async function bareNatsServer(): Promise<Stage> {
  const [binary] = globSync(cacheDir('venv-*', 'bin', 'nats-server'))
  if (!binary) return absent('no nats-server in the cache; `npm run interop -- nats` puts one there')
  const ready = /client connections on 127\.0\.0\.1:(\d+)[\s\S]*Server is ready/
  const server = await startProcess(binary, ['-a', '127.0.0.1', '-p', '-1'], { ready })
  return { url: `nats://127.0.0.1:${server.match[1]}`, [Symbol.asyncDispose]: () => server.stop() }
}

/** A real nats-server, and `script` as the thread that answers on it. */
export async function natsServer(script: string): Promise<Stage> {
  const server = await bareNatsServer()
  const answers = await answering(script, server.url)
  return {
    url: answers.url,
    async [Symbol.asyncDispose]() {
      await answers[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** All contenders of a row share one server: it is made for the first and ended with the last. */
export function shared(make: () => Promise<Stage>): () => Promise<Stage> {
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
