import { type Logger, messageOf } from '@backplane/core'
import type { Link, RefusalKind, ReplyPort } from '@backplane/core/transport'
import type { NatsClient } from './client.ts'

/** Codes of an error answer, read by those of other kinds as HTTP's. */
const codes: Readonly<Record<RefusalKind, string>> = { failed: '500', busy: '503', 'too-large': '413' }

/** What an error answer says by its code; `failed` where it comes from somebody else. */
export function refusalOf(code: string): RefusalKind {
  return code === codes['too-large'] ? 'too-large' : code === codes.busy ? 'busy' : 'failed'
}

/** What a {@link NatsReplies} needs of its transport. */
export interface NatsRepliesInit {
  readonly link: Link<NatsClient>
  readonly connector: { readonly maxPayload: number }
  readonly logger: Logger
}

/** Answers on the reply subjects of requests. */
export class NatsReplies implements ReplyPort<string> {
  readonly #init: NatsRepliesInit

  constructor(init: NatsRepliesInit) {
    this.#init = init
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

  /** The broker says so itself, to those who ask later. */
  unserved(): void {}

  /** Also while the link closes, and not at all where there is no connection. */
  #whenUp(send: (client: NatsClient) => void): void {
    const client = this.#init.link.current
    if (!client) return
    try {
      send(client)
    } catch (thrown) {
      this.#init.logger.warn({ reason: messageOf(thrown) }, 'NATS answer not sent')
    }
  }
}
