/**
 * The transport suite on the embedded broker; and on a real nats-server where `BACKPLANE_NATS_SERVER` names the
 * program.
 */
import { transportCompliance } from '@backplane/conformance'
import { afterAll } from 'vitest'
import { startProcess } from '../../../interop/running-process.ts'
import { startBroker } from '../../nats-broker/test/support.ts'
import { natsTransport } from '../src/index.ts'

/** A server that can go and come back on its port. */
interface Server {
  readonly port: number
  stop(): Promise<void>
}

const token = 'secret'
const embedded = async (port: number): Promise<Server> => {
  const broker = await startBroker({ port, auth: { token } })
  return { port: broker.port, stop: () => broker.close({ graceMs: 0 }) }
}
const real =
  (program: string) =>
  async (port: number): Promise<Server> => {
    const ready = /client connections on 127\.0\.0\.1:(\d+)[\s\S]*Server is ready/
    const args = ['-a', '127.0.0.1', '-p', String(port || -1), '--auth', token]
    const server = await startProcess(program, args, { ready })
    return { port: Number(server.match[1]), stop: () => server.stop('SIGKILL') }
  }

const program = process.env.BACKPLANE_NATS_SERVER
certify(program ? 'nats-server' : 'embedded broker', program ? real(program) : embedded)

function certify(name: string, start: (port: number) => Promise<Server>): void {
  let server: Server | undefined
  let up = false
  afterAll(() => server?.stop())
  const ensure = async () => {
    if (!up) server = await start(server?.port ?? 0)
    up = true
    return `nats://127.0.0.1:${server!.port}`
  }
  transportCompliance({
    name,
    async setup() {
      const servers = await ensure()
      const fast = { servers, reconnectMinMs: 10, reconnectMaxMs: 50 }
      return {
        transport: natsTransport({ ...fast, credentials: { token } }),
        unauthorized: natsTransport({ ...fast, credentials: { token: 'wrong' } }),
        async interrupt() {
          up = false
          await server?.stop()
        },
        async restore() {
          await ensure()
        },
      }
    },
  })
}
