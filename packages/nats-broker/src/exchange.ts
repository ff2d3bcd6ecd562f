import { SubjectTrie, stepsAtOnce } from './subject-trie.ts'
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

/** So often a message may rest before what is left of it waits for another turn: some 256 steps. */
const restsAtOnce = 16

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
   * Delivers to all whom a message reaches; where they are many, or hard to find, to a part of them. Gives what is left
   * of it then: its publisher may not go on before that is done, so that each receiver hears it in order.
   */
  publish(from: Receiver, message: Published): Worker | undefined {
    this.inMessages++
    this.inBytes += message.content.length
    const found = this.#routes.quick(message.subject)
    if (found) {
      let delivered = false
      for (const route of found.plain) if (this.#deliver(from, route, message)) delivered = true
      for (const members of found.groups) if (this.#deliverToOne(from, members, message)) delivered = true
      if (delivered || message.reply === '' || !from.options.noResponders) return undefined
    }
    const steps = found ? this.#sayNobody(from, message) : this.#publish(from, message)
    for (let i = 0; i < restsAtOnce; i++) if (steps.next().done) return undefined
    return {
      work(slice) {
        while (!steps.next().done) if (slice.spend(stepsAtOnce)) return true
        return false
      },
    }
  }

  /** To very many, or to those who are hard to find; rests now and then. */
  *#publish(from: Receiver, message: Published): Generator<void> {
    const { plain, groups } = yield* this.#routes.search(message.subject)
    let delivered = false
    let steps = 0
    for (const route of plain) {
      if (++steps % stepsAtOnce === 0) yield
      if (this.#deliver(from, route, message)) delivered = true
    }
    for (const members of groups) {
      if (++steps % stepsAtOnce === 0) yield
      if (this.#deliverToOne(from, members, message)) delivered = true
    }
    if (!delivered) yield* this.#sayNobody(from, message)
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
    // Who has unsubscribed while the message was on its way hears no more of it.
    if (receiver.routes.get(route.sid) !== route) return false
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
   * Answers 503 as nats-server does: with the subject that nobody listens to, to a plain subscription of the one who
   * asked, and without counting as a message to it.
   */
  *#sayNobody(from: Receiver, { subject, reply }: Published): Generator<void> {
    if (reply === '' || !from.options.noResponders) return
    const { plain } = this.#routes.quick(reply) ?? (yield* this.#routes.search(reply))
    const own = plain.find(({ receiver }) => receiver === from)
    if (!own || from.routes.get(own.sid) !== own) return
    const content = Buffer.from(`NATS/1.0 503\r\nNats-Subject: ${subject}\r\n\r\n`, 'latin1')
    this.#send(own, { subject: reply, reply: '', headerBytes: content.length, content })
  }
}
