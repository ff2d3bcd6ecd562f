import type { RequestHandler, Subscription } from '../contracts/transport.ts'
import { coreError, messageOf } from '../errors.ts'
import type { Interest, ReplyTo } from './network.ts'

/** What a served subject needs of its transport. */
export interface ResponderInit {
  readonly pattern: string
  readonly queue: string | undefined
  readonly handler: RequestHandler
  readonly maxPayload: number
  /** Aborts when the transport closes. */
  readonly signal: AbortSignal
  send(arrive: () => void): void
  ended(responder: Responder): void
  failed(error: unknown): void
}

/** A served subject: answers requests, any number at a time. */
export class Responder implements Interest, Subscription {
  readonly pattern: string
  readonly queue: string | undefined
  readonly answers = true
  readonly #init: ResponderInit
  readonly #running = new Set<Promise<void>>()
  #ended = false

  constructor(init: ResponderInit) {
    this.#init = init
    this.pattern = init.pattern
    this.queue = init.queue
  }

  take(subject: string, payload: Uint8Array, reply: ReplyTo | undefined): void {
    if (this.#ended) return
    const running = this.#run(subject, payload, reply).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when no handler runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async unsubscribe(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#init.ended(this)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unsubscribe()
  }

  async #run(subject: string, payload: Uint8Array, reply: ReplyTo | undefined): Promise<void> {
    const { handler, signal, send, maxPayload } = this.#init
    try {
      const answer = await handler({ subject, payload, expectsReply: reply !== undefined, signal })
      if (!reply || answer === undefined) return
      if (answer.byteLength > maxPayload) {
        const details = { bytes: answer.byteLength, limit: maxPayload }
        return send(() => reply.fail(coreError('BP_PAYLOAD_TOO_LARGE', { details })))
      }
      const bytes = answer.slice()
      send(() => reply.answer({ subject, payload: bytes }))
    } catch (error) {
      if (!reply) return this.#init.failed(error)
      const refusal = coreError('BP_REFUSED', { details: { subject, reason: messageOf(error) } })
      send(() => reply.fail(refusal))
    }
  }
}
