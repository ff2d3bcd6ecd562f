import type { EndDeclaration, Interest } from '@backplane/core/transport'
import { keyExpressionOf, subjectOf } from './key-expressions.ts'
import { identityOf, QueueGroup } from './queue-group.ts'
import { SampleGaps } from './sample-numbers.ts'
import type { IncomingQuery, ZenohSample, ZenohSession } from './session.ts'
import { isOurs } from './wire.ts'

/**
 * Declares one subscription, or one served subject: a queryable, and a subscriber beside it for what is merely
 * published. Resolves when the router has it.
 */
export async function declare(session: ZenohSession, interest: Interest<IncomingQuery>): Promise<EndDeclaration> {
  const { pattern, queue, answers } = interest
  const expression = keyExpressionOf(pattern)
  const isOne = !expression.includes('*')
  const kind = answers ? 'serve' : 'subscribe'
  const group = queue === undefined ? undefined : new QueueGroup(session, pattern, queue, kind)
  // What is published while this session is away is not counted: that it was away is told.
  const gaps = new SampleGaps()
  const heard = (sample: ZenohSample) => {
    const lost = gaps.before(sample.key, sample.attachment)
    if (lost > 0) interest.lost(lost)
    if (group) group.share(identityOf(sample.key, sample.payload), () => push(sample, undefined))
    else push(sample, undefined)
  }
  const asked = (given: IncomingQuery) => {
    const query = isOne ? onItsOwnKey(given, expression) : given
    const { attachment } = query
    // A stranger may have asked this member alone, so it is answered by each member that hears it.
    if (!group || !isOurs(attachment)) push(query, query)
    else
      group.share(
        attachment,
        () => push(query, query),
        () => query.end(),
      )
  }
  const push = ({ key, payload }: ZenohSample, query: IncomingQuery | undefined) =>
    interest.take(subjectOf(key), payload, query)
  const declaring = [session.declareSubscriber(expression, heard)]
  if (answers) declaring.push(session.declareQueryable(expression, asked))
  const declared = await Promise.all(declaring)
  await group?.join()
  return async () => {
    await Promise.allSettled([group?.leave(), ...declared.map((undeclare) => undeclare())])
  }
}

/**
 * A query to many, as one served subject sees it: it asks for this subject and is answered on this key. On the query's
 * own key, the pattern, all answers would be one to the caller, of which Zenoh keeps the last.
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
