/** How a transport spaces its tries to come back. */
export interface ReconnectDelays {
  /** How long after the first try the next may begin, in milliseconds. */
  readonly reconnectMinMs: number
  /** The longest such wait, in milliseconds. */
  readonly reconnectMaxMs: number
  /** Share of the wait that is left to chance, so that many clients do not come back at once: 0 to 1. */
  readonly reconnectJitter: number
}

/**
 * How long to wait after so many tries to connect in a row (from 1), in milliseconds: doubling, part of it by chance.
 */
export function reconnectDelay(delays: ReconnectDelays, attempt: number, random: () => number = Math.random): number {
  const { reconnectMinMs, reconnectMaxMs, reconnectJitter } = delays
  const full = Math.min(reconnectMaxMs, reconnectMinMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(full * (1 - reconnectJitter * random()))
}
