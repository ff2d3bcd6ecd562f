import { type Params, throwIfAborted, type Value } from '@backplane/core'
import { hex } from './ids.ts'
import { decodeJson, encodeBytes, isObject } from './json.ts'
import type { Link } from './link.ts'
import { fromRpcError } from './rpc-errors.ts'

/** What may be said about a call to many. */
export interface BroadcastOptions {
  /** Ids of the devices meant. @default every device of the tenant */
  readonly targets?: readonly string[]
  /** When all of them are to run it, in milliseconds since the Unix epoch. @default at once */
  readonly fireAt?: number
  /** What a device does that hears of it after `fireAt`. @default 'skip' */
  readonly late?: 'skip' | 'fire'
  /** Ends after so many replies. @default one from each of `targets`, else as many as come */
  readonly until?: number
  /** How long replies are awaited, from `fireAt` on, in milliseconds. @default 10000 */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** One device's answer to a broadcast. */
export type BroadcastReply =
  | { readonly device: string; readonly ok: true; readonly result: Value; readonly firedAt?: number }
  | { readonly device: string; readonly ok: false; readonly error: Error; readonly firedAt?: number }

/** Sends a call to many and gives their replies as they come. It listens before it sends, so no reply is missed. */
export async function* broadcast(
  link: Link,
  name: string,
  params: Params,
  options: BroadcastOptions,
): AsyncGenerator<BroadcastReply, void, void> {
  const { transport, subjects, clock } = link
  const { targets, fireAt, late = 'skip', timeoutMs = 10_000, signal } = options
  throwIfAborted(signal)
  const correlationId = `br-${hex(12)}`
  const replies: BroadcastReply[] = []
  let wake: () => void = () => {}
  let isOver = false
  const end = () => {
    isOver = true
    wake()
  }

  const subscription = await transport.subscribe(subjects.reply('*', correlationId), ({ payload }) => {
    const reply = readReply(name, payload)
    if (reply) replies.push(reply)
    wake()
  })
  const timer = clock.after(Math.max(0, (fireAt ?? 0) - clock.now()) + timeoutMs, end)
  signal?.addEventListener('abort', end)
  try {
    await transport.flush({ signal })
    const envelope = {
      correlation_id: correlationId,
      function: name,
      params,
      targets,
      ...(fireAt === undefined ? {} : { fire_at: fireAt / 1000, on_late: late }),
    }
    await transport.publish(subjects.broadcast, encodeBytes(envelope), { signal })
    let left = options.until ?? (targets && targets.length > 0 ? targets.length : Number.POSITIVE_INFINITY)
    while (left > 0 && !(isOver && replies.length === 0)) {
      const reply = replies.shift()
      if (reply) {
        left--
        yield reply
      } else await new Promise<void>((resolve) => (wake = resolve))
    }
    throwIfAborted(signal)
  } finally {
    timer.cancel()
    signal?.removeEventListener('abort', end)
    await subscription.unsubscribe()
  }
}

function readReply(name: string, payload: Uint8Array): BroadcastReply | undefined {
  try {
    const body = decodeJson(payload)
    if (!isObject(body) || typeof body.device_id !== 'string') return undefined
    const { device_id: device, actually_fired_at: seconds } = body
    const when = typeof seconds === 'number' ? { firedAt: seconds * 1000 } : {}
    if (body.success === true) return { device, ok: true, result: body.result ?? null, ...when }
    return { device, ok: false, error: fromRpcError(device, name, body.error), ...when }
  } catch {
    return undefined
  }
}
