import type { Message, MessageHandler, RequestHandler, Subscription } from '../contracts/transport.ts'
import { Answering, type AnsweringInit } from './answering.ts'
import { DropCount } from './drop-count.ts'
import type { HandlerEvents } from './handler-events.ts'
import { Inbound } from './inbound.ts'
import type { EndDeclaration, Medium } from './medium.ts'

/** What one subscription or served subject does with what comes. */
export interface Taker<R> {
  push(subject: string, payload: Uint8Array, reply: R | undefined): void
  /** Takes no more. */
  close(): void
  /** Waits no longer for what is under way, and tells those who wait for it. */
  cutOff(): void
  /** Resolves when nothing of it is under way. */
  idle(): Promise<void>
}

/** What takes messages, one at a time. Nobody waits for it when it ends. */
export function hearing(handler: MessageHandler, maxPending: number, events: HandlerEvents): Taker<unknown> {
  const inbound = new Inbound(handler, maxPending, events)
  return {
    push: (subject, payload) => inbound.push({ subject, payload } satisfies Message),
    close: () => inbound.close(),
    cutOff: () => {},
    idle: () => Promise.resolve(),
  }
}

/** What answers requests, side by side. */
export function serving<R>(handler: RequestHandler, init: AnsweringInit<R>): Taker<R> {
  return new Answering(handler, init)
}

/** Where an answer goes: on the connection that the request came by. */
export interface Caller<C, R> {
  readonly connection: C
  readonly reply: R
}

/** What an {@link Entry} is made with. */
export interface EntryInit<C, R> {
  readonly pattern: string
  readonly queue: string | undefined
  readonly answers: boolean
  readonly taker: Taker<Caller<C, R>>
  readonly events: HandlerEvents
  forbidden(reason: string): void
}

/** One subscription or served subject through all the connections on which it is declared, one after the other. */
export class Entry<C extends object, R> {
  readonly taker: Taker<Caller<C, R>>
  readonly #init: EntryInit<C, R>
  /** On the last connection; what ends it, once it is there. */
  #declared: Promise<EndDeclaration> | undefined

  constructor(init: EntryInit<C, R>) {
    this.taker = init.taker
    this.#init = init
  }

  /** Declares it; resolves when the far side knows. */
  async declare(medium: Medium<C, R>, connection: C): Promise<void> {
    const { pattern, queue, answers, taker, events, forbidden } = this.#init
    const losses = new DropCount((count) => events.dropped(count, 'lost on the way'))
    this.#declared = medium.declare(connection, {
      pattern,
      queue,
      answers,
      take: (subject, payload, reply) =>
        taker.push(subject, payload, reply === undefined ? undefined : { connection, reply }),
      lost: (count) => losses.add(count),
      forbidden,
    })
    await this.#declared
  }

  /**
   * Takes no more, and tells the far side, also where it is only being declared; resolves when it knows. Never rejects.
   */
  async end(): Promise<void> {
    this.taker.close()
    const declared = this.#declared
    this.#declared = undefined
    try {
      await (await declared)?.()
    } catch {
      // There is nothing left of what could not be declared, and nobody to tell where the connection has gone.
    }
  }
}

/** What a subscriber gets. */
export function subscriptionOf(pattern: string, unsubscribe: () => Promise<void>): Subscription {
  return { pattern, unsubscribe, [Symbol.asyncDispose]: unsubscribe }
}
