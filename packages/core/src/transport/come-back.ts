import type { Clock } from '../contracts/clock.ts'
import type { Logger } from '../contracts/logger.ts'
import { messageOf } from '../errors.ts'
import type { Link } from './link.ts'
import { type ReconnectDelays, reconnectDelay } from './reconnect-delay.ts'

/** What {@link comeBack} works with. */
export interface ComeBackInit extends ReconnectDelays {
  readonly clock: Clock
  readonly logger: Logger
  /**
   * One try: makes a connection and calls `link.up`, or rejects. As {@link Connector.open}, it gives up when `signal`
   * aborts.
   */
  open(signal: AbortSignal): Promise<void>
}

/**
 * Brings a lost connection back, for a connector whose connections do not come back by themselves: it tries at once,
 * and then with growing pauses, until there is one or the link closes. Call it after `link.lost`. Never rejects.
 */
export async function comeBack(link: Link<object>, init: ComeBackInit): Promise<void> {
  const { clock, logger, open } = init
  const signal = link.lifetime
  for (let attempt = 1; !signal.aborted; attempt++) {
    if (attempt > 1) await pause(clock, reconnectDelay(init, attempt - 1), signal)
    else await null
    if (signal.aborted) return
    link.emit({ type: 'reconnecting' })
    try {
      await open(signal)
      return
    } catch (thrown) {
      logger.debug({ reason: messageOf(thrown), attempt }, 'not reachable yet')
    }
  }
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(delayMs, end)
    signal.addEventListener('abort', end, { once: true })
  })
}
