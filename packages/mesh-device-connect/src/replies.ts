import { abortedBy, throwIfAborted, type Value } from '@backplane/core'
import { decodeJson, isObject } from './json.ts'
import type { Link } from './link.ts'
import { fromRpcError } from './rpc-errors.ts'
import { invalid, isToken } from './subjects.ts'

/** How replies to a call to many are awaited. */
export interface ReplyOptions {
  /** Ends after so many replies. @default as many as come */
  readonly until?: number
  /** How long replies are awaited, in milliseconds. @default 10000 */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** One device's answer to a broadcast. */
export type BroadcastReply =
  | { readonly device: string; readonly ok: true; readonly result: Value; readonly firedAt?: number }
  | { readonly device: string; readonly ok: false; readonly error: Error; readonly firedAt?: number }

/**
 * Gives the replies to a broadcast as they come. It listens before it calls `send`, so that none is missed; what nobody
 * takes at once waits here.
 */
export async function* repliesTo(
  link: Link,
  correlationId: string,
  options: ReplyOptions & { readonly name?: string; readonly send?: () => Promise<void> },
): AsyncGenerator<BroadcastReply, void, void> {
  const { transport, subjects, clock } = link
  const { name = 'broadcast', timeoutMs = 10_000, signal, send } = options
  if (!isToken(correlationId)) {
    throw invalid(`The correlation id '${correlationId}'`, 'use letters, digits, dashes and underscores only')
  }
  throwIfAborted(signal)
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
  const timer = clock.after(timeoutMs, end)
  signal?.addEventListener('abort', end)
  try {
    await transport.flush(signal ? { signal } : {})
    await send?.()
    let left = options.until ?? Number.POSITIVE_INFINITY
    while (left > 0 && !(isOver && replies.length === 0)) {
      if (signal?.aborted) throw abortedBy(signal)
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
    const when = Number.isFinite(seconds) ? { firedAt: Number(seconds) * 1000 } : {}
    if (body.success === true) return { device, ok: true, result: body.result ?? null, ...when }
    return { device, ok: false, error: fromRpcError(device, name, body.error), ...when }
  } catch {
    return undefined
  }
}
