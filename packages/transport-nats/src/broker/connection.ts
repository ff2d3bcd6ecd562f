import type { Socket } from 'node:net'
import type { Clock, Timer } from '@backplane/core'
import { type ConnectOptions, defaultConnectOptions, mayConnect, parseConnect } from './auth.ts'
import type { Exchange, Published, Receiver, Route } from './exchange.ts'
import type { BrokerSettings } from './options.ts'
import { Outbox } from './outbox.ts'
import { type ClientRequests, faults, ProtocolParser } from './parser.ts'
import { isLiteral, isValidPattern } from './subject-trie.ts'

/** What a connection needs of its broker. */
export interface ConnectionContext {
  readonly settings: BrokerSettings
  readonly clock: Clock
  readonly exchange: Exchange
  /** Called once, with the reason where it was not the client's own wish. */
  ended(connection: Connection, reason: string | undefined): void
}

/** How long a publisher waits, at most, for a receiver that is far behind. */
const stallMs = 10
/** How long a client whose connection has ended may take to read what was sent to it. */
const lingerMs = 2000

/** One client: its socket, its parser and what it subscribed to. */
export class Connection implements ClientRequests, Receiver {
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
      this.#heard = true
      this.#parser.parse(chunk)
      context.exchange.flush()
    })
    socket.on('error', (error) => this.end(error.message))
    socket.on('close', () => {
      this.end()
      this.#lingerTimer?.cancel()
    })
    socket.on('end', () => this.end())
  }

  get pendingBytes(): number {
    return this.#outbox.pending
  }

  /** Writes at once what is not part of a stream of messages. */
  send(text: string): void {
    if (this.#ended) return
    this.#outbox.text(text)
    this.#outbox.flush()
  }

  connect(json: string): void {
    const options = parseConnect(json)
    if (!options) {
      this.fault('Invalid CONNECT Options')
      return
    }
    if (options.noResponders && !options.headers) {
      this.fault('no responders requires headers support')
      return
    }
    if (!mayConnect(this.#context.settings.auth, options)) {
      this.fault(faults.unauthorized)
      return
    }
    this.#parser.locked = false
    this.#authTimer?.cancel()
    this.options = options
    this.#ok()
  }

  ping(): void {
    this.#put('PONG\r\n')
  }

  pong(): void {
    this.#pingsOut = 0
  }

  subscribe(subject: string, queue: string, sid: string): void {
    if (!isValidPattern(subject)) {
      this.#put("-ERR 'Invalid Subject'\r\n")
      return
    }
    if (!this.routes.has(sid)) {
      if (this.routes.size >= this.#context.settings.maxSubscriptions) {
        this.fault('maximum subscriptions exceeded')
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

  publish(message: Published): void {
    const { options } = this
    if (message.headerBytes >= 0 && !options.headers) {
      this.fault('message headers not supported')
      return
    }
    this.#ok()
    if (options.pedantic && !isLiteral(message.subject)) {
      this.#put("-ERR 'Invalid Publish Subject'\r\n")
      return
    }
    this.#context.exchange.publish(this, message)
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
    this.#socket.pause()
    this.#stallTimer = this.#context.clock.after(stallMs, () => {
      this.#stallTimer = undefined
      if (!this.#ended) this.#socket.resume()
    })
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
    for (const route of [...this.routes.values()]) this.#context.exchange.remove(route)
    if (!this.#socket.destroyed) {
      this.#lingerTimer = this.#context.clock.after(lingerMs, () => this.#socket.destroy())
      this.#socket.resume()
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
      if (this.#heard) this.#pingsOut = 0
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
