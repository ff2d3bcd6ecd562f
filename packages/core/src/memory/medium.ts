import type { RefusalKind } from '../transport/answering.ts'
import type { EndDeclaration, Interest, Medium } from '../transport/medium.ts'
import type { PendingRequest } from '../transport/pending-requests.ts'
import type { MemoryConnector, Session } from './connector.ts'
import type { ReplyTo } from './network.ts'

/** A medium in memory: what is said takes a client's line to the network, which hands it on. */
export class MemoryMedium implements Medium<Session, ReplyTo> {
  readonly kind = 'memory'
  readonly connector: MemoryConnector
  readonly maxPayload: number
  /** As over NATS, with its usual limit of a protocol line. */
  readonly longestSubject = 4_000
  readonly mostServing = Number.POSITIVE_INFINITY

  constructor(connector: MemoryConnector, maxPayload: number) {
    this.connector = connector
    this.maxPayload = maxPayload
  }

  publish(session: Session, subject: string, payload: Uint8Array): undefined {
    // Not by `slice`: that of a Buffer is a view on it.
    const bytes = new Uint8Array(payload)
    session.send(() => session.network.route(subject, bytes))
  }

  ask(session: Session, request: PendingRequest, payload: Uint8Array): void {
    const bytes = new Uint8Array(payload)
    session.send(() => session.network.route(request.subject, bytes, request))
  }

  /**
   * The network learns of it as late as of a message, and nobody waits for that: a caller who forgets to flush finds
   * out.
   */
  async declare(session: Session, interest: Interest<ReplyTo>): Promise<EndDeclaration> {
    let ended = false
    session.line.control(() => {
      if (!ended) session.join(interest)
    })
    return async () => {
      ended = true
      session.leave(interest)
    }
  }

  roundTrip({ line }: Session): Promise<void> {
    return new Promise((resolve) => line.control(resolve))
  }

  answer(session: Session, reply: ReplyTo, payload: Uint8Array): void {
    const bytes = new Uint8Array(payload)
    session.send(() => reply.answer(bytes))
  }

  refuse(session: Session, reply: ReplyTo, kind: RefusalKind, reason: string): void {
    session.send(() => reply.refuse(kind, reason))
  }

  silent(): void {}

  unserved(session: Session, reply: ReplyTo): void {
    session.send(() => reply.unserved())
  }
}
