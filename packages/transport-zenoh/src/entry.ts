import type { SubscribeOptions } from '@backplane/core'
import { keyExpressionOf } from './key-expressions.ts'
import { identityOf, QueueGroup } from './queue-group.ts'
import { SampleGaps } from './sample-numbers.ts'
import type { Declaration, IncomingQuery, ZenohSample, ZenohSession } from './session.ts'
import { isOurs } from './wire.ts'

/** What one subscription or served subject does with what comes. */
export interface Behaviour {
  readonly kind: 'serve' | 'subscribe'
  push(incoming: ZenohSample | IncomingQuery): void
  /** So many samples were lost on the way. */
  lost(count: number): void
  close(): void
  /** Waits no longer for what is under way, and tells those who wait for it. */
  cutOff(): void
  /** Resolves when nothing of it is under way. */
  idle(): Promise<void>
}

/** One subscription or served subject; it is declared again on each new session. */
export class Entry {
  readonly pattern: string
  readonly behaviour: Behaviour
  readonly #queue: string | undefined
  #undeclare: Declaration[] = []
  #group: QueueGroup | undefined
  #removed = false

  constructor(pattern: string, { queue }: SubscribeOptions, behaviour: Behaviour) {
    this.pattern = pattern
    this.#queue = queue
    this.behaviour = behaviour
  }

  /** Declares it; resolves when the router has it. */
  async attach(session: ZenohSession): Promise<void> {
    const expression = keyExpressionOf(this.pattern)
    const isOne = !expression.includes('*')
    const { kind } = this.behaviour
    const group = this.#queue === undefined ? undefined : new QueueGroup(session, this.pattern, this.#queue, kind)
    this.#group = group
    // What is published while this session is away is not counted: that it was away is told.
    const gaps = new SampleGaps()
    const take = (sample: ZenohSample) => {
      const lost = gaps.before(sample.key, sample.attachment)
      if (lost > 0) this.behaviour.lost(lost)
      if (group) group.share(identityOf(sample.key, sample.payload), () => this.behaviour.push(sample))
      else this.behaviour.push(sample)
    }
    const declarations = [session.declareSubscriber(expression, take)]
    if (kind === 'serve')
      declarations.push(
        session.declareQueryable(expression, (each) =>
          this.#asked(isOne ? onItsOwnKey(each, expression) : each, group),
        ),
      )
    this.#undeclare = await Promise.all(declarations)
    await group?.join()
    // It was unsubscribed while it was being declared.
    if (this.#removed) await this.detach()
  }

  /** Takes no more, and tells the router; resolves when that is done or there is nobody to tell. */
  async remove(): Promise<void> {
    this.#removed = true
    this.behaviour.close()
    await this.detach()
  }

  /** The session that it was declared on is no more. */
  forget(): void {
    this.#group = undefined
    this.#undeclare = []
  }

  async detach(): Promise<void> {
    const group = this.#group
    this.#group = undefined
    await Promise.allSettled([group?.leave(), ...this.#undeclare.splice(0).map((undeclare) => undeclare())])
  }

  #asked(query: IncomingQuery, group: QueueGroup | undefined): void {
    const { attachment } = query
    // A stranger may have asked this member alone, so it is answered by whoever hears it.
    if (!group || !isOurs(attachment)) this.behaviour.push(query)
    else
      group.share(
        attachment,
        () => this.behaviour.push(query),
        () => query.end(),
      )
  }
}

/**
 * A query to many, as one served subject sees it: it asks for this subject and is answered on this key. On the query's own
 * key, the pattern, all answers would be one to whoever asks, of which Zenoh keeps the last.
 */
function onItsOwnKey(query: IncomingQuery, key: string): IncomingQuery {
  if (query.key === key) return query
  return {
    key,
    payload: query.payload,
    attachment: query.attachment,
    reply: (payload) => query.reply(payload, key),
    replyError: (payload, encoding) => query.replyError(payload, encoding),
    end: () => query.end(),
  }
}
