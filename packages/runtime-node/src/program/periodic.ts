import type { Clock, Logger } from '@backplane/core'

/** One piece of work that is done again and again. */
export interface Routine {
  readonly name: string
  readonly intervalMs: number
  run(): unknown
}

/**
 * Does the work until `signal` aborts: at once, then `intervalMs` from begin to begin, never overlapping. What it
 * throws is logged. Resolves when the last run is over.
 */
export async function repeat(
  routine: Routine,
  options: { clock: Clock; logger: Logger; signal: AbortSignal },
): Promise<void> {
  const { clock, logger, signal } = options
  while (!signal.aborted) {
    const began = clock.now()
    try {
      await routine.run()
    } catch (err) {
      logger.error({ err, periodic: routine.name }, `periodic '${routine.name}' failed`)
    }
    const elapsed = Math.max(0, clock.now() - began)
    await pause(Math.max(0, routine.intervalMs - elapsed), clock, signal)
  }
}

function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.after(ms, done)
    signal.addEventListener('abort', done, { once: true })
  })
}
