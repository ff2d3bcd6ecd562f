import { type IncomingRequest, messageOf, type RequestHandler } from '@backplane/core'
import { DropCount } from '@backplane/core/transport'
import type { IncomingQuery, ZenohSample } from './session.ts'
import { encodingOf, isOurs, type RefusalKind } from './wire.ts'

/** What an {@link Answering} needs of its transport. */
export interface AnsweringContext {
  /** Aborts when the transport closes. */
  readonly signal: AbortSignal
  readonly maxPayload: number
  subjectOf(key: string): string
  /** So many requests were turned away, because too many are under way. */
  dropped(count: number): void
  /** A handler threw, and there was nobody to be told. */
  failed(thrown: unknown): void
}

/**
 * Answers the queries and puts on one served subject, concurrently, at most `maxPending` of them at a time. Every query is
 * ended, whatever becomes of it.
 */
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

  push(incoming: IncomingQuery | ZenohSample): void {
    const query = 'end' in incoming ? incoming : undefined
    if (this.#closed) {
      query?.end()
      return
    }
    if (this.#running >= this.#maxPending) {
      this.#drops.add()
      this.#refuse(query, 'busy', `more than ${this.#maxPending} requests are under way`)
      return
    }
    try {
      const request: IncomingRequest = {
        subject: this.#context.subjectOf(incoming.key),
        payload: incoming.payload,
        expectsReply: query !== undefined,
        signal: this.#context.signal,
      }
      const answer = this.#handler(request)
      if (answer === undefined || answer instanceof Uint8Array) this.#answer(query, answer)
      else this.#wait(query, answer)
    } catch (thrown) {
      this.#fail(query, thrown)
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

  #wait(query: IncomingQuery | undefined, answer: Promise<Uint8Array | undefined>): void {
    this.#running++
    // What is neither bytes nor a promise is told apart by `#answer`.
    Promise.resolve(answer)
      .then(
        (payload) => this.#answer(query, payload),
        (thrown) => this.#fail(query, thrown),
      )
      .catch((thrown) => this.#context.failed(thrown))
      .finally(() => {
        if (--this.#running === 0) this.#idle?.()
      })
  }

  #answer(query: IncomingQuery | undefined, payload: Uint8Array | undefined): void {
    if (!query) return
    const { maxPayload } = this.#context
    if (payload === undefined) {
      // Somebody of our kind is told to wait for its timeout; to others an end without reply is all there is to say.
      if (isOurs(query.attachment)) query.replyError(new Uint8Array(), encodingOf('silent'))
      query.end()
    } else if (!(payload instanceof Uint8Array)) {
      this.#refuse(query, 'failed', 'the handler gave something else than bytes')
    } else if (payload.length > maxPayload) {
      this.#refuse(query, 'too-large', `${payload.length} ${maxPayload}`)
    } else {
      query.reply(payload)
      query.end()
    }
  }

  #fail(query: IncomingQuery | undefined, thrown: unknown): void {
    if (query) this.#refuse(query, 'failed', messageOf(thrown))
    else this.#context.failed(thrown)
  }

  #refuse(query: IncomingQuery | undefined, kind: RefusalKind, reason: string): void {
    query?.replyError(new TextEncoder().encode(reason), encodingOf(kind))
    query?.end()
  }
}
