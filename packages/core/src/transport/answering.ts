import type { RequestHandler } from '../contracts/transport.ts'
import { type BackplaneError, messageOf } from '../errors.ts'
import { DropCount } from './drop-count.ts'
import { payloadTooLarge, refused } from './failures.ts'
import type { HandlerEvents } from './handler-events.ts'

/**
 * Why a request is refused: its handler `failed`, too many are under way (`busy`), the answer is `too-large`, or
 * the serving side is `closing` and does not wait for the handler any longer.
 *
 * A transport carries it beside the reason, in whatever form its medium has for errors.
 */
export type RefusalKind = 'failed' | 'busy' | 'too-large' | 'closing'

/**
 * How answers go back on one medium. `R` is what leads to the one who asks: a reply subject, a query.
 *
 * A failure to send is not an error of the handler: where the connection has gone, an answer is dropped.
 */
export interface ReplyPort<R> {
  /** Largest answer that it carries now, in bytes. */
  readonly maxPayload: number
  /** Sends what was asked for. */
  answer(reply: R, payload: Uint8Array): void
  /** Says that there is an error instead of an answer; {@link refusalError} makes it one again for the one who asks. */
  refuse(reply: R, kind: RefusalKind, reason: string): void
  /** The handler gave no answer, on purpose: the caller is to run into its timeout. */
  silent(reply: R): void
  /** The request came after {@link Answering.close}: the caller is to find nobody here. */
  unserved(reply: R): void
}

/** What an {@link Answering} is given beside its handler. */
export interface AnsweringInit<R> {
  readonly replies: ReplyPort<R>
  /** How many requests may be under way; more are refused. */
  readonly maxPending: number
  /** What handlers are given: aborts when the transport has closed and the time to drain is over. */
  readonly signal: AbortSignal
  readonly events: HandlerEvents
}

interface Running<R> {
  readonly reply: R | undefined
}

/**
 * Answers the requests on one served subject, concurrently, at most `maxPending` of them at a time. Every caller
 * is told how it ended, by one call of the {@link ReplyPort}.
 */
export class Answering<R> {
  readonly #handler: RequestHandler
  readonly #init: AnsweringInit<R>
  readonly #drops: DropCount
  /** What is under way; the handler's answer counts only as long as it is in here. */
  readonly #running = new Set<Running<R>>()
  #closed = false
  #idle: (() => void) | undefined

  constructor(handler: RequestHandler, init: AnsweringInit<R>) {
    this.#handler = handler
    this.#init = init
    this.#drops = new DropCount((count) => init.events.dropped(count))
  }

  /** Takes a request; without `reply` it was merely published, and its answer goes nowhere. */
  push(subject: string, payload: Uint8Array, reply: R | undefined): void {
    const { replies, maxPending, signal } = this.#init
    if (this.#closed) {
      if (reply !== undefined) replies.unserved(reply)
      return
    }
    if (this.#running.size >= maxPending) {
      this.#drops.add()
      if (reply !== undefined) replies.refuse(reply, 'busy', `more than ${maxPending} requests are under way`)
      return
    }
    try {
      const answer = this.#handler({ subject, payload, expectsReply: reply !== undefined, signal })
      if (answer === undefined || answer instanceof Uint8Array) this.#answer(reply, answer)
      else this.#wait(reply, answer)
    } catch (thrown) {
      this.#fail(reply, thrown)
    }
  }

  /** Takes no more requests; those under way go on. */
  close(): void {
    this.#closed = true
  }

  /** Waits for no handler any longer: anyone who waits for one is told so now, not when its time is over. */
  cutOff(): void {
    this.#closed = true
    const cut = [...this.#running]
    this.#running.clear()
    for (const { reply } of cut) {
      if (reply !== undefined) this.#init.replies.refuse(reply, 'closing', 'whoever serves it is closing')
    }
    this.#idle?.()
  }

  /** Resolves when no request is under way. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  #wait(reply: R | undefined, answer: Promise<Uint8Array | undefined>): void {
    const running: Running<R> = { reply }
    this.#running.add(running)
    // What is neither bytes nor a promise is told apart by `#answer`.
    Promise.resolve(answer)
      .then(
        (payload) => {
          if (this.#running.has(running)) this.#answer(reply, payload)
        },
        (thrown) => {
          if (this.#running.has(running)) this.#fail(reply, thrown)
        },
      )
      .catch((thrown) => this.#init.events.failed(thrown))
      .finally(() => {
        if (this.#running.delete(running) && this.#running.size === 0) this.#idle?.()
      })
  }

  #answer(reply: R | undefined, payload: Uint8Array | undefined): void {
    if (reply === undefined) return
    const { replies } = this.#init
    if (payload === undefined) replies.silent(reply)
    else if (!(payload instanceof Uint8Array))
      replies.refuse(reply, 'failed', 'the handler gave something else than bytes')
    else if (payload.length > replies.maxPayload)
      replies.refuse(reply, 'too-large', `${payload.length} ${replies.maxPayload}`)
    else replies.answer(reply, payload)
  }

  #fail(reply: R | undefined, thrown: unknown): void {
    if (reply === undefined) this.#init.events.failed(thrown)
    else this.#init.replies.refuse(reply, 'failed', messageOf(thrown))
  }
}

/** The error of a caller on `subject` and was refused through a {@link ReplyPort}. */
export function refusalError(subject: string, kind: RefusalKind, reason: string): BackplaneError {
  const sizes = kind === 'too-large' ? /^(\d+) (\d+)$/.exec(reason) : null
  return sizes ? payloadTooLarge(Number(sizes[1]), Number(sizes[2])) : refused(subject, reason)
}
