import type { Clock, Logger } from '@backplane/core'
import { matchSubject } from '@backplane/core/subjects'
import { rationedLogger } from '@backplane/core/transport'
import type { TransportSettings } from './options.ts'

/** Log lines a second about requests that others send. */
const linesPerSecond = 5

/**
 * Where answers may go. The caller chooses the subject, and we publish there with our rights: a caller must not reach
 * so what it may not publish on itself, another device's `cmd` for instance.
 */
export class ReplySubjects {
  readonly #settings: Pick<TransportSettings, 'inboxPrefix' | 'replySubjects'>
  readonly #logger: Logger

  constructor(
    settings: Pick<TransportSettings, 'inboxPrefix' | 'replySubjects'>,
    { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
  ) {
    this.#settings = settings
    this.#logger = rationedLogger(logger, linesPerSecond, clock)
  }

  /** Whether an answer to what was asked on `subject` may go to `reply`; a warning says where it may not. */
  allow(reply: string, subject: string): boolean {
    const { inboxPrefix, replySubjects } = this.#settings
    if (reply.startsWith('_') || reply.startsWith(`${inboxPrefix}.`)) return true
    if (replySubjects.some((pattern) => matchSubject(pattern, reply))) return true
    const next = 'replySubjects of natsTransport allows more'
    this.#logger.warn(
      { subject, reply: reply.slice(0, 200), next },
      'a request is not run: its answer would not go to an inbox',
    )
    return false
  }
}
