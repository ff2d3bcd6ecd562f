import { SubjectTrie } from './subject-trie.ts'
import type { Slice, Worker } from './turns.ts'

/** One message as its publisher sent it; texts are latin1. */
export interface Published {
  readonly subject: string
  /** Empty for none. */
  readonly reply: string
  /** How much of `content` is headers; 0 for a message without. */
  readonly headerBytes: number
  /** Headers and payload. */
  readonly content: Buffer
}

/** What one write costs, in small messages. */
const unitsPerWrite = 8

/** One subscription of one client. */
export interface Route {
  readonly subject: string
  /** Empty for none. */
  readonly queue: string
  readonly sid: string
  readonly receiver: Receiver
  delivered: number
  /** Ends after so many messages; 0 for never. */
  max: number
}

/** A client, as the one who gets and sends messages. */
export interface Receiver {
  readonly options: { readonly echo: boolean; readonly headers: boolean; readonly noResponders: boolean }
  readonly routes: Map<string, Route>
  /** Bytes that it has not taken yet. */
  readonly pendingBytes: number
  /** Its connection has ended: it hears nothing any more. */
  readonly gone: boolean
  deliver(line: string, content: Buffer): void
  flush(): void
  /** Makes it wait a moment before it may publish more. */
  stall(): void
}

/** From so many receivers of one message on, those behind them wait for another turn. */
const receiversAtOnce = 256

/** Carries each message from its publisher to the subscriptions that its subject reaches. */
export class Exchange implements Worker {
  inMessages = 0
  outMessages = 0
  inBytes = 0
  outBytes = 0
  slowConsumers = 0
  readonly #routes = new SubjectTrie<Route>()
  readonly #touched = new Set<Receiver>()
  /** From so many pending bytes of a receiver on, its publishers are slowed down. */
  readonly #stallBytes: number

  constructor(maxPendingBytes: number) {
    this.#stallBytes = maxPendingBytes / 2
  }

  /** How many subscriptions there are. */
  get size(): number {
    return this.#routes.size
  }

  add(route: Route): void {
    this.#routes.add(route)
  }

  remove(route: Route): void {
    this.#routes.remove(route)
    route.receiver.routes.delete(route.sid)
  }

  /**
   * Delivers to all whom a message reaches; to the first of them only where they are many. Gives what is left of it then:
   * its publisher may not go on before that is done, so that each receiver hears it in order.
   */
  publish(from: Receiver, message: Published): Delivery | undefined {
    this.inMessages++
    this.inBytes += message.content.length
    const { plain, groups } = this.#routes.match(message.subject)
    let delivered = false
    const first = Math.min(plain.length, receiversAtOnce)
    for (let i = 0; i < first; i++) if (this.#deliver(from, plain[i]!, message)) delivered = true
    for (const members of groups) if (this.#deliverToOne(from, members, message)) delivered = true
    if (first === plain.length) {
      if (!delivered) this.#sayNobody(from, message)
      return undefined
    }
    return new Delivery(plain, first, {
      deliver: (route) => {
        if (this.#deliver(from, route, message)) delivered = true
      },
      done: () => {
        if (!delivered) this.#sayNobody(from, message)
      },
    })
  }

  /** Notes that a client has something to be written at the end of the turn. */
  touch(receiver: Receiver): void {
    this.#touched.add(receiver)
  }

  /** Writes out what has gathered. */
  work(slice: Slice): boolean {
    for (const receiver of this.#touched) {
      this.#touched.delete(receiver)
      receiver.flush()
      if (slice.spend(unitsPerWrite) && this.#touched.size > 0) return true
    }
    return false
  }

  /** One of them by chance, as in nats-server; one that may not have it (`echo` off) is passed over. */
  #deliverToOne(from: Receiver, members: readonly Route[], message: Published): boolean {
    const first = members.length > 1 ? Math.floor(Math.random() * members.length) : 0
    for (let i = 0; i < members.length; i++) {
      if (this.#deliver(from, members[(first + i) % members.length]!, message)) return true
    }
    return false
  }

  #deliver(from: Receiver, route: Route, message: Published): boolean {
    const { receiver } = route
    if (receiver.gone || (receiver === from && !from.options.echo)) return false
    route.delivered++
    if (route.max > 0 && route.delivered >= route.max) this.remove(route)
    this.#send(route, message)
    if (receiver.pendingBytes > this.#stallBytes) from.stall()
    return true
  }

  #send({ receiver, sid }: Route, { subject, reply, headerBytes, content }: Published): void {
    const to = reply === '' ? sid : `${sid} ${reply}`
    if (headerBytes === 0) receiver.deliver(`MSG ${subject} ${to} ${content.length}\r\n`, content)
    else if (receiver.options.headers) {
      receiver.deliver(`HMSG ${subject} ${to} ${headerBytes} ${content.length}\r\n`, content)
    } else {
      // A client that does not know headers gets the payload without them, as from nats-server.
      const payload = content.subarray(headerBytes)
      receiver.deliver(`MSG ${subject} ${to} ${payload.length}\r\n`, payload)
    }
    this.#touched.add(receiver)
    this.outMessages++
    this.outBytes += content.length
  }

  /**
   * Answers 503 as nats-server does: with the subject that nobody listens to, to a plain subscription of the one who asked, and
   * without counting as a message to it.
   */
  #sayNobody(from: Receiver, { subject, reply }: Published): void {
    if (reply === '' || !from.options.noResponders) return
    const own = this.#routes.match(reply).plain.find((route) => route.receiver === from)
    if (!own) return
    const content = Buffer.from(`NATS/1.0 503\r\nNats-Subject: ${subject}\r\n\r\n`, 'latin1')
    this.#send(own, { subject: reply, reply: '', headerBytes: content.length, content })
  }
}

/** What is left to do of a message that reaches many. */
export class Delivery implements Worker {
  readonly #routes: readonly Route[]
  readonly #steps: { deliver(route: Route): void; done(): void }
  #next: number

  constructor(routes: readonly Route[], next: number, steps: { deliver(route: Route): void; done(): void }) {
    this.#routes = routes
    this.#next = next
    this.#steps = steps
  }

  work(slice: Slice): boolean {
    while (this.#next < this.#routes.length) {
      const route = this.#routes[this.#next++]!
      // Who has unsubscribed meanwhile hears no more of it.
      if (route.receiver.routes.get(route.sid) === route) this.#steps.deliver(route)
      if (slice.spend(1) && this.#next < this.#routes.length) return true
    }
    this.#steps.done()
    return false
  }
}
