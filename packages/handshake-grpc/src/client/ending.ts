import type { Logger } from '@backplane/core'
import { pause } from './child.ts'
import { ReattachedRunner } from './reattach.ts'
import type { ExitInfo } from './runner.ts'
import { aborted, type Running } from './start.ts'

/** What {@link endPlugin} works with. */
export interface EndInit {
  readonly graceMs: number
  /** Cuts the grace period short. */
  readonly hurry: AbortSignal
  readonly logger: Logger
}

/** Ends a plugin: asks it to, waits for the grace period, kills it. Resolves when it is gone or was told to go. */
export async function endPlugin(running: Running, { graceMs, hurry, logger }: EndInit): Promise<void> {
  const { child, connection } = running
  await Promise.race([askToEnd(running, graceMs), child.exited, aborted(hurry)])
  await connection.close()
  if (child.exit) return
  logger.warn('plugin failed to exit gracefully')
  await child.runner.kill()
  // Without a process id nobody can say whether a reattached plugin is gone.
  if (child.runner instanceof ReattachedRunner && child.runner.pid === undefined) child.runner.release()
}

/** Keeps this process alive meanwhile: a reattached plugin has no handle that does until its end is known. */
export async function awake<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 60_000)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

/** How a plugin ended whose start failed with this error, as far as the error says. */
export function exitOf(error: unknown): ExitInfo {
  const { exitCode, signal } = (error as { details?: Record<string, unknown> } | undefined)?.details ?? {}
  return {
    ...(typeof exitCode === 'number' && { code: exitCode }),
    ...(typeof signal === 'string' && { signal }),
  }
}

/** Resolves when the grace period is over, or before it when the plugin has gone. */
async function askToEnd({ child, connection }: Running, graceMs: number): Promise<void> {
  const limit = pause(graceMs)
  await connection.closeBroker()
  await Promise.race([connection.shutdown(graceMs), child.exited])
  // The connection ends before the wait: a plugin may wait for that.
  await connection.close()
  await Promise.race([child.exited, limit])
}
