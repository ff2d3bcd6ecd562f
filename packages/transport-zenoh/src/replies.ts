import type { RefusalKind, ReplyPort } from '@backplane/core/transport'
import type { IncomingQuery } from './session.ts'
import { encodingOf, isOurs } from './wire.ts'

/** Answers on queries. Every query is ended, whatever becomes of it. */
export class ZenohReplies implements ReplyPort<IncomingQuery> {
  readonly maxPayload: number

  constructor(maxPayload: number) {
    this.maxPayload = maxPayload
  }

  answer(query: IncomingQuery, payload: Uint8Array): void {
    query.reply(payload)
    query.end()
  }

  refuse(query: IncomingQuery, kind: RefusalKind, reason: string): void {
    query.replyError(new TextEncoder().encode(reason), encodingOf(kind))
    query.end()
  }

  /** Somebody of our kind is told to wait for its timeout; to others an end without reply is all there is to say. */
  silent(query: IncomingQuery): void {
    if (isOurs(query.attachment)) query.replyError(new Uint8Array(), encodingOf('silent'))
    query.end()
  }

  unserved(query: IncomingQuery): void {
    query.end()
  }
}
