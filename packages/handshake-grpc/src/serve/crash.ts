import { writeSync } from 'node:fs'
import { messageOf } from '@backplane/core'

/**
 * Has a host of go-plugin 1.7 and later log an uncaught exception of this process as an error: it takes a line that
 * begins with `panic: ` for the beginning of a crash, and what Node prints after it for its trace. Gives what takes it
 * back.
 */
export function tellCrashes(): () => void {
  const tell = (error: unknown) => {
    const name = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : ''
    try {
      // Straight to the descriptor: by now `process.stderr` belongs to the stdio service, and nothing is sent any more.
      writeSync(2, `panic: ${name}${messageOf(error)}\n`)
    } catch {
      // The host is gone, or takes nothing at the moment; Node's own words follow.
    }
  }
  process.on('uncaughtExceptionMonitor', tell)
  return () => process.off('uncaughtExceptionMonitor', tell)
}
