import type { Params } from '@backplane/core'
import { hex } from './ids.ts'
import { encodeBytes } from './json.ts'
import type { Link } from './link.ts'
import { type BroadcastReply, type ReplyOptions, repliesTo } from './replies.ts'
import { compileWhere } from './where.ts'

/** What may be said about a call to many. */
export interface BroadcastOptions extends ReplyOptions {
  /** Ids of the devices meant. @default every device of the tenant */
  readonly targets?: readonly string[]
  /**
   * Who of them is meant, in CEL: each device decides for itself by its `identity`, `labels`, `status` and the
   * `bindings`, for instance `status.battery > bindings.least`. A device on which it fails is not meant.
   */
  readonly where?: string
  /** Values that `where` may speak of; the same bytes go to every device, so keep them few. */
  readonly bindings?: Params
  /** When all of them are to run it, in milliseconds since the Unix epoch. @default at once */
  readonly fireAt?: number
  /** What a device does that hears of it after `fireAt`. @default 'skip' */
  readonly late?: 'skip' | 'fire'
  /** Ends after so many replies. @default one from each of `targets` where there is no `where`, else as many as come */
  readonly until?: number
  /** How long replies are awaited, from `fireAt` on, in milliseconds. @default 10000 */
  readonly timeoutMs?: number
  /** Marks the replies, for others that await them (`awaitReplies`). @default one of its own */
  readonly correlationId?: string
}

/** Sends a call to many and gives their replies as they come. */
export async function* broadcast(
  link: Link,
  name: string,
  params: Params,
  options: BroadcastOptions,
): AsyncGenerator<BroadcastReply, void, void> {
  const { transport, subjects, clock } = link
  const { targets, where, bindings, fireAt, late = 'skip', signal, correlationId = `br-${hex(12)}` } = options
  if (where !== undefined) await compileWhere(where)
  const all = targets && targets.length > 0 && where === undefined ? targets.length : undefined
  const until = options.until ?? all
  const envelope = encodeBytes({
    correlation_id: correlationId,
    function: name,
    params,
    targets,
    where,
    bindings,
    ...(fireAt === undefined ? {} : { fire_at: fireAt / 1000, on_late: late }),
  })
  yield* repliesTo(link, correlationId, {
    name,
    timeoutMs: Math.max(0, (fireAt ?? 0) - clock.now()) + (options.timeoutMs ?? 10_000),
    ...(until === undefined ? {} : { until }),
    ...(signal ? { signal } : {}),
    send: () => transport.publish(subjects.broadcast, envelope, signal ? { signal } : {}),
  })
}
