import { SubjectTrie } from './subject-trie.ts'

/** One message as its publisher sent it; texts are latin1. */
export interface Published {
  readonly subject: string
  /** Empty for none. */
  readonly reply: string
  /** How much of `content` is headers; -1 for a message without. */
  readonly headerBytes: number
  /** Headers and payload. Good until the call that it is given to returns: whoever keeps it, copies it. */
  readonly content: Buffer
}

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
  deliver(line: string, content: Buffer): void
  flush(): void
  /** Makes it wait a moment before it may publish more. */
  stall(): void
}

/** Carries each message from its publisher to the subscriptions that its subject reaches. */
export class Exchange {
  inMessages = 0
  outMessages = 0
  inBytes = 0
  outBytes = 0
  slowConsumers = 0
  readonly #routes = new SubjectTrie<Route>()
  readonly #touched = new Set<Receiver>()
  /** From so many pending bytes of a receiver on, its publishers are slowed down. */
  readonly #stallBytes: number
  #turn = 0

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

  publish(from: Receiver, message: Published): void {
    this.inMessages++
    this.inBytes += message.content.length
    const { plain, groups } = this.#routes.match(message.subject)
    let delivered = false
    for (const route of plain) if (this.#deliver(from, route, message)) delivered = true
    for (const members of groups) if (this.#deliverToOne(from, members, message)) delivered = true
    if (!delivered && message.reply !== '' && from.options.noResponders) this.#sayNobody(from, message)
  }

  /** Notes that a client has something to be written at the end of the turn. */
  touch(receiver: Receiver): void {
    this.#touched.add(receiver)
  }

  /** Writes out what one turn has gathered. */
  flush(): void {
    for (const receiver of this.#touched) receiver.flush()
    this.#touched.clear()
  }

  /** Members take turns; one that may not have it (`echo` off) is passed over. */
  #deliverToOne(from: Receiver, members: readonly Route[], message: Published): boolean {
    const first = this.#turn++
    for (let i = 0; i < members.length; i++) {
      if (this.#deliver(from, members[(first + i) % members.length]!, message)) return true
    }
    return false
  }

  #deliver(from: Receiver, route: Route, message: Published): boolean {
    if (route.receiver === from && !from.options.echo) return false
    this.#send(route, message)
    if (route.receiver.pendingBytes > this.#stallBytes) from.stall()
    return true
  }

  #send(route: Route, { subject, reply, headerBytes, content }: Published): void {
    const { receiver, sid } = route
    route.delivered++
    if (route.max > 0 && route.delivered >= route.max) this.remove(route)
    const to = reply === '' ? sid : `${sid} ${reply}`
    if (headerBytes < 0) receiver.deliver(`MSG ${subject} ${to} ${content.length}\r\n`, content)
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

  /** Answers 503 as nats-server does; since its 2.12, with the subject that nobody listens to. */
  #sayNobody(from: Receiver, { subject, reply }: Published): void {
    const { plain, groups } = this.#routes.match(reply)
    const own = [...plain, ...groups.flat()].find((route) => route.receiver === from)
    if (!own) return
    const content = Buffer.from(`NATS/1.0 503\r\nNats-Subject: ${subject}\r\n\r\n`, 'latin1')
    this.#send(own, { subject: reply, reply: '', headerBytes: content.length, content })
  }
}
