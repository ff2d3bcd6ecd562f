import { type BackplaneError, type Clock, coreError } from '@backplane/core'
import type { RetryInit } from './init.ts'

/**
 * Runs `attempt` until it succeeds or may not be tried again: the failure is not retryable, attempts or time are used
 * up, or `signal` aborts.
 */
export async function withRetry<T>(
  attempt: () => Promise<T>,
  init: RetryInit | undefined,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  onFailure: (facts: { readonly error: unknown; readonly attempt: number; readonly again: boolean }) => void,
): Promise<T> {
  const attempts = init ? (init.attempts ?? 3) : 1
  const until = clock.now() + (init?.totalMs ?? 60_000)
  for (let count = 1; ; count++) {
    try {
      return await attempt()
    } catch (error) {
      const doubled = (init?.backoffMs ?? 500) * 2 ** (count - 1)
      const waitMs = Math.min(doubled, init?.maxBackoffMs ?? 5000) * (1 + Math.random() / 4)
      const retryable = (error as Partial<BackplaneError>).retryable === true
      const again = retryable && count < attempts && clock.now() + waitMs <= until && !signal.aborted
      onFailure({ error, attempt: count, again })
      if (!again) throw error
      await wait(waitMs, clock, signal)
    }
  }
}

function wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      timer.cancel()
      reject(coreError('BP_ABORTED', { cause: signal.reason }))
    }
    const timer = clock.after(ms, () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    signal.addEventListener('abort', abort, { once: true })
  })
}
