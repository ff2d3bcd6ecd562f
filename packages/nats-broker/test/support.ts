/** What the tests of this package stand on. */
import { connect, type Socket } from 'node:net'
import { silentLogger } from '@backplane/core'
import { until } from '../../core/test/transports.ts'
import { type NatsBroker, type NatsBrokerInit, natsBroker } from '../src/index.ts'

/** Starts a broker on a free port, or on the one given. */
export async function startBroker(init: NatsBrokerInit = {}): Promise<NatsBroker> {
  const broker = natsBroker({ port: 0, ...init })({ logger: silentLogger })
  await broker.listen()
  return broker
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
