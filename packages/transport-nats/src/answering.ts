import { type IncomingRequest, messageOf, type RequestHandler } from '@backplane/core'
import { DropCount } from '@backplane/core/transport'
import type { NatsMessage, Refusal } from './client.ts'

/** What an {@link Answering} needs of its transport. */
export interface AnsweringContext {
  /** Aborts when the transport closes. */
  readonly signal: AbortSignal
  readonly maxPayload: number
  /** Sends an answer; drops it where there is no connection. */
  answer(reply: string, payload: Uint8Array): void
  refuse(reply: string, refusal: Refusal): void
  /** So many requests were turned away, because too many are under way. */
  dropped(count: number): void
  /** A handler threw, and there was nobody to be told. */
  failed(thrown: unknown): void
}

/** Error codes of an answer, read by {@link errorCodeHeader}'s readers as HTTP's. */
export const refusalCodes = { failed: '500', busy: '503', tooLarge: '413' } as const

/** Answers the requests on one served subject, concurrently, at most `maxPending` of them at a time. */
export class Answering {
  readonly #handler: RequestHandler
  readonly #maxPending: number
  readonly #context: AnsweringContext
  readonly #drops: DropCount
  #running = 0
  #closed = false
  #idle: (() => void) | undefined

  constructor(handler: RequestHandler, maxPending: number, context: AnsweringContext) {
    this.#handler = handler
    this.#maxPending = maxPending
    this.#context = context
    this.#drops = new DropCount((count) => context.dropped(count))
  }

  push({ subject, data, reply = '' }: NatsMessage): void {
    if (this.#closed) return
    if (this.#running >= this.#maxPending) {
      this.#drops.add()
      this.#refuse(reply, { code: refusalCodes.busy, reason: `more than ${this.#maxPending} requests are under way` })
      return
    }
    const request: IncomingRequest = {
      subject,
      payload: data,
      expectsReply: reply !== '',
      signal: this.#context.signal,
    }
    try {
      const answer = this.#handler(request)
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

  /** Resolves when no request is under way. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  #wait(reply: string, answer: Promise<Uint8Array | undefined>): void {
    this.#running++
    // What is neither bytes nor a promise is told apart by `#answer`.
    Promise.resolve(answer)
      .then(
        (payload) => this.#answer(reply, payload),
        (thrown) => this.#fail(reply, thrown),
      )
      .catch((thrown) => this.#context.failed(thrown))
      .finally(() => {
        if (--this.#running === 0) this.#idle?.()
      })
  }

  #answer(reply: string, payload: Uint8Array | undefined): void {
    if (reply === '' || payload === undefined) return
    if (!(payload instanceof Uint8Array)) {
      this.#refuse(reply, { code: refusalCodes.failed, reason: 'the handler gave something else than bytes' })
      return
    }
    const { maxPayload } = this.#context
    if (payload.length <= maxPayload) this.#context.answer(reply, payload)
    else this.#refuse(reply, { code: refusalCodes.tooLarge, reason: `${payload.length} ${maxPayload}` })
  }

  #fail(reply: string, thrown: unknown): void {
    if (reply === '') this.#context.failed(thrown)
    else this.#refuse(reply, { code: refusalCodes.failed, reason: messageOf(thrown) })
  }

  #refuse(reply: string, refusal: Refusal): void {
    if (reply !== '') this.#context.refuse(reply, refusal)
  }
}
