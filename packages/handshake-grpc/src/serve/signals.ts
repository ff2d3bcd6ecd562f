import type { Logger } from '@backplane/core'

/**
 * Takes over the signals that reach a plugin. SIGINT is counted and swallowed: Ctrl-C goes to the whole process group
 * and the host decides. SIGTERM cleans up and then ends the process as it would have, unless the plugin's own code
 * listens for it.
 */
export function interceptSignals(logger: Logger, cleanUp: () => Promise<void>): () => void {
  let interrupts = 0
  const onInterrupt = () => {
    interrupts += 1
    logger.debug({ count: interrupts }, 'plugin received interrupt signal, ignoring')
  }
  const onTerminate = () => {
    const alone = process.listenerCount('SIGTERM') === 1
    void cleanUp().then(() => {
      if (!alone) return
      process.off('SIGTERM', onTerminate)
      process.kill(process.pid, 'SIGTERM')
    })
  }
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  return () => {
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onTerminate)
  }
}
