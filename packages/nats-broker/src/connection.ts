import type { Socket } from 'node:net'
import type { Clock, Timer } from '@backplane/core'
import { type ConnectOptions, defaultConnectOptions, mayConnect, parseConnect } from './auth.ts'
import type { Exchange, Published, Receiver, Route } from './exchange.ts'
import type { BrokerSettings } from './options.ts'
import { Outbox } from './outbox.ts'
import { type ClientRequests, faults, ProtocolParser } from './parser.ts'
import { isLiteral, isValidPattern } from './subject-trie.ts'
import type { Slice, Turns, Worker } from './turns.ts'

/** What a connection needs of its broker. */
export interface ConnectionContext {
  readonly settings: BrokerSettings
  readonly clock: Clock
  readonly exchange: Exchange
  readonly turns: Turns
  /** Called once, with the reason where it was not the client's own wish. */
  ended(connection: Connection, reason: string | undefined): void
}

/** How long a publisher waits, at most, for a receiver that is far behind. */
const stallMs = 10
/** How long a client whose connection has ended may take to read what was sent to it. */
const lingerMs = 2000
/** Who brings so much at once has more to bring, and is put in line; a socket gives 64 KiB at most. */
const muchBytes = 32 * 1024
/** Bytes of a message that cost about as much as a small message does. */
const bytesPerUnit = 8192
/** The subscriptions of a client that has gone are taken out at once, unless they are more than these. */
const routesAtOnce = 64

/** One client: its socket, its parser and what it subscribed to. */
export class Connection implements ClientRequests, Receiver, Worker {
  options: ConnectOptions = defaultConnectOptions
  readonly routes = new Map<string, Route>()
  readonly #socket: Socket
  readonly #context: ConnectionContext
  readonly #parser: ProtocolParser
  readonly #outbox: Outbox
  #authTimer: Timer | undefined
  #pingTimer: Timer | undefined
  #stallTimer: Timer | undefined
  #lingerTimer: Timer | undefined
  /** What came and is not worked off yet, from `#at` of the first on. While there is any, the socket is not read. */
  readonly #chunks: Buffer[] = []
  #at = 0
  /**
   * What its last operation still has to do, such as to reach the last of many receivers. Nothing is parsed before
   * that.
   */
  #rest: Worker | undefined
  #reading = true
  #connected = false
  /** The client has hung up. */
  #left: { readonly reason: string | undefined } | undefined
  #pingsOut = 0
  #heard = false
  #ended = false

  constructor(socket: Socket, encrypted: boolean, context: ConnectionContext) {
    const { settings, clock } = context
    this.#socket = socket
    this.#context = context
    this.#outbox = new Outbox(socket, encrypted)
    this.#parser = new ProtocolParser(this, settings)
    this.#parser.locked = settings.auth !== undefined
    if (this.#parser.locked || encrypted) {
      this.#authTimer = clock.after(settings.authTimeoutMs, () => this.fault('Authentication Timeout'))
    }
    this.#schedulePing()
    socket.on('data', (chunk: Buffer) => {
      if (this.#ended) return
      this.#heard = true
      this.#chunks.push(chunk)
      if (chunk.length < muchBytes) context.turns.take(this)
      else context.turns.put(this)
      this.#read()
    })
    socket.on('error', (error) => this.#gone(error.message))
    socket.on('close', () => {
      this.#gone()
      this.#lingerTimer?.cancel()
    })
    socket.on('end', () => this.#gone())
  }

  get pendingBytes(): number {
    return this.#outbox.pending
  }

  get gone(): boolean {
    return this.#ended
  }

  /** Works off what came, in the order in which it came; once it has ended, takes its subscriptions out. */
  work(slice: Slice): boolean {
    while (!this.#stallTimer && this.#hasWork) {
      if (this.#rest) {
        if (this.#rest.work(slice)) return true
        this.#rest = undefined
      } else if (this.#parse(slice)) return true
    }
    if (this.#hasWork) return false
    if (this.#left) this.end(this.#left.reason)
    if (this.#ended) return this.#leave(slice)
    this.#read()
    return false
  }

  get #hasWork(): boolean {
    return this.#rest !== undefined || (!this.#ended && this.#chunks.length > 0)
  }

  /** Gives whether the slice is over. */
  #parse(slice: Slice): boolean {
    const { exchange } = this.#context
    const chunk = this.#chunks[0]!
    let over = false
    let [out, bytes] = [exchange.outMessages, exchange.inBytes]
    this.#at = this.#parser.parse(chunk, this.#at, () => {
      over = slice.spend(1 + exchange.outMessages - out + (exchange.inBytes - bytes) / bytesPerUnit)
      out = exchange.outMessages
      bytes = exchange.inBytes
      return over || this.#rest !== undefined || this.#stallTimer !== undefined
    })
    if (this.#at === chunk.length) {
      this.#chunks.shift()
      this.#at = 0
    }
    return over && this.#hasWork
  }

  /** Reads from the socket, unless something that came is still to be worked off. */
  #read(): void {
    const wanted = this.#ended || (!this.#hasWork && !this.#stallTimer)
    if (wanted === this.#reading) return
    this.#reading = wanted
    if (wanted) this.#socket.resume()
    else this.#socket.pause()
  }

  /** The client has gone: what it sent before still counts. */
  #gone(reason?: string): void {
    this.#left ??= { reason }
    if (!this.#hasWork) this.end(reason)
  }

  /** Gives whether some of its subscriptions are left. */
  #leave(slice: Slice): boolean {
    for (const route of this.routes.values()) {
      this.#context.exchange.remove(route)
      if (slice.spend(1)) break
    }
    return this.routes.size > 0
  }

  /** Writes at once what is not part of a stream of messages. */
  send(text: string): void {
    if (this.#ended) return
    this.#outbox.text(text)
    this.#outbox.flush()
  }

  connect(json: string): void {
    const options = parseConnect(json, this.options)
    if (!options) {
      this.fault('Invalid CONNECT Options')
      return
    }
    if (options.account !== '' || options.newAccount || !mayConnect(this.#context.settings.auth, options)) {
      this.fault(faults.unauthorized)
      return
    }
    if (options.protocol < 0 || options.protocol > 1) {
      this.fault('invalid client protocol')
      return
    }
    if (options.noResponders && !options.headers) {
      this.fault('no responders requires headers support')
      return
    }
    this.#parser.locked = false
    this.#authTimer?.cancel()
    this.options = options
    // As in nats-server: who says again who it is begins without subscriptions.
    if (this.#connected) this.#rest = { work: (slice) => this.#leave(slice) }
    this.#connected = true
    this.#ok()
  }

  ping(): void {
    this.#put('PONG\r\n')
  }

  pong(): void {
    this.#pingsOut = 0
  }

  subscribe(subject: string, queue: string, sid: string): void {
    if (this.routes.size >= this.#context.settings.maxSubscriptions) {
      this.#put("-ERR 'maximum subscriptions exceeded'\r\n")
      return
    }
    if (!this.routes.has(sid)) {
      if (!isValidPattern(subject)) {
        this.#put("-ERR 'Invalid Subject'\r\n")
        return
      }
      const route: Route = { subject, queue, sid, receiver: this, delivered: 0, max: 0 }
      this.routes.set(sid, route)
      this.#context.exchange.add(route)
    }
    this.#ok()
  }

  unsubscribe(sid: string, max: number): void {
    const route = this.routes.get(sid)
    if (route) {
      route.max = max
      if (max === 0 || route.delivered >= max) this.#context.exchange.remove(route)
    }
    this.#ok()
  }

  mayUseHeaders(): boolean {
    if (this.options.headers) return true
    this.fault('message headers not supported')
    return false
  }

  publishing(subject: string): void {
    // A warning, as in nats-server: the message goes its way all the same.
    if (this.options.pedantic && !isLiteral(subject)) this.#put("-ERR 'Invalid Publish Subject'\r\n")
  }

  publish(message: Published): void {
    this.#ok()
    this.#rest = this.#context.exchange.publish(this, message)
  }

  fault(message: string | undefined): void {
    if (this.#ended) return
    if (message !== undefined) this.#outbox.text(`-ERR '${message}'\r\n`)
    this.end(message ?? 'the client reported an error')
  }

  deliver(line: string, content: Buffer): void {
    if (this.#ended) return
    this.#outbox.message(line, content)
    if (this.#outbox.pending > this.#context.settings.maxPendingBytes) this.#cutOff()
  }

  flush(): void {
    if (!this.#ended) this.#outbox.flush()
  }

  /**
   * Stops reading from this client for a moment, because a receiver of its messages is far behind. What nats-server
   * does as well: it makes a short burst wait instead of costing the receiver its connection.
   */
  stall(): void {
    if (this.#stallTimer || this.#ended) return
    this.#stallTimer = this.#context.clock.after(stallMs, () => {
      this.#stallTimer = undefined
      this.#context.turns.take(this)
    })
    this.#read()
  }

  /** Ends the connection after what it still has to read; idempotent. */
  end(reason?: string): void {
    if (this.#ended) return
    this.#outbox.flush()
    this.#ended = true
    this.#parser.stop()
    this.#authTimer?.cancel()
    this.#pingTimer?.cancel()
    this.#stallTimer?.cancel()
    this.#stallTimer = undefined
    this.#chunks.length = 0
    let atOnce = routesAtOnce
    for (const route of this.routes.values()) if (atOnce-- > 0) this.#context.exchange.remove(route)
    if (this.#rest || this.routes.size > 0) this.#context.turns.put(this)
    if (!this.#socket.destroyed) {
      this.#lingerTimer = this.#context.clock.after(lingerMs, () => this.#socket.destroy())
      this.#read()
      this.#socket.destroySoon()
    }
    this.#context.ended(this, reason)
  }

  #cutOff(): void {
    this.#context.exchange.slowConsumers++
    this.end('Slow Consumer')
    this.#socket.destroy()
  }

  #ok(): void {
    if (this.options.verbose) this.#put('+OK\r\n')
  }

  /** Adds to what goes out at the end of the turn. */
  #put(text: string): void {
    if (this.#ended) return
    this.#outbox.text(text)
    this.#context.exchange.touch(this)
    if (this.#outbox.pending > this.#context.settings.maxPendingBytes) this.#cutOff()
  }

  #schedulePing(): void {
    const { pingIntervalMs, maxPingsOut } = this.#context.settings
    this.#pingTimer = this.#context.clock.after(pingIntervalMs, () => {
      if (this.#heard || this.#hasWork) this.#pingsOut = 0
      this.#heard = false
      if (this.#pingsOut >= maxPingsOut) {
        this.fault('Stale Connection')
        this.#socket.destroy()
        return
      }
      this.#pingsOut++
      this.send('PING\r\n')
      this.#schedulePing()
    })
  }
}
