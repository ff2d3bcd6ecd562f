import { abortedBy, type Clock, throwIfAborted } from '@backplane/core'

/** Resolves after `ms`, or when `woken` calls what it is given. Rejects with `BP_ABORTED`. */
export function pause(
  clock: Clock,
  ms: number,
  signal?: AbortSignal,
  woken?: (wake: () => void) => void,
): Promise<void> {
  throwIfAborted(signal)
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      timer.cancel()
      signal?.removeEventListener('abort', stop)
      settle()
    }
    const stop = () => end(() => reject(abortedBy(signal)))
    const timer = clock.after(ms, () => end(resolve))
    signal?.addEventListener('abort', stop)
    woken?.(() => end(resolve))
  })
}
