/** What the tests of this package stand on. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { silentLogger, systemClock, type Transport } from '@backplane/core'
import { type NatsTransportInit, natsTransport } from '../src/index.ts'

/** A transport that comes back fast, and is not connected yet. */
export function newTransport(servers: string | undefined, init: NatsTransportInit = {}): Transport {
  const fast = { reconnectMinMs: 20, reconnectMaxMs: 50 }
  return natsTransport({ ...(servers === undefined ? {} : { servers }), ...fast, ...init })({
    logger: silentLogger,
    clock: systemClock,
  })
}

export async function connected(servers: string, init: NatsTransportInit = {}): Promise<Transport> {
  const transport = newTransport(servers, init)
  await transport.connect()
  return transport
}

/** A server that says whatever a test wants. */
export async function fakeServer(
  onConnection: (socket: Socket, index: number) => void,
): Promise<{ readonly port: number; readonly url: string; readonly sockets: Set<Socket> } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  let index = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    onConnection(socket, index++)
    // One that is not read would never be seen to end.
    if (socket.listenerCount('data') === 0) socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
