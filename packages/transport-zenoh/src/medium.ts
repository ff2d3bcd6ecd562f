import { BackplaneError, type Clock } from '@backplane/core'
import type {
  EndDeclaration,
  Interest,
  Medium,
  MediumComponents,
  PendingRequest,
  RefusalKind,
} from '@backplane/core/transport'
import { type OpenSession, ZenohConnector } from './connector.ts'
import { declare } from './declaring.ts'
import { keyOf } from './key-expressions.ts'
import { Losses } from './losses.ts'
import type { TransportSettings } from './options.ts'
import { SampleNumbers } from './sample-numbers.ts'
import type { IncomingQuery, ZenohSession } from './session.ts'
import { encodingOf, errorReplyOf, isOurs, QueryIds } from './wire.ts'

/**
 * Who has just joined may not have the routes yet, and a query that meets nobody ends at once. As the driver of Device
 * Connect does, it is asked again: so long after joining, and with so much time between.
 */
const joiningMs = 1000
const askAgainMs = 300
/** So many bytes may wait to be written; what is published beyond them under `congestion: 'drop'` is lost, and told. */
const mostUnwritten = 64 * 1024 * 1024

/** Zenoh: keys in place of subjects, queryables that answer, and what it drops is numbered and told. */
export class ZenohMedium implements Medium<ZenohSession, IncomingQuery> {
  readonly kind = 'zenoh'
  readonly connector: ZenohConnector
  readonly maxPayload: number
  /** Keys travel with a 16-bit length; far below it, so that what a peer adds still fits. */
  readonly longestSubject = 8000
  /** A bridge forgets the oldest query of a client that has more than 1000 open; beyond this many they are refused. */
  readonly mostServing = 900
  readonly #clock: Clock
  readonly #ids = new QueryIds()
  readonly #numbers = new SampleNumbers()
  readonly #mayDrop: boolean
  readonly #losses: Losses

  constructor(settings: TransportSettings, components: MediumComponents<ZenohSession>, openSession: OpenSession) {
    this.maxPayload = settings.maxPayload
    this.#mayDrop = settings.congestion === 'drop'
    this.#clock = components.clock
    this.#losses = new Losses((subject) => components.link.handlerEvents(subject))
    this.connector = new ZenohConnector(settings, components, openSession)
  }

  publish(session: ZenohSession, subject: string, payload: Uint8Array): Promise<void> | undefined {
    const key = keyOf(subject)
    // One that is not sent has its number too, so those who miss it know.
    const attachment = this.#numbers.next(key)
    if (this.#mayDrop && session.unwritten > mostUnwritten) this.#losses.notSent(subject)
    else session.put(key, payload, attachment)
    return session.room()
  }

  ask(session: ZenohSession, request: PendingRequest, payload: Uint8Array): void {
    const refusals: [kind: RefusalKind, reason: string][] = []
    let silent = false
    session.get({
      key: keyOf(request.subject),
      payload,
      attachment: this.#ids.next(),
      timeoutMs: request.timeoutMs,
      onReply: (bytes) => request.answer(bytes),
      onError: (bytes, encoding) => {
        const text = new TextDecoder().decode(bytes)
        const kind = errorReplyOf(encoding)
        if (kind === 'silent') silent = true
        else refusals.push([kind, text === '' ? 'error reply without text' : text])
      },
      // Another may still give an answer where one has refused, so only the end decides.
      onEnd: () => {
        const refusal = refusals.at(-1)
        if (refusal) request.refuse(...refusal)
        else if (!silent && !this.#askAgain(session, request, payload)) request.unserved()
      },
    })
  }

  declare(session: ZenohSession, interest: Interest<IncomingQuery>): Promise<EndDeclaration> {
    return declare(session, interest)
  }

  roundTrip(session: ZenohSession): Promise<void> {
    return session.roundTrip()
  }

  answer(_: ZenohSession, query: IncomingQuery, payload: Uint8Array): void {
    query.reply(payload)
    query.end()
  }

  refuse(_: ZenohSession, query: IncomingQuery, kind: RefusalKind, reason: string): void {
    query.replyError(new TextEncoder().encode(reason), encodingOf(kind))
    query.end()
  }

  /** Somebody of our kind is told to wait for its timeout; to others an end without reply is all there is to say. */
  silent(_: ZenohSession, query: IncomingQuery): void {
    if (isOurs(query.attachment)) query.replyError(new Uint8Array(), encodingOf('silent'))
    query.end()
  }

  unserved(_: ZenohSession, query: IncomingQuery): void {
    query.end()
  }

  /** Whether a query that met nobody is asked once more, since this session has only just joined. */
  #askAgain(session: ZenohSession, request: PendingRequest, payload: Uint8Array): boolean {
    if (!request.waits || this.#clock.now() - this.connector.joined > joiningMs) return false
    this.#clock.after(askAgainMs, () => {
      // Anyone who lost its session meanwhile does not wait any more.
      if (!request.waits) return
      try {
        this.ask(session, request, payload)
      } catch (thrown) {
        request.fail(BackplaneError.from(thrown))
      }
    })
    return true
  }
}
