import { type Clock, type Logger, messageOf } from '@backplane/core'
import { matchSubject } from '@backplane/core/subjects'
import { type Link, type RefusalKind, type ReplyPort, rationedLogger } from '@backplane/core/transport'
import type { NatsClient } from './client.ts'
import type { TransportSettings } from './options.ts'

/** Codes of an error answer, read by those of other kinds as HTTP's. */
const codes: Readonly<Record<RefusalKind, string>> = {
  failed: '500',
  busy: '503',
  'too-large': '413',
  closing: '503',
}

/** What an error answer says by its code; `failed` where it comes from somebody else. */
export function refusalOf(code: string): RefusalKind {
  return code === codes['too-large'] ? 'too-large' : code === codes.busy ? 'busy' : 'failed'
}

/** What a {@link NatsReplies} needs of its transport. */
export interface NatsRepliesInit {
  readonly link: Link<NatsClient>
  readonly connector: { readonly maxPayload: number }
  readonly logger: Logger
  readonly clock: Clock
  readonly settings: Pick<TransportSettings, 'inboxPrefix' | 'replySubjects'>
}

/** Log lines a second about requests that others send. */
const linesPerSecond = 5

/** Answers on the reply subjects of requests. */
export class NatsReplies implements ReplyPort<string> {
  readonly #init: NatsRepliesInit
  readonly #logger: Logger

  constructor(init: NatsRepliesInit) {
    this.#init = init
    this.#logger = rationedLogger(init.logger, linesPerSecond, init.clock)
  }

  /**
   * Whether an answer may go to `reply`. Whoever asks chooses it, and we publish there with our rights: a caller must not
   * reach so what it may not publish on itself, another device's `cmd` for instance.
   */
  mayAnswer(reply: string, subject: string): boolean {
    const { inboxPrefix, replySubjects } = this.#init.settings
    if (reply.startsWith('_') || reply.startsWith(`${inboxPrefix}.`)) return true
    if (replySubjects.some((pattern) => matchSubject(pattern, reply))) return true
    const next = 'replySubjects of natsTransport allows more'
    this.#logger.warn(
      { subject, reply: reply.slice(0, 200), next },
      'a request is not run: its answer would not go to an inbox',
    )
    return false
  }

  get maxPayload(): number {
    return this.#init.connector.maxPayload
  }

  answer(reply: string, payload: Uint8Array): void {
    this.#whenUp((client) => client.publish(reply, payload))
  }

  refuse(reply: string, kind: RefusalKind, reason: string): void {
    this.#whenUp((client) => client.refuse(reply, { code: codes[kind], reason }))
  }

  /** Whoever waits for an answer on a subject runs into its timeout where none comes. */
  silent(): void {}

  /** What came before the broker knew that nobody serves it any more: said as the broker says it to those who ask later. */
  unserved(reply: string): void {
    this.#whenUp((client) => client.sayNobody(reply))
  }

  /** Also while the link closes, and not at all where there is no connection. */
  #whenUp(send: (client: NatsClient) => void): void {
    const client = this.#init.link.current
    if (!client) return
    try {
      send(client)
    } catch (thrown) {
      this.#logger.warn({ reason: messageOf(thrown) }, 'NATS answer not sent')
    }
  }
}
