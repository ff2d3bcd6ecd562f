/** What the tests of this package stand on. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { silentLogger, systemClock, type Transport } from '@backplane/core'
import { until } from '../../core/test/transports.ts'
import { type NatsBroker, type NatsBrokerInit, natsBroker } from '../src/broker.ts'
import { type NatsTransportInit, natsTransport } from '../src/index.ts'

/** Starts a broker on a free port, or on the one given. */
export async function startBroker(init: NatsBrokerInit = {}): Promise<NatsBroker> {
  const broker = natsBroker({ port: 0, ...init })({ logger: silentLogger })
  await broker.listen()
  return broker
}

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

/** A socket that speaks the protocol by hand. */
export interface RawClient extends Disposable {
  readonly socket: Socket
  /** Everything that came so far, without the server's INFO line. */
  heard(): string
  readonly closed: Promise<void>
  send(text: string | Uint8Array): void
}

/** Connects a {@link RawClient}. */
export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await until(() => heard.includes('\r\n') || socket.destroyed)
  return {
    socket,
    closed,
    heard: () => heard.replaceAll(/^INFO [^\n]*\n/gm, ''),
    send: (data) => void socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data),
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

/** What a server says to `input`, until it hangs up or has answered one more PING behind it. */
export async function converse(port: number, input: string): Promise<{ answer: string; closed: boolean }> {
  using client = await rawClient(port)
  let closed = false
  client.closed.then(() => {
    closed = true
  })
  const asked = input.match(/(^|\n)ping[^\n]*\n/gi)?.length ?? 0
  client.send(`${input}PING\r\n`)
  await until(() => closed || client.heard().split('PONG\r\n').length - 1 > asked)
  const answer = client.heard()
  return { answer: closed ? answer : answer.replace(/PONG\r\n$/, ''), closed }
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
