/** A remote-api bridge in this process, without a network behind it, which can be made to fail in every way. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { KeyExpr } from './key-expr.ts'
import { fromClient, fromRouter, hasSequence, Reader, Writer } from './remote-api-codec.ts'

/** What is wrong with a peer. */
export interface Faults {
  /** Takes connections and says nothing at all, as on a link whose other end has gone without a word. */
  frozen?: boolean
  /** Holds each answer back so long. */
  delayMs?: number
  /** Upgrades with another status than 101 unless this header value is sent. */
  authorization?: string
  /** Sees each frame that would be sent, and gives what is sent in its place. */
  corrupt?: (frame: Buffer) => Buffer
  /** Says which publishes are lost, as on a congested link. */
  loses?: (payload: Uint8Array) => boolean
}

interface Client {
  readonly socket: WebSocket
  readonly subscribers: Map<number, KeyExpr>
  readonly queryables: Map<number, KeyExpr>
  readonly tokens: Map<number, KeyExpr>
  readonly tokenSubscribers: Map<number, KeyExpr>
  /** Queries that this client has to answer. */
  readonly asked: Map<number, Asking>
  send(frame: Buffer): void
}

/** A query under way, on the side of who asked. */
interface Asking {
  readonly client: Client
  readonly id: number
  left: number
}

/** Starts a peer on a free port, or on the one given. */
export async function startPeer(port = 0): Promise<RemoteApiPeer> {
  const peer = new RemoteApiPeer()
  await peer.listen(port)
  return peer
}

/** A running peer. */
export class RemoteApiPeer implements AsyncDisposable {
  faults: Faults = {}
  /** Connections that were ever made. */
  connections = 0
  port = 0
  /** The keys on which queries were answered. */
  readonly repliedOn: string[] = []
  #http: Server | undefined
  #sockets = new Set<Socket>()
  readonly #clients = new Set<Client>()
  #nextQuery = 0

  get endpoint(): string {
    return `ws://127.0.0.1:${this.port}`
  }

  /** What is declared now, by all clients. */
  get declared(): { subscribers: string[]; queryables: string[]; tokens: string[] } {
    const all = (of: (client: Client) => Map<number, KeyExpr>) =>
      [...this.#clients].flatMap((client) => [...of(client).values()].map(String)).sort()
    return {
      subscribers: all(({ subscribers }) => subscribers),
      queryables: all(({ queryables }) => queryables),
      tokens: all(({ tokens }) => tokens),
    }
  }

  async listen(port = this.port): Promise<void> {
    const http = createServer()
    const ws = new WebSocketServer({ noServer: true })
    http.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const { authorization } = this.faults
      if (authorization !== undefined && request.headers.authorization !== authorization) {
        socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
        return
      }
      ws.handleUpgrade(request, socket, head, (open) => this.#opened(open))
    })
    await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
    this.#http = http
    this.port = (http.address() as AddressInfo).port
  }

  /** Ends every connection as a crash would, and takes new ones. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Crashes. */
  async stop(): Promise<void> {
    this.cut()
    await new Promise((resolve) => (this.#http ? this.#http.close(resolve) : resolve(undefined)))
    this.#http = undefined
  }

  /** Sends the same bytes to every client. */
  say(frame: Uint8Array): void {
    for (const { socket } of this.#clients) socket.send(frame)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #opened(socket: WebSocket): void {
    this.connections++
    const client: Client = {
      socket,
      subscribers: new Map(),
      queryables: new Map(),
      tokens: new Map(),
      tokenSubscribers: new Map(),
      asked: new Map(),
      send: (frame) => {
        const { frozen, delayMs = 0, corrupt = (same) => same } = this.faults
        if (frozen) return
        const go = () => socket.send(corrupt(frame))
        if (delayMs > 0) setTimeout(go, delayMs)
        else go()
      },
    }
    this.#clients.add(client)
    socket.on('error', () => {})
    socket.on('message', (data) => {
      if (!this.faults.frozen) this.#heard(client, new Reader(data as Buffer))
    })
    socket.on('close', () => this.#gone(client))
  }

  #gone(client: Client): void {
    this.#clients.delete(client)
    for (const asking of client.asked.values()) this.#finished(asking)
    for (const token of client.tokens.values()) this.#token(token, false)
  }

  #heard(client: Client, reader: Reader): void {
    const head = reader.u8()
    const sequence = head & hasSequence ? reader.u32() : undefined
    const type = head & ~hasSequence
    const answer = this.#handle(client, type, reader)
    if (sequence === undefined) return
    const [kind, body] = answer ?? [fromRouter.ok, new Writer().u8(type)]
    client.send(
      new Writer()
        .u8(kind | hasSequence)
        .u32(sequence)
        .raw(body.done())
        .done(),
    )
  }

  #handle(client: Client, type: number, reader: Reader): [number, Writer] | undefined {
    switch (type) {
      case fromClient.ping:
        return [fromRouter.pong, new Writer().text('peer')]
      case fromClient.timestamp:
        return [fromRouter.timestamp, new Writer().u32(0).u32(1).bytes(new Uint8Array(16))]
      case fromClient.declareSubscriber:
        client.subscribers.set(reader.u32(), new KeyExpr(reader.text()))
        return undefined
      case fromClient.undeclareSubscriber:
        client.subscribers.delete(reader.u32())
        return undefined
      case fromClient.declareQueryable:
        client.queryables.set(reader.u32(), new KeyExpr(reader.text()))
        return undefined
      case fromClient.undeclareQueryable:
        client.queryables.delete(reader.u32())
        return undefined
      case fromClient.declareToken: {
        const [id, key] = [reader.u32(), new KeyExpr(reader.text())]
        client.tokens.set(id, key)
        this.#token(key, true)
        return undefined
      }
      case fromClient.undeclareToken: {
        const id = reader.u32()
        const key = client.tokens.get(id)
        client.tokens.delete(id)
        if (key) this.#token(key, false)
        return undefined
      }
      case fromClient.declareTokenSubscriber:
        client.tokenSubscribers.set(reader.u32(), new KeyExpr(reader.text()))
        return undefined
      case fromClient.undeclareTokenSubscriber:
        client.tokenSubscribers.delete(reader.u32())
        return undefined
      case fromClient.tokenGet: {
        const [id, wanted] = [reader.u32(), new KeyExpr(reader.text())]
        const all = [...this.#clients].flatMap(({ tokens }) => [...tokens.values()])
        for (const key of all) {
          if (!wanted.intersects(key)) continue
          client.send(
            new Writer()
              .u8(fromRouter.reply)
              .u32(id)
              .bool(true)
              .raw(sample(key, new Uint8Array(), true))
              .done(),
          )
        }
        client.send(new Writer().u8(fromRouter.final).u32(id).done())
        return undefined
      }
      case fromClient.put:
        this.#put(reader)
        return undefined
      case fromClient.get:
        this.#get(client, reader)
        return undefined
      case fromClient.replyOk: {
        const asking = client.asked.get(reader.u32())
        const [key, payload] = [new KeyExpr(reader.text()), reader.bytes()]
        this.repliedOn.push(String(key))
        const frame = new Writer()
          .u8(fromRouter.reply)
          .u32(asking?.id ?? 0)
          .bool(true)
        asking?.client.send(frame.raw(sample(key, payload, true)).done())
        return undefined
      }
      case fromClient.replyError: {
        const asking = client.asked.get(reader.u32())
        const [payload, [encoding, schema]] = [reader.bytes(), reader.encoding()]
        const frame = new Writer()
          .u8(fromRouter.reply)
          .u32(asking?.id ?? 0)
          .bool(false)
        asking?.client.send(frame.bytes(payload).u16(encoding).text(schema).done())
        return undefined
      }
      case fromClient.final: {
        const id = reader.u32()
        const asking = client.asked.get(id)
        client.asked.delete(id)
        if (asking) this.#finished(asking)
        return undefined
      }
      default:
        return [fromRouter.error, new Writer().text(`unknown message ${type}`)]
    }
  }

  #put(reader: Reader): void {
    const [key, payload] = [new KeyExpr(reader.text()), reader.bytes()]
    reader.encoding()
    const attachment = reader.optional(() => reader.bytes())
    if (this.faults.loses?.(payload)) return
    for (const client of this.#clients)
      for (const [id, expression] of client.subscribers)
        if (expression.intersects(key))
          client.send(
            new Writer()
              .u8(fromRouter.sample)
              .u32(id)
              .raw(sample(key, payload, true, attachment))
              .done(),
          )
  }

  #get(client: Client, reader: Reader): void {
    const [id, key, parameters] = [reader.u32(), new KeyExpr(reader.text()), reader.text()]
    const payload = reader.optional(() => reader.bytes())
    const encoding = reader.optional(() => reader.encoding())
    const attachment = reader.optional(() => reader.bytes())
    const asking: Asking = { client, id, left: 1 }
    for (const other of this.#clients) {
      for (const [queryable, expression] of other.queryables) {
        if (!expression.intersects(key)) continue
        asking.left++
        const query = this.#nextQuery++
        other.asked.set(query, asking)
        const frame = new Writer().u8(fromRouter.query).u32(queryable).u32(query).text(String(key)).text(parameters)
        frame.optional(payload, (value) => frame.bytes(value))
        frame.optional(encoding, (value) => frame.u16(value[0]).text(value[1]))
        frame.optional(attachment, (value) => frame.bytes(value))
        other.send(frame.u8(1).done())
      }
    }
    this.#finished(asking)
  }

  #finished(asking: Asking): void {
    if (--asking.left > 0) return
    asking.client.send(new Writer().u8(fromRouter.final).u32(asking.id).done())
  }

  #token(key: KeyExpr, alive: boolean): void {
    for (const client of this.#clients)
      for (const [id, expression] of client.tokenSubscribers)
        if (expression.intersects(key))
          client.send(
            new Writer()
              .u8(fromRouter.sample)
              .u32(id)
              .raw(sample(key, new Uint8Array(), alive))
              .done(),
          )
  }
}

/** Key, payload, kind, encoding, attachment, no timestamp, quality of service. */
function sample(key: KeyExpr, payload: Uint8Array, put: boolean, attachment?: Uint8Array): Buffer {
  const qos = 0b10_1_0_0_101
  const writer = new Writer()
    .text(String(key))
    .bytes(payload)
    .u8(put ? 0 : 1)
    .u16(0)
    .text('')
  writer.optional(attachment, (value) => writer.bytes(value))
  return writer.bool(false).u8(qos).done()
}
