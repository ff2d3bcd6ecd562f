/** The real `nats-server`, as a child process. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess } from './running-process.ts'

/** Options of {@link Interop.natsServer}. */
export interface NatsServerInit {
  /** Turns JetStream on, in a scratch folder. @default false */
  readonly jetstream?: boolean
  /** The text of a configuration file. */
  readonly config?: string
  /** More command-line arguments. */
  readonly args?: readonly string[]
}

/** A running `nats-server`. */
export interface NatsServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** Everything that it printed. */
  output(): string
  /** Kills it at once, as a crash would. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  restart(): Promise<void>
}

/** Starts the server on a free loopback port; its files go into `folder`. */
export async function startNats(binary: string, folder: string, init: NatsServerInit): Promise<NatsServer> {
  const args = [...(init.args ?? [])]
  if (init.jetstream) args.push('-js', '-sd', join(folder, 'jetstream'))
  if (init.config !== undefined) {
    writeFileSync(join(folder, 'server.conf'), init.config)
    args.push('-c', join(folder, 'server.conf'))
  }
  const ready = /Listening for client connections on 127\.0\.0\.1:(\d+)[\s\S]*Server is ready/
  const launch = (port: number) => startProcess(binary, ['-a', '127.0.0.1', '-p', String(port), ...args], { ready })

  let server = await launch(-1)
  const port = Number(server.match[1])
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    output: () => server.output(),
    kill: () => server.stop('SIGKILL'),
    async restart() {
      await server.stop('SIGKILL')
      server = await launch(port)
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}
