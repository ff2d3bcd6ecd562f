import { type Clock, messageOf } from '@backplane/core'

/** Asks for health at an interval, one question at a time; gives what stops it. */
export function watchHealth(
  init: { readonly intervalMs: number; readonly timeoutMs?: number },
  clock: Clock,
  ping: (timeoutMs: number) => Promise<void>,
  tell: (facts: { readonly ok: boolean; readonly reason?: string }) => void,
): () => void {
  let stopped = false
  let timer = clock.after(init.intervalMs, ask)
  function ask(): void {
    ping(init.timeoutMs ?? 5000).then(
      () => next({ ok: true }),
      (error) => next({ ok: false, reason: messageOf(error) }),
    )
  }
  function next(facts: { readonly ok: boolean; readonly reason?: string }): void {
    if (stopped) return
    tell(facts)
    timer = clock.after(init.intervalMs, ask)
  }
  return () => {
    stopped = true
    timer.cancel()
  }
}
